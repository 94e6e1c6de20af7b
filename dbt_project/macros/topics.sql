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


{# The place that weather is observed at: the most exact one that is named; null without any. #}
{% macro weather_place(store_id, postal_code, region, country) -%}
    coalesce(
        {{ place_named('store', store_id) }},
        {{ place_named('postal_code', postal_code, country) }},
        {{ place_named('region', region, country) }},
        {{ place_named('country', country) }}
    )
{%- endmacro %}


{# One place by its kind and name, and the country where names repeat between countries; null without a name. #}
{% macro place_named(kind, name, country=none) -%}
    case
        when {{ name }} is not null
            then concat('{{ kind }}/', {% if country %}coalesce({{ country }}, ''), '/', {% endif %}{{ name }})
    end
{%- endmacro %}
