{# Category of each product as the catalogue stood at every cut-off. Expects CTE `cutoffs`. #}
{% macro products_at() -%}
    select
        cutoffs.as_of,
        versions.product_id,
        versions.category
    from {{ ref('int_product_categories') }} as versions
    inner join cutoffs
        on
            cast(versions.known_from_date as timestamp) < cutoffs.as_of
            and cast(versions.known_to_date as timestamp) >= cutoffs.as_of
{%- endmacro %}


{# Spend of the last 365 days by category; lines of an unknown product count as category 'unknown'. #}
{% macro feature_category_spend() -%}
    select
        visible.as_of,
        visible.customer_id,
        coalesce(visible.line_category, products.category, 'unknown') as category,
        cast(sum(visible.amount) as decimal(18, 4)) as amount,
        count(*) as n_lines
    from {{ visible_rows(ref('int_order_lines')) }} as visible
    left join products
        on visible.product_id = products.product_id and visible.as_of = products.as_of
    where visible.event_type = 'order_completed' and visible.days_ago <= 365
    group by visible.as_of, visible.customer_id, coalesce(visible.line_category, products.category, 'unknown')
{%- endmacro %}


{# One row per cut-off and customer: favourite category and spread (entropy in nats, each term rounded so that order cannot matter). #}
{% macro feature_categories() -%}
    select
        as_of,
        customer_id,
        cast(sum(n_lines) as bigint) as lines_365d,
        {{ count_if('amount > 0') }} as categories_365d,
        max(case when place = 1 and amount > 0 then category end) as top_category,
        max(case when place = 1 then {{ ratio('amount', 'total') }} end) as top_category_share,
        cast(coalesce(sum(
            case
                when amount > 0 then cast(
                    -(cast(amount as double) / cast(total as double))
                    * ln(cast(amount as double) / cast(total as double)) as decimal(18, 9)
                )
            end
        ), 0) as decimal(18, 6)) as category_entropy
    from (
        select
            *,
            sum(case when amount > 0 then amount else 0 end) over (partition by as_of, customer_id) as total,
            row_number() over (partition by as_of, customer_id order by amount desc, category) as place
        from category_spend
    ) as ranked
    group by as_of, customer_id
{%- endmacro %}


{# One row per cut-off and customer: the category looked at most in the last 30 days. #}
{% macro feature_browsed_category() -%}
    select
        as_of,
        customer_id,
        category as top_viewed_category
    from (
        select
            as_of,
            customer_id,
            category,
            row_number() over (partition by as_of, customer_id order by sum(n_views) desc, category) as place
        from {{ visible_rows(ref('int_identifier_category_daily')) }} as visible
        where days_ago <= 30
        group by as_of, customer_id, category
    ) as ranked
    where place = 1
{%- endmacro %}
