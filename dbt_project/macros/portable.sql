{# Expressions that differ between engines; DuckDB is the default, others override by prefix. #}

{% macro days_after(date_expression, days) -%}
    {{ return(adapter.dispatch('days_after', 'concierge')(date_expression, days)) }}
{%- endmacro %}

{% macro default__days_after(date_expression, days) -%}
    cast(cast({{ date_expression }} as date) + cast({{ days }} as integer) as date)
{%- endmacro %}


{# Whole days from one date to another. #}
{% macro days_between(start_date, end_date) -%}
    {{ return(adapter.dispatch('days_between', 'concierge')(start_date, end_date)) }}
{%- endmacro %}

{% macro default__days_between(start_date, end_date) -%}
    cast(cast({{ end_date }} as date) - cast({{ start_date }} as date) as bigint)
{%- endmacro %}


{# Days since 1970-01-01, an integer that windows can range over. #}
{% macro day_number(date_expression) -%}
    {{ days_between("date '1970-01-01'", date_expression) }}
{%- endmacro %}


{# Seconds since 1970-01-01. #}
{% macro epoch_seconds(timestamp_expression) -%}
    {{ return(adapter.dispatch('epoch_seconds', 'concierge')(timestamp_expression)) }}
{%- endmacro %}

{% macro default__epoch_seconds(timestamp_expression) -%}
    cast(floor(epoch_ms({{ timestamp_expression }}) / 1000) as bigint)
{%- endmacro %}


{# Milliseconds from one timestamp to another. #}
{% macro milliseconds_between(start_at, end_at) -%}
    {{ return(adapter.dispatch('milliseconds_between', 'concierge')(start_at, end_at)) }}
{%- endmacro %}

{% macro default__milliseconds_between(start_at, end_at) -%}
    cast(epoch_ms({{ end_at }}) - epoch_ms({{ start_at }}) as bigint)
{%- endmacro %}


{# A UTC timestamp on the shop's wall clock. #}
{% macro shop_time(timestamp_expression) -%}
    {{ return(adapter.dispatch('shop_time', 'concierge')(timestamp_expression)) }}
{%- endmacro %}

{% macro default__shop_time(timestamp_expression) -%}
    timezone(
        '{{ env_var('CONCIERGE_TIME_ZONE', 'America/New_York') }}', make_timestamptz(epoch_us({{ timestamp_expression }}))
    )
{%- endmacro %}


{# Hour of day on the shop's wall clock, 0-23. #}
{% macro shop_hour(timestamp_expression) -%}
    cast(extract(hour from {{ shop_time(timestamp_expression) }}) as integer)
{%- endmacro %}


{# Saturday or Sunday on the shop's wall clock. #}
{% macro on_shop_weekend(timestamp_expression) -%}
    {{ return(adapter.dispatch('on_shop_weekend', 'concierge')(timestamp_expression)) }}
{%- endmacro %}

{% macro default__on_shop_weekend(timestamp_expression) -%}
    (isodow({{ shop_time(timestamp_expression) }}) >= 6)
{%- endmacro %}


{# One text value out of a JSON object; null when absent. #}
{% macro json_text(json_expression, path) -%}
    {{ return(adapter.dispatch('json_text', 'concierge')(json_expression, path)) }}
{%- endmacro %}

{% macro default__json_text(json_expression, path) -%}
    json_extract_string({{ json_expression }}, '$.{{ path }}')
{%- endmacro %}


{# Key of an identifier: the first 15 hex digits of its hash read as an integer (60 bits). #}
{% macro identifier_key(hash_expression) -%}
    {{ return(adapter.dispatch('identifier_key', 'concierge')(hash_expression)) }}
{%- endmacro %}

{% macro default__identifier_key(hash_expression) -%}
    cast(concat('0x', substr({{ hash_expression }}, 1, 15)) as bigint)
{%- endmacro %}


{# A number for a text: equal texts have equal numbers, different ones hardly ever. #}
{% macro text_hash(text_expression) -%}
    {{ return(adapter.dispatch('text_hash', 'concierge')(text_expression)) }}
{%- endmacro %}

{% macro default__text_hash(text_expression) -%}
    hash({{ text_expression }})
{%- endmacro %}


{# One row per identifier of an event: adds a column `identifier` with fields type and value. #}
{% macro explode_identifiers(relation, columns) -%}
    {{ return(adapter.dispatch('explode_identifiers', 'concierge')(relation, columns)) }}
{%- endmacro %}

{% macro default__explode_identifiers(relation, columns) -%}
    select {{ columns | join(', ') }}, unnest(identifiers) as identifier from {{ relation }}
{%- endmacro %}


{# The lines of an order, from JSON to a list of typed rows. #}
{% macro order_lines(properties) -%}
    {{ return(adapter.dispatch('order_lines', 'concierge')(properties)) }}
{%- endmacro %}

{% macro default__order_lines(properties) -%}
    from_json(
        json_extract({{ properties }}, '$.lines'),
        '[{"product_id": "VARCHAR", "category": "VARCHAR", "quantity": "DECIMAL(18,3)", "amount": "DECIMAL(18,4)",
           "list_amount": "DECIMAL(18,4)", "discount_amount": "DECIMAL(18,4)"}]'
    )
{%- endmacro %}


{# The items of a list that was shown, from JSON to a list of typed rows; what is no number is none. #}
{% macro list_items(properties) -%}
    {{ return(adapter.dispatch('list_items', 'concierge')(properties)) }}
{%- endmacro %}

{% macro default__list_items(properties) -%}
    from_json(
        json_extract({{ properties }}, '$.lines'),
        '[{"product_id": "VARCHAR", "sku": "VARCHAR", "category": "VARCHAR", "position": "INTEGER",
           "price": "DECIMAL(18,4)", "brand": "VARCHAR", "variant": "VARCHAR", "colour": "VARCHAR",
           "color": "VARCHAR", "fit": "VARCHAR"}]'
    )
{%- endmacro %}


{# The value seen last, with its time, as one struct: `max` of it merges days, and ties do not depend on row order. #}
{% macro latest(value, at) -%}
    {{ return(adapter.dispatch('latest', 'concierge')(value, at)) }}
{%- endmacro %}

{% macro default__latest(value, at) -%}
    max(struct_pack(seen_at := {{ at }}, seen := {{ value }})) filter (where {{ value }} is not null)
{%- endmacro %}


{# One row per element of a list column: adds the element under `name` and its place, from 1, as <name>_number. #}
{% macro explode_with_position(relation, columns, list_column, name) -%}
    {{ return(adapter.dispatch('explode_with_position', 'concierge')(relation, columns, list_column, name)) }}
{%- endmacro %}

{% macro default__explode_with_position(relation, columns, list_column, name) -%}
    select
        {{ columns | join(', ') }},
        unnest({{ list_column }}) as {{ name }},
        generate_subscripts({{ list_column }}, 1) as {{ name }}_number
    from {{ relation }}
{%- endmacro %}


{# The value seen first, with its time; as `latest`. #}
{% macro earliest(value, at) -%}
    {{ return(adapter.dispatch('earliest', 'concierge')(value, at)) }}
{%- endmacro %}

{% macro default__earliest(value, at) -%}
    min(struct_pack(seen_at := {{ at }}, seen := {{ value }})) filter (where {{ value }} is not null)
{%- endmacro %}


{# How often a value was seen, and the value, as one struct: `max` of it is the value seen most. #}
{% macro seen_times(n, value) -%}
    {{ return(adapter.dispatch('seen_times', 'concierge')(n, value)) }}
{%- endmacro %}

{% macro default__seen_times(n, value) -%}
    struct_pack(n := {{ n }}, seen := {{ value }})
{%- endmacro %}


{# Whole part of a quotient of two integers that are not negative. #}
{% macro integer_quotient(numerator, denominator) -%}
    {{ return(adapter.dispatch('integer_quotient', 'concierge')(numerator, denominator)) }}
{%- endmacro %}

{% macro default__integer_quotient(numerator, denominator) -%}
    cast({{ big_integer(numerator) }} // {{ big_integer(denominator) }} as bigint)
{%- endmacro %}


{# An integer so wide that products of money and factors fit. #}
{% macro big_integer(expression) -%}
    {{ return(adapter.dispatch('big_integer', 'concierge')(expression)) }}
{%- endmacro %}

{% macro default__big_integer(expression) -%}
    cast({{ expression }} as hugeint)
{%- endmacro %}


{# Whole part of a text written like a number of at most 15 digits, else null. #}
{% macro whole_number(text_expression) -%}
    {{ return(adapter.dispatch('whole_number', 'concierge')(text_expression)) }}
{%- endmacro %}

{% macro default__whole_number(text_expression) -%}
    try_cast(regexp_extract({{ text_expression }}, '^(-?[0-9]{1,15})([.][0-9]+)?$', 1) as bigint)
{%- endmacro %}
