{# What was said of each purpose, and whether it is allowed. #}
{% macro consent_columns() -%}
    {%- for purpose in var('consent_purposes') %}
    {{ purpose }}_word,
    {{ purpose }}{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{# Whether each purpose is allowed, as consent_<purpose>. #}
{% macro consent_flags(alias) -%}
    {%- for purpose in var('consent_purposes') %}
    {{ alias }}.{{ purpose }} as consent_{{ purpose }}{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{# One row per purpose and place of the customers in a relation. #}
{% macro consent_counts(customers) -%}
    {%- for purpose in var('consent_purposes') %}
    select
        '{{ purpose }}' as purpose,
        country,
        region,
        count(*) as customers,
        {{ count_if(purpose ~ "_word = 'granted'") }} as granted,
        {{ count_if(purpose ~ "_word = 'refused'") }} as refused,
        {{ count_if(purpose ~ "_word = 'absent'") }} as absent,
        {{ count_if(purpose) }} as allowed
    from {{ customers }}
    group by country, region
    {{ "union all" if not loop.last }}
    {%- endfor %}
{%- endmacro %}
