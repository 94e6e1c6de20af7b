{#
  Orders within the horizon after each cut-off, by the customers known at the cut-off and as known when the horizon
  closed: neither late data nor a later merge moves a label. `closed` names a CTE (as_of, horizon_days).
#}
{% macro labels_after(closed) -%}
    select
        {{ closed }}.as_of,
        {{ closed }}.horizon_days,
        assigned.customer_id,
        cast(sum(daily.n_orders) as bigint) as n_orders_horizon,
        cast(sum(daily.order_amount) as decimal(18, 4)) as spend_horizon_amount
    from {{ ref('int_identifier_daily') }} as daily
    inner join {{ closed }}
        on
            cast(daily.event_date as timestamp) >= {{ closed }}.as_of
            and daily.event_date < {{ days_after(closed ~ '.as_of', closed ~ '.horizon_days') }}
            and daily.received_date < {{ days_after(closed ~ '.as_of', closed ~ '.horizon_days') }}
    inner join (
        with cutoffs as (select distinct as_of, as_of as known_at from {{ closed }})

        {{ assignments_at() }}
    ) as assigned
        on
            daily.anchor_key = assigned.identifier_key
            and {{ closed }}.as_of = assigned.as_of
            and {{ slice_covers('assigned', 'daily.event_date') }}
    where daily.n_orders > 0
    group by {{ closed }}.as_of, {{ closed }}.horizon_days, assigned.customer_id
{%- endmacro %}
