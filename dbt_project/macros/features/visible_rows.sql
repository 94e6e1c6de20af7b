{#
  Which customer each identifier belonged to on which days, at every cut-off, by what was known then. One row per cut-off, identifier and slice [valid_from_date,
  valid_to_date); most identifiers have one slice. Expects a CTE `cutoffs (as_of, known_at)`: the identities believed
  just before known_at.
#}
{% macro assignments_at() -%}
    select
        cutoffs.as_of,
        assignment.identifier_key,
        assignment.canonical_id as customer_id,
        cast(assignment.valid_from as date) as valid_from_date,
        cast(assignment.valid_to as date) as valid_to_date
    from {{ source('identity', 'identity_assignment') }} as assignment
    inner join cutoffs
        on {{ unestimated('assignment.system_from < cutoffs.known_at and assignment.system_to >= cutoffs.known_at') }}
    {%- if only_touched() %}
    where assignment.identifier_key in (select identifier_key from {{ source('refresh', 'identifier') }})
    {%- endif %}
{%- endmacro %}


{#
  Bounds of time of a join whose effect DuckDB does not guess: it believes that they leave few rows, and then keeps daily
  rows of 60 columns in memory to look up identifiers in them, not the other way round. An hourly run looks up few
  identifiers, and is left to its guess.
#}
{% macro unestimated(bounds) -%}
    {{ bounds if only_touched() else 'coalesce(' ~ bounds ~ ', false)' }}
{%- endmacro %}


{# A number for each customer of CTE `named`, in the order of their ids. #}
{% macro customer_numbers() -%}
    select
        customer_id,
        row_number() over (order by customer_id) as customer_number
    from (select distinct customer_id from named) as customers
{%- endmacro %}


{# The rows of `named`, as `assignments_at` gives it, with the number of CTE `numbered` for a customer's id. #}
{% macro numbered_assignments() -%}
    select
        named.as_of,
        named.identifier_key,
        numbered.customer_number as customer_id,
        named.valid_from_date,
        named.valid_to_date
    from named
    inner join numbered on named.customer_id = numbered.customer_id
{%- endmacro %}


{#
  Daily rows that a cut-off may see, each with its customer and its age in days: cut by day of occurrence and by day
  of arrival. The login in force counts from its own arrival on; before that the browser stands for itself.
  Expects CTEs `cutoffs (as_of)` and `assigned`, as `assignments_at` gives it. Rows of `everybody`, or of the customers
  that the statement is about (`by_parts`).
#}
{% macro visible_rows(relation, everybody=false) -%}
    (
        select
            daily.*,
            cutoffs.as_of,
            {{ days_between('daily.event_date', 'cutoffs.as_of') }} as days_ago,
            coalesce(logins.customer_id, anchors.customer_id) as customer_id
        from {{ relation }} as daily
        inner join cutoffs
            on {{ unestimated(
                'cast(daily.event_date as timestamp) < cutoffs.as_of'
                ~ ' and cast(daily.received_date as timestamp) < cutoffs.as_of'
                ~ ' and ' ~ days_between('daily.event_date', 'cutoffs.as_of') ~ ' >= 0'
            ) }}
        left join assigned as anchors
            on
                daily.anchor_key = anchors.identifier_key
                and cutoffs.as_of = anchors.as_of
                and {{ slice_covers('anchors', 'daily.event_date') }}
        left join assigned as logins
            on
                daily.login_key = logins.identifier_key
                and cutoffs.as_of = logins.as_of
                and {{ slice_covers('logins', 'daily.event_date') }}
                and cast(daily.login_known_date as timestamp) < cutoffs.as_of
        where
            coalesce(logins.customer_id, anchors.customer_id)
            {{ 'is not null' if everybody else every_part() }}
            and {{ may_be_touched('daily') }}
    )
{%- endmacro %}
