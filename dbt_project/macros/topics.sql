{# What happens around orders and what people say of themselves: rare events, folded by topic and value. #}
{% macro topic_event_types() -%}
    {{ return([
        'return_requested', 'return_received', 'delivery_failed', 'support_ticket_opened', 'support_ticket_solved',
        'review_written', 'points_earned', 'points_spent', 'loyalty_joined', 'subscription_started',
        'subscription_renewed', 'subscription_cancelled', 'beacon_seen', 'survey_answered', 'app_installed',
        'app_opened', 'ad_shown', 'ad_clicked', 'email_delivered', 'email_bounced',
    ]) }}
{%- endmacro %}


{# Whether a plain name speaks of a protected characteristic; the words are those that policies refuse. #}
{% macro names_something_sensitive(name_expression) -%}
    {{ has_word(name_expression, var('sensitive_words')) }}
{%- endmacro %}


{# The place that weather is observed at and people are seen at: the most exact one that is named; null without any. #}
{% macro weather_place(store_id, postal_code, region, country) -%}
    case
        when {{ store_id }} is not null then concat('store/', {{ store_id }})
        when {{ postal_code }} is not null then concat('postal_code/', coalesce({{ country }}, ''), '/', {{ postal_code }})
        when {{ region }} is not null then concat('region/', coalesce({{ country }}, ''), '/', {{ region }})
        when {{ country }} is not null then concat('country/', {{ country }})
    end
{%- endmacro %}
