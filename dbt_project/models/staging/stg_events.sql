-- One row per accepted event copy of the lake, as visible to this run.
-- depends_on: {{ source('ops', 'lake_file') }}
with lake as (

    {{ read_lake() }}

),

visible as (

    select
        lake.*,
        cast(lake.received_at as date) as received_date
    from lake
    where lake.received_at < (select max(run_context.as_of) from {{ source('ops', 'run_context') }} as run_context)

)

select * from visible
