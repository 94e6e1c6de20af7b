{# What follows a customer's number in a condition: those of one part, by `by_parts`; as the text stands, all of them. #}
{% macro every_part() -%}
    {{ return('is not null /* of this part */') }}
{%- endmacro %}


{# A condition on the number of a customer (`customer_numbers`): those of the part that the statement is about. #}
{% macro of_this_part(customer) -%}
    {{ customer }} {{ every_part() }}
{%- endmacro %}


{#
  A query once for each part of the customers (var `customers_a_part`); as it is where it has no numbers of customers, or
  one part is all of them.
#}
{% macro by_parts(compiled_code) -%}
    {%- if 'customer_number' not in compiled_code or every_part() not in compiled_code -%}
        {{ return([compiled_code]) }}
    {%- endif -%}
    {%- set people = 'select count(distinct canonical_id) from ' ~ source('identity', 'identity_assignment') -%}
    {%- set counted = run_query(people).columns[0].values()[0] -%}
    {%- set parts = (counted / var('customers_a_part')) | round(0, 'ceil') | int -%}
    {%- if parts < 2 -%}
        {{ return([compiled_code]) }}
    {%- endif -%}
    {%- set found = [] -%}
    {%- for part in range(parts) -%}
        {%- do found.append(compiled_code | replace(every_part(), '% ' ~ parts ~ ' = ' ~ part)) -%}
    {%- endfor -%}
    {{ return(found) }}
{%- endmacro %}


{# Insert what a query finds into a table, by the names of the columns. #}
{% macro insert_part(relation, compiled_code) -%}
    insert into {{ relation }} by name
    select * from (
        {{ compiled_code }}
    ) as part
{%- endmacro %}
