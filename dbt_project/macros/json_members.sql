{# One row per member of an object inside a JSON column: adds its `name` and `value` as text. #}
{% macro explode_json_members(relation, columns, json_column, member) -%}
    {{ return(adapter.dispatch('explode_json_members', 'concierge')(relation, columns, json_column, member)) }}
{%- endmacro %}

{% macro default__explode_json_members(relation, columns, json_column, member) -%}
    select
        {{ columns | join(', ') }},
        name,
        json_extract_string(json_extract({{ json_column }}, '$.{{ member }}'), concat('$."', name, '"')) as value
    from (
        select *, unnest(json_keys(json_extract({{ json_column }}, '$.{{ member }}'))) as name from {{ relation }}
    ) as exploded
{%- endmacro %}
