-- One row per lake file that decisions, exposures, outcomes and offers hold. Built after them: between a rebuild of
-- days and theirs, what is staged is not what the facts were made from; learning reads what they lack from the lake.
-- depends_on: {{ ref('fct_decision') }}
-- depends_on: {{ ref('fct_exposure') }}
-- depends_on: {{ ref('fct_outcome') }}
-- depends_on: {{ ref('fct_offer') }}
with moment as (

    select max(as_of) as as_of from {{ source('ops', 'run_context') }}

),

final as (

    select
        files.path,
        moment.as_of
    from {{ source('ops', 'lake_file') }} as files
    cross join moment
    where
        files.is_visible
        and files.max_received_at < moment.as_of
        and files.event_date not in (select days.event_date from {{ source('ops', 'pending_day') }} as days)

)

select * from final
