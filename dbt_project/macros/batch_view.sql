{#
  What a batch makes is put straight into its table: between the two stands a view and not, as the adapter has it, a
  table that is filled and copied. Writing rows is half of what a daily model costs. Only the microbatch strategy reads
  its relation once; `touched` reads it twice and keeps a table. A table of features is filled a part of the customers
  at a time.
#}
{% macro duckdb__create_table_as(
    temporary, relation, compiled_code, language='sql', partitioned_by=none, sorted_by=none
) -%}
    {%- if temporary and language == 'sql' and config.get('incremental_strategy') == 'microbatch' -%}
    create or replace temporary view {{ relation.include(database=false, schema=false) }} as (
        {{ compiled_code }}
    )
    {%- else -%}
    {%- set parts = by_parts(compiled_code) if language == 'sql' and not temporary else [compiled_code] -%}
    {{ dbt.duckdb__create_table_as(
        temporary, relation, parts[0], language, partitioned_by=partitioned_by, sorted_by=sorted_by
    ) }}
    {%- for part in parts[1:] %}
    {{ insert_part(relation, part) }};
    {%- endfor -%}
    {%- endif -%}
{%- endmacro %}
