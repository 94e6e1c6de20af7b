{# How many rows satisfy a condition, as bigint; sums of these add up over days. #}
{% macro count_if(condition) -%}
    cast(coalesce(sum(case when {{ condition }} then 1 else 0 end), 0) as bigint)
{%- endmacro %}


{# Sum of money over the rows that satisfy a condition, exact. #}
{% macro money_if(amount, condition) -%}
    cast(coalesce(sum(case when {{ condition }} then {{ amount }} end), 0) as decimal(18, 4))
{%- endmacro %}


{# Sum of an integer measure over the rows that satisfy a condition. #}
{% macro total_if(measure, condition) -%}
    cast(coalesce(sum(case when {{ condition }} then {{ measure }} end), 0) as bigint)
{%- endmacro %}


{# A ratio of two exact numbers as decimal(18,6); null when there is nothing to divide by. #}
{% macro ratio(numerator, denominator) -%}
    cast(round(cast({{ numerator }} as double) / nullif(cast({{ denominator }} as double), 0), 6) as decimal(18, 6))
{%- endmacro %}
