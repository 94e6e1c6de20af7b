{# One row per cut-off, customer, event type, topic and value: counts by window of what happened around orders. What a
   shop itself calls sensitive may change at any time, so it is left out here and not of the days. #}
{% macro feature_topic_values() -%}
    {%- set own_words = env_var('CONCIERGE_SENSITIVE_WORDS', '').split() %}
    select
        as_of,
        customer_id,
        event_type,
        topic,
        value,
        {%- for days in [30, 90, 365] %}
        {{ total_if('n', 'days_ago <= ' ~ days) }} as n_{{ days }}d,
        {%- endfor %}
        cast(sum(n) as bigint) as n,
        cast(coalesce(sum(case when days_ago <= 30 then measure end), 0) as decimal(18, 3)) as measure_30d,
        cast(coalesce(sum(case when days_ago <= 365 then measure end), 0) as decimal(18, 3)) as measure_365d,
        cast(sum(measure) as decimal(18, 3)) as measure,
        cast(coalesce(sum(case when days_ago <= 365 then score end), 0) as decimal(18, 3)) as score_365d,
        {{ total_if('n_scores', 'days_ago <= 365') }} as n_scores_365d,
        max(last_score) as last_score,
        max(last_at) as last_at
    from {{ visible_rows(ref('int_identifier_topic_daily')) }} as visible
    {%- if own_words %}
    where topic is null or not {{ has_word('topic', own_words) }}
    {%- endif %}
    group by as_of, customer_id, event_type, topic, value
{%- endmacro %}


{# Counted topics: name, column of `topic_values`, event type. #}
{% macro topic_totals() -%}
    {{ return([
        ('return_requests_365d', 'n_365d', 'return_requested'), ('failed_deliveries_365d', 'n_365d', 'delivery_failed'),
        ('support_tickets_90d', 'n_90d', 'support_ticket_opened'),
        ('support_tickets_365d', 'n_365d', 'support_ticket_opened'),
        ('tickets_opened', 'n', 'support_ticket_opened'), ('tickets_solved', 'n', 'support_ticket_solved'),
        ('reviews_written_365d', 'n_365d', 'review_written'), ('subscriptions_started', 'n', 'subscription_started'),
        ('subscriptions_cancelled', 'n', 'subscription_cancelled'),
        ('subscription_renewals_365d', 'n_365d', 'subscription_renewed'),
        ('subscription_cancellations_365d', 'n_365d', 'subscription_cancelled'),
        ('joined_loyalty', 'n', 'loyalty_joined'), ('points_booked', 'n', 'points_earned'),
        ('beacon_sightings_30d', 'n_30d', 'beacon_seen'), ('app_opens_30d', 'n_30d', 'app_opened'),
        ('app_installs', 'n', 'app_installed'), ('ad_clicks_30d', 'n_30d', 'ad_clicked'),
        ('ads_shown_30d', 'n_30d', 'ad_shown'), ('emails_bounced_365d', 'n_365d', 'email_bounced'),
        ('satisfaction_scores', 'n_scores_365d', 'support_ticket_solved'),
        ('ratings_given', 'n_scores_365d', 'review_written'), ('survey_scores', 'n_scores_365d', 'survey_answered'),
    ]) }}
{%- endmacro %}


{# One row per cut-off and customer: after-sales, service, loyalty and touchpoints outside the shop's pages. #}
{% macro feature_topics() -%}
    select
        as_of,
        customer_id,
        {% for name, column, type in topic_totals() -%}
        {{ total_if(column, "event_type = '" ~ type ~ "'") }} as {{ name }},
        {% endfor -%}
        {% for name, column, type in [
            ('points_earned_365d', 'measure_365d', 'points_earned'), ('points_spent_365d', 'measure_365d', 'points_spent'),
            ('points_earned', 'measure', 'points_earned'), ('points_spent', 'measure', 'points_spent'),
            ('beacon_dwell_ms_30d', 'measure_30d', 'beacon_seen'), ('rating_sum', 'score_365d', 'review_written'),
            ('satisfaction_sum', 'score_365d', 'support_ticket_solved'), ('survey_sum', 'score_365d', 'survey_answered'),
        ] -%}
        cast(coalesce(sum(case when event_type = '{{ type }}' then {{ column }} end), 0) as decimal(18, 3)) as {{ name }},
        {% endfor -%}
        {{ total_if('n_365d', "event_type = 'support_ticket_opened' and " ~ has_word('value', var('complaint_words'))) }}
            as complaints_365d,
        max(case when event_type = 'review_written' then last_score end) as last_rating,
        max(case when event_type = 'support_ticket_opened' then last_at end) as last_ticket_at,
        max(case when event_type = 'app_opened' then last_at end) as last_app_opened_at,
        {{ latest("case when event_type = 'beacon_seen' then value end", 'last_at') }} as last_beacon_store_id,
        {{ first_by('n_365d', 'value', "event_type = 'return_requested' and value is not null and n_365d > 0") }}
            as top_return_reason,
        {{ small_map('value', 'n_365d', 'n_365d desc, value',
            "event_type = 'return_requested' and value is not null and n_365d > 0") }} as return_reasons,
        {{ small_map('value', 'n_365d', 'n_365d desc, value',
            "event_type = 'support_ticket_opened' and value is not null and n_365d > 0") }} as support_topics
    from topic_values
    group by as_of, customer_id
{%- endmacro %}


{# One row per cut-off and customer: the last answer to each question, from surveys and traits declared zero-party. #}
{% macro feature_answers() -%}
    select
        as_of,
        customer_id,
        count(*) as n_answers,
        max(answer.seen_at) as last_answered_at,
        {{ small_map('topic', json_string('answer.seen'), 'topic', 'true') }} as answers
    from (
        select
            as_of,
            customer_id,
            topic,
            {{ latest('value', 'last_at') }} as answer
        from topic_values
        where event_type in ('survey_answered', 'profile_updated') and topic is not null and value is not null
        group by as_of, customer_id, topic
    ) as answered
    group by as_of, customer_id
{%- endmacro %}
