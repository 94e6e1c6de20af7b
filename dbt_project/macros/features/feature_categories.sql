{#
  Lines bought in the last 365 days by customer, category and day; lines of an unknown product count as category
  'unknown'. The expected discount is what the same list amounts would have been let off at each product's usual share.
#}
{% macro feature_category_days() -%}
    select
        bought.as_of,
        bought.customer_id,
        coalesce(bought.category, products.category, 'unknown') as category,
        bought.event_date,
        bought.days_ago,
        cast(sum(bought.n_lines) as bigint) as n_lines,
        cast(sum(bought.n_discounted_lines) as bigint) as n_discounted_lines,
        cast(sum(bought.amount) as decimal(18, 4)) as amount,
        cast(sum(bought.list_amount) as decimal(18, 4)) as list_amount,
        cast(sum(bought.discount_amount) as decimal(18, 4)) as discount_amount,
        cast(sum(bought.discounted_amount) as decimal(18, 4)) as discounted_amount,
        cast(sum(
            cast(round(bought.list_amount * cast(usual_discounts.discount_share as decimal(9, 6)), 4) as decimal(18, 4))
        ) as decimal(18, 4)) as expected_discount,
        {{ total_if('bought.n_lines', 'price_cuts.product_id is not null') }} as n_cut_lines
    from product_rows as bought
    left join products
        on bought.product_id = products.product_id and bought.as_of = products.as_of
    left join usual_discounts
        on bought.product_id = usual_discounts.product_id and bought.as_of = usual_discounts.as_of
    left join price_cuts
        on
            bought.product_id = price_cuts.product_id
            and bought.as_of = price_cuts.as_of
            and bought.event_date >= price_cuts.from_date
            and bought.event_date < price_cuts.to_date
    where bought.n_lines > 0
    group by
        bought.as_of,
        bought.customer_id,
        coalesce(bought.category, products.category, 'unknown'),
        bought.event_date,
        bought.days_ago
{%- endmacro %}


{# One row per cut-off, customer and category: money, rhythm and decayed interest from lines bought and pages seen. #}
{% macro feature_category_interest() -%}
    with bought as (

        select
            as_of,
            customer_id,
            category,
            cast(sum(amount) as decimal(18, 4)) as amount,
            count(*) as order_days,
            {{ days_between('min(event_date)', 'max(event_date)') }} as span_days,
            min(days_ago) as days_since,
            {{ total_if('n_lines * 5 * ' ~ decay('days_ago'), 'days_ago <= ' ~ var('affinity_horizon_days')) }} as score
        from category_days
        group by as_of, customer_id, category

    ),

    seen as (

        select
            as_of,
            customer_id,
            category,
            {{ total_if('n_views', 'days_ago <= 30') }} as n_views_30d,
            {{ count_if('days_ago <= 30') }} as n_days_30d,
            cast(sum((n_views + 3 * n_cart_adds) * {{ decay('days_ago') }}) as bigint) as score
        from {{ visible_rows(ref('int_identifier_category_daily')) }} as visible
        where days_ago <= {{ var('affinity_horizon_days') }}
        group by as_of, customer_id, category

    ),

    joined as (

        select
            coalesce(bought.as_of, seen.as_of) as as_of,
            coalesce(bought.customer_id, seen.customer_id) as customer_id,
            coalesce(bought.category, seen.category) as category,
            coalesce(bought.amount, 0) as amount,
            coalesce(bought.order_days, 0) as order_days,
            bought.span_days,
            bought.days_since,
            coalesce(seen.n_views_30d, 0) as n_views_30d,
            coalesce(seen.n_days_30d, 0) as n_days_30d,
            coalesce(bought.score, 0) + coalesce(seen.score, 0) as score
        from bought
        full outer join seen
            on
                bought.as_of = seen.as_of
                and bought.customer_id = seen.customer_id
                and bought.category = seen.category

    )

    -- What is bought in a rhythm counts more when it is due, at most double; `due` is in thousandths.
    select
        *,
        score * case
            when order_days >= 2
                then least(2000, cast(floor(1000 * days_since * (order_days - 1) / span_days) as bigint))
            else 1000
        end as due_score
    from joined
    -- What hints at health or belief is sold, and is no taste of anybody.
    where category not in (select delicate.category from {{ ref('int_sensitive_categories') }} as delicate)
{%- endmacro %}


{# One row per cut-off and customer: favourites, spread (entropy in nats, each term rounded so that order cannot matter) and tastes. #}
{% macro feature_categories() -%}
    select
        as_of,
        customer_id,
        {{ count_if('amount > 0') }} as categories_365d,
        {{ first_by('amount', 'category', 'amount > 0') }} as top_category,
        max(case when amount > 0 then {{ ratio('amount', 'total') }} end) as top_category_share,
        cast(coalesce(sum(
            case
                when amount > 0 then cast(
                    -(cast(amount as double) / cast(total as double))
                    * ln(cast(amount as double) / cast(total as double)) as decimal(18, 9)
                )
            end
        ), 0) as decimal(18, 6)) as category_entropy,
        {{ first_by('n_views_30d', 'category', 'n_days_30d > 0') }} as top_viewed_category,
        {{ first_by('score', 'category', "score > 0 and category <> 'unknown'") }} as favourite_category,
        {{ first_by('due_score', 'category', "due_score > 0 and category <> 'unknown'") }} as next_best_category,
        {{ ranked_map('member', 'place', 5) }} as category_affinity
    from (
        select
            *,
            case when place <= 5 and score > 0 then {{ map_member('category', ratio('score', 'total_score')) }} end
                as member
        from (
            select
                *,
                sum(case when amount > 0 then amount else 0 end) over (partition by as_of, customer_id) as total,
                sum(score) over (partition by as_of, customer_id) as total_score,
                row_number() over (partition by as_of, customer_id order by score desc, category) as place
            from category_interest
        ) as ranked
    ) as told
    group by as_of, customer_id
{%- endmacro %}


{# One row per cut-off and customer: how the lines of the last 365 days were priced. #}
{% macro feature_bargains() -%}
    select
        as_of,
        customer_id,
        cast(sum(n_lines) as bigint) as lines_365d,
        cast(sum(n_discounted_lines) as bigint) as discounted_lines_365d,
        cast(sum(n_cut_lines) as bigint) as cut_lines_365d,
        cast(sum(amount) as decimal(18, 4)) as amount_365d,
        cast(sum(list_amount) as decimal(18, 4)) as list_amount_365d,
        cast(sum(discounted_amount) as decimal(18, 4)) as discounted_amount_365d,
        cast(sum(discount_amount) - coalesce(sum(expected_discount), 0) as decimal(18, 4)) as excess_discount_365d
    from category_days
    group by as_of, customer_id
{%- endmacro %}
