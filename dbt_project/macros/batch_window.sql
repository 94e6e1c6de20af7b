{#
  The window of the running microbatch. Outside a batch (parse, compile, unit tests) there is none, and
  both macros let everything through.
#}
{% macro batch_bounds() -%}
    {%- set batch = model.get('batch') if model is mapping else none -%}
    {%- if batch -%}
        {{ return({'start': (batch['event_time_start'] | string)[:10], 'end': (batch['event_time_end'] | string)[:10]}) }}
    {%- endif -%}
    {{ return(none) }}
{%- endmacro %}


{# Rows of the window itself: dbt cuts every batch but the one that creates the table. #}
{% macro in_batch(column='event_date') -%}
    {%- set bounds = batch_bounds() -%}
    {%- if bounds -%}
        {{ column }} >= cast('{{ bounds.start }}' as date) and {{ column }} < cast('{{ bounds.end }}' as date)
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}


{# The window and some days either side, for what reaches over midnight. #}
{% macro in_batch_and_neighbours(column='event_date', days=1) -%}
    {%- set bounds = batch_bounds() -%}
    {%- if bounds -%}
        {{ column }} >= {{ days_after("cast('" ~ bounds.start ~ "' as date)", -days) }}
        and {{ column }} < {{ days_after("cast('" ~ bounds.end ~ "' as date)", days) }}
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
