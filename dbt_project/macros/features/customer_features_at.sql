{#
  Every feature of every customer at each cut-off of `cutoffs`, a query with columns `as_of` and `known_at`
  (UTC timestamps, see `assignments_at`).
  The one definition behind training and scoring: it sees what had occurred and had arrived before the cut-off,
  through the identities known then.
#}
{% macro customer_features_at(cutoffs) -%}
    with cutoffs as (select distinct as_of, known_at from ({{ cutoffs }}) as asked),

    assigned as ({{ assignments_at() }}),

    totals as ({{ feature_totals() }}),

    days as ({{ feature_days() }}),

    activity as ({{ feature_activity() }}),

    rhythm as ({{ feature_rhythm() }}),

    products as ({{ products_at() }}),

    category_spend as ({{ feature_category_spend() }}),

    categories as ({{ feature_categories() }}),

    browsed as ({{ feature_browsed_category() }}),

    consent as ({{ feature_consent() }}),

    regimes as ({{ consent_regimes() }}),

    withdrawn as ({{ withdrawn_customers() }}),

    known_identifiers as ({{ feature_identifiers() }})

    select {{ customer_feature_columns() }}
    from totals
    {% for part in ['activity', 'rhythm', 'categories', 'browsed', 'consent', 'known_identifiers'] -%}
    left join {{ part }} on totals.as_of = {{ part }}.as_of and totals.customer_id = {{ part }}.customer_id
    {% endfor %}
    {{ regime_joins('totals') }}
    left join withdrawn on totals.as_of = withdrawn.as_of and totals.customer_id = withdrawn.customer_id
    where {{ consent_flag('analytics') }} and withdrawn.customer_id is null
{%- endmacro %}


{# The columns of customer_features, in the order of its YAML. #}
{% macro customer_feature_columns() -%}
    totals.customer_id,
    totals.as_of,
    {{ order_feature_columns() }},
    {{ browsing_feature_columns() }},
    {{ context_feature_columns() }}
{%- endmacro %}
