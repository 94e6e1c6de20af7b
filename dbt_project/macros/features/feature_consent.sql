{#
  One row per cut-off and customer who has spoken about consent. Per identifier the last word counts; over the
  identifiers of a customer the most restrictive one. Null where nobody has spoken.
#}
{% macro feature_consent() -%}
    select
        as_of,
        customer_id,
        {% for purpose in var('consent_defaults') -%}
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
                order by consent.occurred_at desc, consent.received_at desc, consent.event_id desc
            ) as place
        from {{ ref('int_consent_events') }} as consent
        inner join assigned
            on
                consent.identifier_key = assigned.identifier_key
                and {{ slice_covers('assigned', 'consent.event_date') }}
                and cast(consent.event_date as timestamp) < assigned.as_of
                and cast(consent.received_date as timestamp) < assigned.as_of
    ) as ranked
    where place = 1
    group by as_of, customer_id
{%- endmacro %}


{# A purpose's flag, or the default of dbt_project.yml where nobody has spoken. #}
{% macro consent_flag(purpose) -%}
    coalesce(consent.{{ purpose }}, {{ var('consent_defaults')[purpose] | lower }})
{%- endmacro %}


{# One row per cut-off and customer: how many identifiers of which strength are known. #}
{% macro feature_identifiers() -%}
    select
        held.as_of,
        held.customer_id,
        count(*) as n_identifiers,
        {{ count_if("identifier.type in ('device_id', 'cookie')") }} as n_browsers,
        {{ count_if("identifier.type in (" ~ literals(var('strong_identifier_types')) ~ ")") }} > 0 as is_known
    from (select distinct as_of, customer_id, identifier_key from assigned) as held
    left join {{ source('identity', 'identifier') }} as identifier
        on held.identifier_key = identifier.identifier_key
    group by held.as_of, held.customer_id
{%- endmacro %}
