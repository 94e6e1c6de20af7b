{#
  Every feature of every customer at each cut-off of `cutoffs`, a query with columns `as_of` and `known_at`
  (UTC timestamps, see `assignments_at`).
  The one definition behind training and scoring: it sees what had occurred and had arrived before the cut-off,
  through the identities known then. Until the last step a customer is a number, which groups and joins faster than a
  text, and by which customers are made in parts.
#}
{% macro customer_features_at(cutoffs) -%}
    with cutoffs as (select distinct as_of, known_at from ({{ cutoffs }}) as asked),

    named as ({{ assignments_at() }}),

    numbered as ({{ customer_numbers() }}),

    assigned as ({{ numbered_assignments() }}),

    recent_totals as ({{ feature_recent_totals() }}),

    totals as ({{ feature_totals() }}),

    days as ({{ feature_days() }}),

    activity as ({{ feature_activity() }}),

    rhythm as ({{ feature_rhythm() }}),

    products as ({{ products_at() }}),

    delicate_products as ({{ feature_delicate_products() }}),

    category_prices as ({{ feature_category_prices() }}),

    usual_discounts as ({{ feature_usual_discounts() }}),

    price_cuts as ({{ feature_price_cuts() }}),

    product_rows as ({{ feature_product_rows() }}),

    category_days as ({{ feature_category_days() }}),

    category_interest as ({{ feature_category_interest() }}),

    categories as ({{ feature_categories() }}),

    bargains as ({{ feature_bargains() }}),

    attribute_interest as ({{ feature_attribute_interest() }}),

    tastes as ({{ feature_tastes() }}),

    occasions as ({{ feature_occasions() }}),

    habit_counts as ({{ feature_habit_counts() }}),

    habit_favourites as ({{ feature_habit_favourites() }}),

    habits as ({{ feature_habits() }}),

    occasion_shares as ({{ feature_occasion_shares() }}),

    whereabouts as ({{ feature_whereabouts() }}),

    weather_days as ({{ feature_weather_days() }}),

    weather as ({{ feature_weather() }}),

    rainy_orders as ({{ feature_rainy_orders() }}),

    topic_values as ({{ feature_topic_values() }}),

    topics as ({{ feature_topics() }}),

    answers as ({{ feature_answers() }}),

    order_stories as ({{ feature_order_stories() }}),

    deliveries as ({{ feature_deliveries() }}),

    consent as ({{ feature_consent() }}),

    regimes as ({{ consent_regimes() }}),

    withdrawn as ({{ withdrawn_customers() }}),

    known_identifiers as ({{ feature_identifiers() }})

    select {{ customer_feature_columns() }}
    from totals
    inner join numbered on totals.customer_id = numbered.customer_number
    {% for part in [
        'activity', 'rhythm', 'categories', 'bargains', 'tastes', 'habits', 'occasion_shares', 'whereabouts', 'weather',
        'rainy_orders', 'topics', 'answers', 'deliveries', 'consent', 'known_identifiers',
    ] -%}
    left join {{ part }} on totals.as_of = {{ part }}.as_of and totals.customer_id = {{ part }}.customer_id
    {% endfor -%}
    left join {{ ref('int_sensitive_categories') }} as delicate_view
        on totals.last_viewed_category.seen = delicate_view.category
    left join delicate_products
        on totals.as_of = delicate_products.as_of and totals.last_viewed_product_id.seen = delicate_products.product_id
    left join products as viewed_product
        on
            totals.as_of = viewed_product.as_of
            and totals.last_viewed_product_id.seen = viewed_product.product_id
            and delicate_view.category is null
            and delicate_products.product_id is null
    left join category_prices
        on viewed_product.as_of = category_prices.as_of and viewed_product.category = category_prices.category
    {{ regime_joins('totals') }}
    left join withdrawn on totals.as_of = withdrawn.as_of and numbered.customer_id = withdrawn.customer_id
    where {{ consent_flag('analytics') }} and withdrawn.customer_id is null
{%- endmacro %}


{# The columns of customer_features, in the order of its YAML. #}
{% macro customer_feature_columns() -%}
    numbered.customer_id,
    totals.as_of,
    {{ order_feature_columns() }},
    {{ browsing_feature_columns() }},
    {{ context_feature_columns() }},
    {{ window_feature_columns() }},
    {{ cadence_feature_columns() }},
    {{ bargain_feature_columns() }},
    {{ taste_feature_columns() }},
    {{ channel_feature_columns() }},
    {{ delivery_feature_columns() }},
    {{ service_feature_columns() }},
    {{ answer_feature_columns() }},
    {{ surrounding_feature_columns() }}
{%- endmacro %}
