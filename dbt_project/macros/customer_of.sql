{# Whether a slice of an assignment covers the day of a row. #}
{% macro slice_covers(slices, day) -%}
    {{ day }} >= {{ slices }}.valid_from_date and {{ day }} < {{ slices }}.valid_to_date
{%- endmacro %}


{#
  Joins that find the customer of a row with anchor_key, login_key and event_date, by the identities of this run: the
  one its identifiers belonged to on its own day.
#}
{% macro customer_joins(alias) -%}
    {%- for name in ['anchor', 'login'] %}
    left join {{ ref('int_identifier_customers') }} as {{ name }}_customers
        on
            {{ alias }}.{{ name }}_key = {{ name }}_customers.identifier_key
            and {{ slice_covers(name ~ '_customers', alias ~ '.event_date') }}
    {%- endfor %}
{%- endmacro %}


{# The customer of the row: who was logged in, else whose browser or card it is; null for a guest. #}
{% macro customer_of() -%}
    coalesce(login_customers.customer_id, anchor_customers.customer_id)
{%- endmacro %}


{# The same customer where consent allows to count what they do; null for who refused, and for a guest. #}
{% macro tracked_customer_of() -%}
    case
        when coalesce(login_customers.is_tracked, anchor_customers.is_tracked) then {{ customer_of() }}
    end
{%- endmacro %}


{#
  The run's moment, truncated to the hour: what current tables are named after. Identities are those of the very
  moment, so that what an analyst has just linked or taken apart shows with the next run.
#}
{% macro current_cutoff() -%}
    select date_trunc('hour', as_of) as as_of, as_of as known_at from {{ source('ops', 'run_context') }}
{%- endmacro %}
