-- One row per day, kind and segment in which anybody entered or left.
with stays as (

    select * from {{ ref('segment_history') }}

),

moves as (

    select
        entered_on as move_date,
        kind,
        segment,
        1 as entered,
        0 as departed
    from stays
    union all
    select
        left_on as move_date,
        kind,
        segment,
        0 as entered,
        1 as departed
    from stays
    where left_on is not null

),

final as (

    select
        move_date,
        kind,
        segment,
        cast(sum(entered) as bigint) as customers_entered,
        cast(sum(departed) as bigint) as customers_left
    from moves
    group by move_date, kind, segment

)

select * from final
