{# Joins that find the customer of a row with anchor_key and login_key, by the identities of this run. #}
{% macro customer_joins(alias) -%}
    left join {{ ref('int_identifier_customers') }} as anchor_customers
        on {{ alias }}.anchor_key = anchor_customers.identifier_key
    left join {{ ref('int_identifier_customers') }} as login_customers
        on {{ alias }}.login_key = login_customers.identifier_key
{%- endmacro %}


{# The customer of the row: who was logged in, else whose browser or card it is; null for a guest. #}
{% macro customer_of() -%}
    coalesce(login_customers.customer_id, anchor_customers.customer_id)
{%- endmacro %}


{# The run's moment, truncated to the hour: what current tables are named after. #}
{% macro current_cutoff() -%}
    select date_trunc('hour', as_of) as as_of from {{ source('ops', 'run_context') }}
{%- endmacro %}
