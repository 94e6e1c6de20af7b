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
