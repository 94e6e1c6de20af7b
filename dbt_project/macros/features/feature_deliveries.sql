{#
  Milestones of each order as known at the cut-off, with its customer. A carrier's message that names only the order
  goes to the one customer who placed it, and to nobody where receipts of several people have that number: so everybody
  is looked at, and a part of the customers told at the end.
#}
{% macro feature_order_stories() -%}
    {%- set milestones = ['ordered_at', 'promised_date', 'delivered_at', 'returned_at', 'refunded_at'] -%}
    with identified as (

        select
            as_of,
            order_id,
            customer_id
            {%- for name in milestones %},
            min({{ name }}) as {{ name }}
            {%- endfor %}
        from {{ visible_rows(ref('int_order_milestone_daily'), everybody=true) }} as visible
        group by as_of, order_id, customer_id

    ),

    owners as (

        select
            as_of,
            order_id,
            max(customer_id) as customer_id
        from identified
        where ordered_at is not null
        group by as_of, order_id
        having count(*) = 1

    ),

    told as (

        select * from identified
        union all
        select
            owners.as_of,
            owners.order_id,
            owners.customer_id
            {%- for name in milestones %},
            nameless.{{ name }}
            {%- endfor %}
        from {{ ref('int_order_milestone_daily') }} as nameless
        inner join owners
            on
                nameless.order_id = owners.order_id
                and cast(nameless.event_date as timestamp) < owners.as_of
                and cast(nameless.received_date as timestamp) < owners.as_of
        where nameless.anchor_key is null

    )

    select
        as_of,
        order_id,
        customer_id
        {%- for name in milestones %},
        min({{ name }}) as {{ name }}
        {%- endfor %}
    from told
    where {{ of_this_part('customer_id') }}
    group by as_of, order_id, customer_id
    having
        count(promised_date) + count(delivered_at) + count(returned_at) + count(refunded_at) > 0
{%- endmacro %}


{# One row per cut-off and customer: how orders arrived and what came back, in the last 365 days. #}
{% macro feature_deliveries() -%}
    select
        as_of,
        customer_id,
        {{ count_if('delivered_days_ago <= 365') }} as deliveries_365d,
        {{ count_if('delivered_days_ago <= 365 and promised_date is not null') }} as promised_deliveries_365d,
        {{ count_if('delivered_days_ago <= 365 and delay_days > 0') }} as late_deliveries_365d,
        {{ total_if('delay_days', 'delivered_days_ago <= 365') }} as delay_days_365d,
        {{ count_if('delivered_days_ago <= 365 and delivered_at >= ordered_at') }} as timed_deliveries_365d,
        {{ total_if(milliseconds_between('ordered_at', 'delivered_at'),
            'delivered_days_ago <= 365 and delivered_at >= ordered_at') }} as delivery_ms_365d,
        {{ count_if(days_between('promised_date', 'as_of') ~ ' between 1 and 365'
            ~ ' and delivered_at is null and refunded_at is null and returned_at is null') }} as overdue_deliveries,
        {{ latest("case when delay_days is not null then delay_days > 0 end", 'delivered_at') }} as last_was_late,
        {{ count_if(days_between('ordered_at', 'as_of')
            ~ ' <= 365 and (returned_at is not null or refunded_at is not null)') }} as returned_orders_365d,
        {{ count_if('refunded_days_ago <= 365 and refunded_at >= ordered_at') }} as timed_refunds_365d,
        {{ total_if(milliseconds_between('ordered_at', 'refunded_at'),
            'refunded_days_ago <= 365 and refunded_at >= ordered_at') }} as refund_ms_365d
    from (
        select
            *,
            {{ days_between('delivered_at', 'as_of') }} as delivered_days_ago,
            {{ days_between('refunded_at', 'as_of') }} as refunded_days_ago,
            {{ days_between('promised_date', shop_time('delivered_at')) }} as delay_days
        from order_stories
    ) as stories
    group by as_of, customer_id
{%- endmacro %}
