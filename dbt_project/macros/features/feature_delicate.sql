{# Products of a category that is no signal of a customer, as the catalogue stood at each cut-off. Expects CTE `products`. #}
{% macro feature_delicate_products() -%}
    select
        products.as_of,
        products.product_id
    from products
    inner join {{ ref('int_sensitive_categories') }} as delicate on products.category = delicate.category
    where products.product_id is not null
{%- endmacro %}
