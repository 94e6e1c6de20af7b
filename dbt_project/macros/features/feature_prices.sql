{# What the catalogue, the price list and the stock said of each product before every cut-off. Expects CTE `cutoffs`. #}
{% macro products_at() -%}
    select
        cutoffs.as_of,
        versions.product_id,
        max(versions.last_category).seen as category,
        {%- for name in var('affinity_attributes') %}
        max(versions.last_{{ name }}).seen as {{ name }},
        {%- endfor %}
        max(versions.last_list_price).seen as list_price,
        max(versions.last_stock).seen as stock_quantity
    from {{ ref('int_product_daily') }} as versions
    inner join cutoffs
        on
            cast(versions.event_date as timestamp) < cutoffs.as_of
            and cast(versions.received_date as timestamp) < cutoffs.as_of
    group by cutoffs.as_of, versions.product_id
{%- endmacro %}


{# Mean list price of each category at the cut-off. #}
{% macro feature_category_prices() -%}
    select
        as_of,
        category,
        cast(sum(list_price) as decimal(18, 4)) as list_price,
        count(list_price) as n_priced
    from products
    where list_price > 0
    group by as_of, category
{%- endmacro %}


{# Share of each product's list amount that everybody together was let off in the last 365 days. #}
{% macro feature_usual_discounts() -%}
    select
        cutoffs.as_of,
        sold.product_id,
        {{ ratio('sum(sold.discount_amount)', 'sum(sold.list_amount)') }} as discount_share
    from {{ ref('int_identifier_product_daily') }} as sold
    inner join cutoffs
        on
            cast(sold.event_date as timestamp) < cutoffs.as_of
            and cast(sold.received_date as timestamp) < cutoffs.as_of
            and {{ days_between('sold.event_date', 'cutoffs.as_of') }} <= 365
    where sold.n_lines > 0
    group by cutoffs.as_of, sold.product_id
{%- endmacro %}


{# Days on which a product's list price stood lower than before its last change: 30 days from a cut, or to the next change. #}
{% macro feature_price_cuts() -%}
    with stated as (

        select
            cutoffs.as_of,
            versions.product_id,
            versions.event_date,
            max(versions.last_list_price).seen as list_price
        from {{ ref('int_product_daily') }} as versions
        inner join cutoffs
            on
                cast(versions.event_date as timestamp) < cutoffs.as_of
                and cast(versions.received_date as timestamp) < cutoffs.as_of
        where versions.last_list_price is not null
        group by cutoffs.as_of, versions.product_id, versions.event_date

    ),

    compared as (

        select
            *,
            lag(list_price) over (partition by as_of, product_id order by event_date) as price_before
        from stated

    ),

    changes as (

        select
            *,
            lead(event_date) over (partition by as_of, product_id order by event_date) as next_change_date
        from compared
        where price_before is null or price_before <> list_price

    )

    select
        as_of,
        product_id,
        event_date as from_date,
        least(coalesce(next_change_date, cast('9999-12-31' as date)), {{ days_after('event_date', 30) }}) as to_date
    from changes
    where list_price < price_before
{%- endmacro %}
