{# Expressions over JSON, text and clocks that differ between engines; DuckDB is the default. #}

{# Day of the week on the shop's wall clock, 1 = Monday to 7 = Sunday. #}
{% macro shop_weekday(timestamp_expression) -%}
    {{ return(adapter.dispatch('shop_weekday', 'concierge')(timestamp_expression)) }}
{%- endmacro %}

{% macro default__shop_weekday(timestamp_expression) -%}
    cast(isodow({{ shop_time(timestamp_expression) }}) as integer)
{%- endmacro %}


{# One number out of a JSON object, exact; null when absent or not a number. #}
{% macro json_decimal(json_expression, path) -%}
    {{ return(adapter.dispatch('json_decimal', 'concierge')(json_expression, path)) }}
{%- endmacro %}

{% macro default__json_decimal(json_expression, path) -%}
    try_cast({{ json_text(json_expression, path) }} as decimal(18, 3))
{%- endmacro %}


{# A value as another type; null where it does not fit. #}
{% macro cast_if_fits(expression, type) -%}
    {{ return(adapter.dispatch('cast_if_fits', 'concierge')(expression, type)) }}
{%- endmacro %}

{% macro default__cast_if_fits(expression, type) -%}
    try_cast({{ expression }} as {{ type }})
{%- endmacro %}


{# One date out of a JSON object, the day of a time stamp too; null when absent or unreadable. #}
{% macro json_date(json_expression, path) -%}
    {{ return(adapter.dispatch('json_date', 'concierge')(json_expression, path)) }}
{%- endmacro %}

{% macro default__json_date(json_expression, path) -%}
    try_cast(substr({{ json_text(json_expression, path) }}, 1, 10) as date)
{%- endmacro %}


{# One row per member of a JSON object inside a JSON column: adds `member` and `member_value`, both text. #}
{% macro explode_json_object(relation, columns, path, condition) -%}
    {{ return(adapter.dispatch('explode_json_object', 'concierge')(relation, columns, path, condition)) }}
{%- endmacro %}

{% macro default__explode_json_object(relation, columns, path, condition) -%}
    select
        {{ columns | join(', ') }},
        member,
        json_extract_string(members, concat('$."', member, '"')) as member_value
    from (
        select
            {{ columns | join(', ') }},
            json_extract(properties, '$.{{ path }}') as members,
            unnest(json_keys(json_extract(properties, '$.{{ path }}'))) as member
        from {{ relation }}
        where {{ condition }} and json_type(properties, '$.{{ path }}') = 'OBJECT'
    ) as exploded
    -- A quote in a name would end the path; no column of a source has one.
    where member not like '%"%'
{%- endmacro %}


{# Text as a plain name: lower case, every run of other characters an underscore. #}
{% macro plain_name(text_expression) -%}
    {{ return(adapter.dispatch('plain_name', 'concierge')(text_expression)) }}
{%- endmacro %}

{% macro default__plain_name(text_expression) -%}
    nullif(trim(regexp_replace(lower({{ text_expression }}), '[^\p{L}\p{N}]+', '_', 'g'), '_'), '')
{%- endmacro %}


{# Whether a plain name has one of the words between its underscores. #}
{% macro has_word(name_expression, words) -%}
    {{ return(adapter.dispatch('has_word', 'concierge')(name_expression, words)) }}
{%- endmacro %}

{% macro default__has_word(name_expression, words) -%}
    regexp_matches({{ name_expression }}, '(^|_)({{ words | join('|') }})(_|$)')
{%- endmacro %}


{# Host of an address, or the text itself where it is none. #}
{% macro referring_site(address_expression) -%}
    {{ return(adapter.dispatch('referring_site', 'concierge')(address_expression)) }}
{%- endmacro %}

{% macro default__referring_site(address_expression) -%}
    nullif(lower(coalesce(
        nullif(regexp_extract({{ address_expression }}, '^[a-zA-Z]+://(?:www\.)?([^/?#:]+)', 1), ''),
        {{ address_expression }}
    )), '')
{%- endmacro %}


{# A JSON object out of rows, in the order of `order_by`: a small map that every reader can parse; null without rows. #}
{% macro small_map(key, value, order_by, condition) -%}
    {{ return(adapter.dispatch('small_map', 'concierge')(key, value, order_by, condition)) }}
{%- endmacro %}

{% macro default__small_map(key, value, order_by, condition) -%}
    nullif(concat('{', string_agg(
        case when {{ condition }} then {{ map_member(key, value) }} end,
        ',' order by {{ order_by }}
    ), '}'), '{}')
{%- endmacro %}


{# One member of a small map as JSON text: the key quoted, the value as it is written. #}
{% macro map_member(key, value) -%}
    concat({{ json_string(key) }}, ':', {{ value }})
{%- endmacro %}


{# The same map out of members whose places, from 1 to `most`, are known: no sorting. Each place holds one member. #}
{% macro ranked_map(member, place, most) -%}
    nullif(concat('{', concat_ws(','
        {%- for number in range(1, most + 1) %},
        max(case when {{ place }} = {{ number }} then {{ member }} end)
        {%- endfor %}
    ), '}'), '{}')
{%- endmacro %}


{# Text as a JSON string. #}
{% macro json_string(text_expression) -%}
    {{ return(adapter.dispatch('json_string', 'concierge')(text_expression)) }}
{%- endmacro %}

{% macro default__json_string(text_expression) -%}
    cast(to_json({{ text_expression }}) as varchar)
{%- endmacro %}
