{# The promised windows of the main counters: 1, 7, 30, 90 and 365 days and ever, where order_feature_columns has none. #}
{% macro window_feature_columns() -%}
    {%- set names = [
        'orders_1d', 'orders_7d', 'orders_90d', 'spend_1d', 'spend_7d', 'spend_90d', 'sessions_1d', 'sessions_90d',
        'sessions_365d', 'sessions_lifetime', 'page_views_1d', 'page_views_7d', 'page_views_90d', 'page_views_365d',
        'page_views_lifetime', 'product_views_1d', 'product_views_90d', 'product_views_365d', 'product_views_lifetime',
        'cart_adds_1d', 'cart_adds_7d', 'cart_adds_90d', 'cart_adds_365d', 'cart_adds_lifetime', 'searches_90d',
        'email_opens_365d', 'refunds_90d',
    ] -%}
    {%- for name in names %}
    totals.{{ name }},
    {%- endfor %}
    coalesce(activity.active_days_7d, 0) as active_days_7d,
    coalesce(activity.active_days_365d, 0) as active_days_365d,
    cast(totals.spend_365d - totals.refund_amount_365d as decimal(18, 4)) as net_spend_365d
{%- endmacro %}


{# When and how regularly. #}
{% macro cadence_feature_columns() -%}
    {{ ratio('activity.visit_span_days_365d', 'activity.visit_days_365d - 1') }} as mean_visit_gap_days_365d,
    rhythm.last_gap_days.seen as last_order_gap_days,
    case
        when rhythm.n_gaps >= 2 then cast(round(sqrt(
            cast(rhythm.n_gaps * rhythm.squared_gap_days - rhythm.gap_days * rhythm.gap_days as double)
            / cast(rhythm.n_gaps * (rhythm.n_gaps - 1) as double)
        ) * rhythm.n_gaps / rhythm.gap_days, 6) as decimal(18, 6))
    end as order_gap_variation,
    {{ ratio('rhythm.gap_days - rhythm.n_gaps * ' ~ days_between('totals.last_order_at', 'totals.as_of'), 'rhythm.n_gaps') }}
        as days_until_expected_order,
    {%- for name in ['sessions', 'product_views'] %}
    {{ ratio('totals.' ~ name ~ '_30d - totals.' ~ name ~ '_previous_30d',
        'totals.' ~ name ~ '_30d + totals.' ~ name ~ '_previous_30d') }} as {{ name }}_trend,
    {%- endfor %}
    {%- for part in ['night', 'morning', 'afternoon'] %}
    {{ ratio('occasion_shares.' ~ part ~ '_visits_91d', 'occasion_shares.visits_91d') }} as {{ part }}_visit_share,
    {%- endfor %}
    {%- for name in ['usual_visit_hour', 'usual_visit_weekday', 'usual_order_hour', 'usual_order_weekday'] %}
    cast(habits.{{ name }} as integer) as {{ name }},
    {%- endfor %}
    {{ shop_hour('totals.last_visit_at') }} as last_visit_hour,
    {{ shop_weekday('totals.last_visit_at') }} as last_visit_weekday,
    {{ shop_hour('totals.last_order_at') }} as last_order_hour,
    {{ shop_weekday('totals.last_order_at') }} as last_order_weekday
{%- endmacro %}


{# Answers to prices. #}
{% macro bargain_feature_columns() -%}
    {{ ratio('bargains.discounted_lines_365d', 'bargains.lines_365d') }} as discounted_line_share,
    {{ ratio('bargains.discounted_amount_365d', 'bargains.amount_365d') }} as discounted_spend_share,
    {{ for_prices(ratio('bargains.excess_discount_365d', 'bargains.list_amount_365d')) }} as price_sensitivity,
    {{ for_prices(ratio('bargains.cut_lines_365d', 'bargains.lines_365d')) }} as price_cut_line_share,
    {{ for_prices(ratio('totals.n_coupons_365d', 'totals.campaigns_365d')) }} as coupons_per_campaign,
    totals.orders_365d - totals.discounted_orders_365d as full_price_orders_365d,
    {{ for_prices(ratio(
        'cast(totals.discounted_orders_365d + totals.coupon_orders_365d as double) / nullif(totals.orders_365d, 0)'
        ~ ' + coalesce(cast(bargains.discounted_amount_365d as double) / nullif(cast(bargains.amount_365d as double), 0), 0)',
        '3'
    )) }} as deal_seeking
{%- endmacro %}


{# What nobody may be told who has not agreed to be profiled for prices. #}
{% macro for_prices(expression) -%}
    case when {{ consent_flag('profiling_price') }} then {{ expression }} end
{%- endmacro %}


{# Tastes in categories and attributes, and what comes next. #}
{% macro taste_feature_columns() -%}
    categories.favourite_category.seen as favourite_category,
    categories.category_affinity,
    categories.next_best_category.seen as next_best_category,
    tastes.top_brand.seen as top_brand,
    tastes.top_brand_share,
    tastes.attribute_affinity
{%- endmacro %}


{# Through which channels the person buys. #}
{% macro channel_feature_columns() -%}
    {%- for channel in ['web', 'app', 'store'] %}
    {{ ratio('occasion_shares.' ~ channel ~ '_orders_365d', 'occasion_shares.orders_365d') }}
        as {{ channel }}_order_share_365d,
    {%- endfor %}
    coalesce(occasion_shares.order_channels_365d, 0) as order_channels_365d,
    {{ ratio('rainy_orders.rainy_orders_365d', 'rainy_orders.weathered_orders_365d') }} as rainy_order_share
{%- endmacro %}


{# How orders arrived and what came back. #}
{% macro delivery_feature_columns() -%}
    {%- for name in ['deliveries_365d', 'late_deliveries_365d', 'overdue_deliveries', 'returned_orders_365d'] %}
    coalesce(deliveries.{{ name }}, 0) as {{ name }},
    {%- endfor %}
    coalesce(topics.failed_deliveries_365d, 0) as failed_deliveries_365d,
    coalesce(topics.return_requests_365d, 0) as return_requests_365d,
    {{ ratio('deliveries.late_deliveries_365d', 'deliveries.promised_deliveries_365d') }} as late_delivery_share,
    {{ ratio('deliveries.delay_days_365d', 'deliveries.promised_deliveries_365d') }} as mean_delivery_delay_days,
    {{ ratio('deliveries.delivery_ms_365d', 'deliveries.timed_deliveries_365d * 86400000') }} as mean_delivery_days,
    deliveries.last_was_late.seen as last_delivery_was_late,
    {{ ratio('coalesce(deliveries.returned_orders_365d, 0)', 'totals.orders_365d') }} as return_order_rate,
    {{ ratio('deliveries.refund_ms_365d', 'deliveries.timed_refunds_365d * 86400000') }} as refund_lag_days,
    topics.top_return_reason.seen as top_return_reason,
    topics.return_reasons
{%- endmacro %}


{# Service, reviews, loyalty, subscriptions and touchpoints outside the shop's pages. #}
{% macro service_feature_columns() -%}
    {%- for name in [
        'support_tickets_90d', 'support_tickets_365d', 'complaints_365d', 'reviews_written_365d',
        'subscription_renewals_365d', 'subscription_cancellations_365d', 'beacon_sightings_30d', 'app_opens_30d',
        'ads_shown_30d', 'ad_clicks_30d', 'emails_bounced_365d',
    ] %}
    coalesce(topics.{{ name }}, 0) as {{ name }},
    {%- endfor %}
    greatest(coalesce(topics.tickets_opened - topics.tickets_solved, 0), 0) as open_tickets,
    {{ ratio('topics.satisfaction_sum', 'topics.satisfaction_scores') }} as mean_support_satisfaction,
    {{ days_between('topics.last_ticket_at', 'totals.as_of') }} as days_since_last_ticket,
    topics.support_topics,
    {{ ratio('topics.rating_sum', 'topics.ratings_given') }} as mean_rating_given,
    topics.last_rating.seen as last_rating_given,
    {%- for name in ['points_earned_365d', 'points_spent_365d'] %}
    cast(coalesce(topics.{{ name }}, 0) as decimal(18, 3)) as {{ name }},
    {%- endfor %}
    cast(coalesce(topics.points_earned - topics.points_spent, 0) as decimal(18, 3)) as points_balance,
    coalesce(topics.joined_loyalty + topics.points_booked > 0, false) as is_loyalty_member,
    greatest(coalesce(topics.subscriptions_started - topics.subscriptions_cancelled, 0), 0) as active_subscriptions,
    cast(round(coalesce(topics.beacon_dwell_ms_30d, 0)) as bigint) as beacon_dwell_ms_30d,
    coalesce(topics.app_installs > 0 or topics.last_app_opened_at is not null, false) as has_app,
    {{ days_between('topics.last_app_opened_at', 'totals.as_of') }} as days_since_app_opened
{%- endmacro %}


{# What people say of themselves. #}
{% macro answer_feature_columns() -%}
    answers.answers as zero_party_answers,
    coalesce(answers.n_answers, 0) as zero_party_answer_count,
    {{ days_between('answers.last_answered_at', 'totals.as_of') }} as days_since_answer,
    {{ ratio('topics.survey_sum', 'topics.survey_scores') }} as mean_survey_score
{%- endmacro %}


{# Where and on what the person is usually and was last seen, in which weather, and what the last product looked at is. #}
{% macro surrounding_feature_columns() -%}
    {%- for name in [
        'usual_channel', 'usual_device_type', 'usual_os', 'usual_browser', 'usual_referring_site',
        'usual_landing_page_type', 'usual_region', 'usual_store_id', 'usual_order_channel',
    ] %}
    habits.{{ name }},
    {%- endfor %}
    {%- for name in ['country', 'postal_code', 'time_zone', 'locale', 'referring_site'] %}
    whereabouts.last_{{ name }}.seen as last_{{ name }},
    {%- endfor %}
    whereabouts.last_page_type.seen as last_landing_page_type,
    topics.last_beacon_store_id.seen as last_beacon_store_id,
    {%- for name in ['temperature_max', 'temperature_min', 'precipitation_mm', 'condition'] %}
    weather.{{ name }} as weather_{{ name }},
    {%- endfor %}
    case
        when month(totals.as_of) in (12, 1, 2) then 'winter'
        when month(totals.as_of) in (3, 4, 5) then 'spring'
        when month(totals.as_of) in (6, 7, 8) then 'summer'
        else 'autumn'
    end as season,
    case
        when delicate_view.category is null and delicate_products.product_id is null
            then totals.last_viewed_product_id.seen
    end as last_viewed_product_id,
    viewed_product.brand as last_viewed_brand,
    viewed_product.list_price as last_viewed_list_price,
    {{ ratio('viewed_product.list_price * category_prices.n_priced', 'category_prices.list_price') }}
        as last_viewed_price_position,
    viewed_product.stock_quantity as last_viewed_stock
{%- endmacro %}
