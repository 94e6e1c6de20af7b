{#
  One row per cut-off and customer who has spoken about consent. Per identifier the last word counts (of two at one
  moment the refusal); over the identifiers of a customer the most restrictive one. Null where nobody has spoken.
  Cut by whole days as features are, or, with `exact`, by the very moment.
#}
{% macro feature_consent(exact=false) -%}
    select
        as_of,
        customer_id,
        {% for purpose in var('consent_purposes') -%}
        min(case when purpose = '{{ purpose }}' then is_granted end) = 1 as {{ purpose }}{{ "," if not loop.last }}
        {% endfor %}
    from (
        select
            assigned.as_of,
            assigned.customer_id,
            consent.purpose,
            cast(consent.is_granted as integer) as is_granted,
            row_number() over (
                partition by assigned.as_of, assigned.customer_id, consent.identifier_key, consent.purpose
                order by consent.occurred_at desc, cast(consent.is_granted as integer) asc
            ) as place
        from {{ ref('int_consent_events') }} as consent
        inner join assigned
            on
                consent.identifier_key = assigned.identifier_key
                and {{ slice_covers('assigned', 'consent.event_date') }}
                {% if exact -%}
                and consent.occurred_at < assigned.as_of
                and consent.received_at < assigned.as_of
                {%- else -%}
                and cast(consent.event_date as timestamp) < assigned.as_of
                and cast(consent.received_date as timestamp) < assigned.as_of
                {%- endif %}
        where {{ of_this_part('assigned.customer_id') }}
    ) as ranked
    where place = 1
    group by as_of, customer_id
{%- endmacro %}


{# One row per place of config/consent.yml: whether silence allows each purpose there. #}
{% macro consent_regimes() -%}
    select
        country,
        region,
        {% for purpose in var('consent_purposes') -%}
        max(case when purpose = '{{ purpose }}' then cast(regime = 'opt_out' as integer) end) = 1 as {{ purpose }}
        {{- "," if not loop.last }}
        {% endfor %}
    from {{ source('ops', 'consent_regime') }}
    group by country, region
{%- endmacro %}


{# Joins that find the regimes of a row with last_country and last_country_region: the region's, the country's, all others'. #}
{% macro regime_joins(places) -%}
    {%- set country = "upper(trim(" ~ places ~ ".last_country.seen))" -%}
    {%- set region = "upper(trim(" ~ places ~ ".last_country_region.seen))" -%}
    left join regimes as region_regime
        on
            {{ country }} = region_regime.country
            and region_regime.region <> ''
            and {{ region }} in (region_regime.region, concat(region_regime.country, '-', region_regime.region))
    left join regimes as country_regime
        on {{ country }} = country_regime.country and country_regime.region = ''
    left join regimes as other_regime
        on other_regime.country = '' and other_regime.region = ''
{%- endmacro %}


{# A purpose's flag: what was said, else the regime of the customer's latest place; nothing known allows nothing. #}
{% macro consent_flag(purpose) -%}
    coalesce(
        consent.{{ purpose }},
        region_regime.{{ purpose }},
        country_regime.{{ purpose }},
        other_regime.{{ purpose }},
        false
    )
{%- endmacro %}


{# Of each purpose what was said (granted, refused, absent), and whether it is allowed. #}
{% macro consent_outcomes() -%}
    {%- for purpose in var('consent_purposes') %}
    case
        when consent.{{ purpose }} then 'granted'
        when not consent.{{ purpose }} then 'refused'
        else 'absent'
    end as {{ purpose }}_word,
    {{ consent_flag(purpose) }} as {{ purpose }}{{ "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}


{#
  One row per cut-off and customer of then who has since refused analysis: the customer, or one of the identifiers
  that are nobody else's. Withdrawal holds for the past as well, so it alone takes rows out of an old frame. Expects CTE
  `named`, as `assignments_at` gives it.
#}
{% macro withdrawn_customers() -%}
    select distinct
        named.as_of,
        named.customer_id
    from named
    left join {{ ref('int_consent_withdrawn') }} as keys
        on named.identifier_key = keys.identifier_key
    left join {{ ref('int_customer_consent') }} as people
        on named.customer_id = people.customer_id and people.analytics_word = 'refused'
    where keys.identifier_key is not null or people.customer_id is not null
{%- endmacro %}


{# One row per cut-off and customer: how many identifiers of which strength are known. #}
{% macro feature_identifiers() -%}
    select
        held.as_of,
        held.customer_id,
        count(*) as n_identifiers,
        {{ count_if("identifier.type in ('device_id', 'cookie')") }} as n_browsers,
        {{ count_if("identifier.type in (" ~ literals(var('strong_identifier_types')) ~ ")") }} > 0 as is_known
    from (
        select distinct
            as_of,
            customer_id,
            identifier_key
        from assigned
        where {{ of_this_part('customer_id') }}
    ) as held
    left join {{ source('identity', 'identifier') }} as identifier
        on held.identifier_key = identifier.identifier_key
    group by held.as_of, held.customer_id
{%- endmacro %}
