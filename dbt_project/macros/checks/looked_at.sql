{#
  The days that tests of daily tables look at: those the run has rebuilt, so that an hourly run costs what is new and
  not what there is; all days where nobody says which (`dbt test` by hand). Asked at run time: as `only_touched` is.
#}
{% macro tested_days(column='event_date') -%}
    {%- set days = env_var('CONCIERGE_TESTED_DAYS', '') if execute else '' -%}
    {%- if days -%}
        {{ column }} between cast('{{ days[:10] }}' as date) and cast('{{ days[-10:] }}' as date)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{# Whether only rows of touched customers were made again; for tests, which are not incremental themselves. #}
{% macro tests_touched() -%}
    {{ return(execute and env_var('CONCIERGE_REFRESH', 'everybody') == 'touched') }}
{%- endmacro %}


{# A condition on a customer id: all customers, or in an hourly run those whose rows were made again. #}
{% macro tested_customers(customer_id='customer_id') -%}
    {%- if tests_touched() -%}
        {{ customer_id }} in {{ touched_customers() }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{# A condition on the day of a fact: all days, or in an hourly run those rebuilt since the facts were made. #}
{% macro tested_facts(column) -%}
    {%- if tests_touched() -%}
        {{ column }} in (select event_date from {{ source('refresh', 'day') }})
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{#
  What dbt's generic tests look at: rebuilt days of a daily table, touched customers of a table of customers, and the
  test's own `where`. The daily run looks at every customer.
#}
{% macro get_where_subquery(relation) -%}
    {%- set wanted = [config.get('where') or ''] -%}
    {%- if execute and ('daily' in model.fqn or 'staging' in model.fqn) -%}
        {%- do wanted.append(tested_days()) -%}
    {%- elif tests_touched() and relation.schema == 'marts' -%}
        {%- set names = adapter.get_columns_in_relation(relation) | map(attribute='name') | list -%}
        {%- do wanted.append(tested_customers() if 'customer_id' in names else '') -%}
    {%- endif -%}
    {%- set wanted = wanted | reject('in', ['', 'true']) | list -%}
    {%- if wanted -%}
        {{ return('(select * from ' ~ relation ~ ' where ' ~ wanted | join(' and ') ~ ') as looked_at') }}
    {%- endif -%}
    {{ return(relation) }}
{%- endmacro %}
