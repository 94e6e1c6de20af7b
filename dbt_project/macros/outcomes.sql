{# Events that say what became of something shown, and the kind of outcome that each of them is. #}
{% macro outcome_event_types() -%}
    'order_completed', 'order_refunded', 'content_clicked', 'complaint_made', 'support_ticket_opened',
    'return_requested', 'return_received', 'delivery_promised', 'delivery_completed', 'survey_answered',
    'outcome_observed'
{%- endmacro %}


{# Kind of outcome of an event; null for a ticket that is no complaint. A delivery's is told from two events. #}
{% macro outcome_kind() -%}
    case
        when event_type = 'order_completed' then 'order'
        when event_type = 'order_refunded' then 'refund'
        when event_type = 'content_clicked' then 'click'
        when event_type = 'complaint_made' then 'complaint'
        when event_type in ('return_requested', 'return_received') then 'return'
        when event_type = 'survey_answered' then 'survey'
        when event_type in ('delivery_promised', 'delivery_completed') then 'delivery'
        when event_type = 'outcome_observed' then 'report'
        when {{ has_word(plain_name(json_text('properties', 'topic')), var('complaint_words')) }} then 'complaint'
    end
{%- endmacro %}


{# Money out of properties, exact to four places; null when absent or not a number. #}
{% macro json_money(json_expression, path) -%}
    {{ return(adapter.dispatch('json_money', 'concierge')(json_expression, path)) }}
{%- endmacro %}

{% macro default__json_money(json_expression, path) -%}
    try_cast({{ json_text(json_expression, path) }} as decimal(18, 4))
{%- endmacro %}


{# Whether the person of a row is known and refused to be counted; needs `customer_joins`. #}
{% macro is_refused() -%}
    ({{ customer_of() }} is not null and {{ tracked_customer_of() }} is null)
{%- endmacro %}


{#
  What tells an outcome of `event_kind` apart from others of its kind, as its event states it. Null of a promise, of what
  names nothing, and of a refund without an id of its own, which is told by its order.
#}
{% macro stated_outcome_key() -%}
    case
        when event_type = 'delivery_promised' then null
        when event_kind in ('order', 'return', 'delivery') then order_id
        when event_kind = 'refund'
            then case
                    when {{ json_text('properties', 'refund_id') }} is not null
                        then concat('id:', {{ json_text('properties', 'refund_id') }})
                end
        when event_kind = 'click' then personalization_id
        when event_kind = 'complaint' then coalesce({{ json_text('properties', 'ticket_id') }}, event_id)
        when event_kind = 'report'
            then coalesce({{ json_text('properties', 'assignment_id') }}, personalization_id)
        else event_id
    end
{%- endmacro %}


{# Goods of reported orders by the price list, as `int_orders_priced` has them; of `events`, a query of event ids, alone. #}
{% macro orders_priced(events=none) -%}
    with lines as (

        select
            lines.event_id,
            {{ cast_if_fits('lines.quantity * cast(products.cost as decimal(38, 4))', 'decimal(30, 7)') }} as line_cost
        from {{ ref('int_order_lines') }} as lines
        left join {{ ref('dim_product') }} as products on lines.product_id = products.product_id
        where
            lines.event_type = 'order_completed'
            {%- if events %}
            and lines.event_id in ({{ events }})
            {%- endif %}

    )

    select
        event_id,
        case when count(line_cost) = count(*) then sum(line_cost) end as goods_cost
    from lines
    group by event_id
{%- endmacro %}


{# What refunds can have given back, as `int_refunds_bounded` has them; of `orders`, a query of order ids, alone. #}
{% macro refunds_bounded(orders=none) -%}
    with reports as (

        select * from {{ ref('int_outcomes_told') }}
        where
            event_kind in ('order', 'refund') and report_place = 1
            {%- if orders %}
            and coalesce(order_id, '') in ({{ orders }})
            {%- endif %}

    ),

    costs as (

        select
            order_id,
            max(case when told_revenue > 0 then told_revenue else 0 end) as order_cost
        from reports
        where event_kind = 'order' and told_revenue is not null
        group by order_id

    ),

    refunds as (

        select
            reports.event_id,
            -reports.told_revenue as told_amount,
            costs.order_cost,
            -sum(reports.told_revenue) over (
                partition by reports.order_id
                order by reports.occurred_at, reports.received_at, reports.event_id
                rows between unbounded preceding and current row
            ) as told_so_far
        from reports
        left join costs on reports.order_id = costs.order_id
        where reports.event_kind = 'refund'

    )

    select
        event_id,
        told_amount,
        cast(told_so_far as decimal(38, 4)) as told_so_far,
        cast(
            case
                when told_amount is null or order_cost is null or told_so_far <= order_cost then told_amount
                when told_so_far - told_amount < order_cost then order_cost - told_so_far + told_amount
                else 0
            end
            as decimal(18, 4)
        ) as refund_amount
    from refunds
{%- endmacro %}


{# A condition on an event: every one, or in an hourly run those whose reports are told again. #}
{% macro is_told_again(event_id, event_date) -%}
    {%- if only_touched() -%}
        {{ event_id }} in (select touched.event_id from {{ source('refresh', 'outcome_event') }} as touched)
        and {{ event_date }} in (select touched.event_date from {{ source('refresh', 'outcome_event') }} as touched)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{# Ids of the events of outcomes whose rows an hourly run makes again: what they say, or whose they are, may differ. #}
{% macro touched_outcomes() -%}
    select touched.event_id
    from {{ source('refresh', 'outcome_event') }} as touched
    union all
    select told.event_id
    from {{ ref('int_outcomes_told') }} as told
    where {{ may_be_touched('told') }}
{%- endmacro %}


{# Orders of these events; '' stands for refunds that name none. #}
{% macro touched_orders() -%}
    select touched.order_id
    from {{ source('refresh', 'outcome_event') }} as touched
    where touched.order_id is not null
    union all
    select coalesce(told.order_id, '') as order_id
    from {{ ref('int_outcomes_told') }} as told
    where told.event_kind in ('order', 'refund') and {{ may_be_touched('told') }}
{%- endmacro %}


{# Ids of the events of orders with a product that costs something else than when the rows were made. #}
{% macro repriced_orders() -%}
    select lines.event_id
    from {{ ref('int_order_lines') }} as lines
    inner join {{ source('refresh', 'product_cost') }} as costs on lines.product_id = costs.product_id
    left join {{ ref('dim_product') }} as products on costs.product_id = products.product_id
    where lines.event_type = 'order_completed' and costs.cost is distinct from products.cost
{%- endmacro %}


{# A condition on an event that tells of an outcome: every one, or in an hourly run those whose rows are made again. #}
{% macro is_touched_outcome(event_id) -%}
    {%- if only_touched() -%}
        {{ event_id }} in ({{ touched_outcomes() }} union all {{ repriced_orders() }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{# A condition on a report of an order: every one, or in an hourly run all those of orders whose rows are made again. #}
{% macro is_of_touched_order(event_id) -%}
    {%- if only_touched() -%}
        {{ event_id }} in (
            select told.event_id
            from {{ ref('int_outcomes_told') }} as told
            where told.event_kind = 'order' and told.order_id in ({{ touched_orders() }})
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{# Rows of `int_orders_priced`: all, or in an hourly run those of the orders among CTE `reports`. #}
{% macro priced_goods() -%}
    {%- if only_touched() -%}
        {{ orders_priced("select reports.event_id from reports where reports.event_kind = 'order'") }}
    {%- else -%}
        select * from {{ ref('int_orders_priced') }}
    {%- endif -%}
{%- endmacro %}


{# Rows of `int_refunds_bounded`: all, or in an hourly run those of orders whose rows are made again. #}
{% macro bounded_refunds() -%}
    {%- if only_touched() -%}
        {{ refunds_bounded(touched_orders()) }}
    {%- else -%}
        select * from {{ ref('int_refunds_bounded') }}
    {%- endif -%}
{%- endmacro %}
