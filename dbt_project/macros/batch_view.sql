{#
  What a batch makes is put straight into its table: between the two stands a view and not, as the adapter has it, a
  table that is filled and copied. Writing rows is half of what a daily model costs. Only the microbatch strategy reads
  its relation once; `touched` reads it twice and keeps a table.
#}
{% macro duckdb__create_table_as(
    temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none
) -%}
    {%- if temporary and language == 'sql' and config.get('incremental_strategy') == 'microbatch' -%}
    create or replace temporary view {{ relation.include(database=false, schema=false) }} as (
        {{ compiled_code }}
    )
    {%- else -%}
    {{ return(dbt.duckdb__create_table_as(
        temporary, relation, compiled_code, language, partitioned_by=partitioned_by, sorted_by=sorted_by
    )) }}
    {%- endif -%}
{%- endmacro %}
