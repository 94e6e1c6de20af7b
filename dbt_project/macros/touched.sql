{#
  Whether the running model makes only rows of `refresh.customer` again, as in an hourly run. Asked of the environment
  and not at parse time, so that hourly and daily runs share one parsed project.
#}
{% macro only_touched() -%}
    {%- if not execute or not is_incremental() -%}
        {{ return(false) }}
    {%- endif -%}
    {{ return(env_var('CONCIERGE_REFRESH', 'everybody') == 'touched') }}
{%- endmacro %}


{# Customers whose rows are made again. #}
{% macro touched_customers() -%}
    (select customer_id from {{ source('refresh', 'customer') }})
{%- endmacro %}


{# A condition on a customer id: all customers, or in an hourly run those whose rows are made again. #}
{% macro is_touched(customer_id) -%}
    {%- if only_touched() -%}
        {{ customer_id }} in {{ touched_customers() }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{# A condition on daily rows (alias): all, or in an hourly run those that may belong to such a customer. #}
{% macro may_be_touched(alias) -%}
    {%- if only_touched() -%}
        (
            {{ alias }}.anchor_key in (select identifier_key from {{ source('refresh', 'identifier') }})
            or {{ alias }}.login_key in (select identifier_key from {{ source('refresh', 'identifier') }})
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{#
  Incremental strategy `touched`: the rows of touched customers are taken out, gone or not, and what the model found is
  put in, in one transaction. A model with days (meta: touched_day) also replaces its rebuilt days and the rows with the
  keys it found; one made of reports of outcomes (meta: touched_outcome, its column and that of `refresh.outcome_event`)
  also what the reports that are made again said before. Outside an hourly run everything is replaced.
#}
{% macro get_incremental_touched_sql(arg_dict) -%}
    {%- set target = arg_dict['target_relation'] -%}
    {%- set found = arg_dict['temp_relation'] -%}
    {%- set names = arg_dict['dest_columns'] | map(attribute='name') | list -%}
    {%- set columns = arg_dict['dest_columns'] | map(attribute='quoted') | join(', ') -%}
    {%- set day = config.get('meta', {}).get('touched_day') -%}
    {%- set outcome = config.get('meta', {}).get('touched_outcome', {}) -%}
    {%- set key = config.get('unique_key') -%}
    delete from {{ target }}
    {%- if only_touched() %}
    where
        {{ 'customer_id in ' ~ touched_customers() if 'customer_id' in names else 'false' }}
        {%- if day %}
        or {{ day }} in (select event_date from {{ source('refresh', 'day') }})
        or exists (
            select 1 from {{ found }} as found
            where {% for name in key %}found.{{ name }} = {{ target }}.{{ name }}{{ " and " if not loop.last }}{% endfor %}
        )
        {%- endif %}
        {%- for own, column in outcome.items() %}
        or {{ own }} in (select {{ column }} from {{ source('refresh', 'outcome_event') }})
        {%- endfor %}
    {%- endif %};
    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ found }}
{%- endmacro %}
