{# Weight of something `days` ago in millionths, halved every half-life; integers, so that sums are exact. #}
{% macro decay(days) -%}
    cast(round(1000000 * pow(0.5, {{ days }} / {{ var('affinity_half_life_days') }}.0)) as bigint)
{%- endmacro %}


{# The name with the largest number, the first in the alphabet of equals; `.seen` of it, null without any. #}
{% macro first_by(number, name, condition) -%}
    {{ return(adapter.dispatch('first_by', 'concierge')(number, name, condition)) }}
{%- endmacro %}

{% macro default__first_by(number, name, condition) -%}
    min(case when {{ condition }} then struct_pack(rank := -({{ number }}), seen := {{ name }}) end)
{%- endmacro %}


{# Products bought or looked at in the last 365 days, by customer and day. #}
{% macro feature_product_rows() -%}
    select
        as_of,
        customer_id,
        product_id,
        category,
        brand,
        event_date,
        days_ago,
        n_views,
        n_cart_adds,
        n_lines,
        n_discounted_lines,
        amount,
        list_amount,
        discount_amount,
        discounted_amount
    from {{ visible_rows(ref('int_identifier_product_daily')) }} as visible
    where days_ago <= 365
{%- endmacro %}


{# Interest in attributes of products (brand=…, colour=…) over the horizon; the event's brand where the catalogue has none. #}
{% macro feature_attribute_interest() -%}
    with interest as (

        select
            as_of,
            customer_id,
            product_id,
            brand,
            sum((n_views + 3 * n_cart_adds + 5 * n_lines) * {{ decay('days_ago') }}) as score
        from product_rows
        where
            days_ago <= {{ var('affinity_horizon_days') }}
            and coalesce(category, '') not in (select category from {{ ref('int_sensitive_categories') }})
            and coalesce(product_id, '') not in (select delicate_products.product_id from delicate_products)
        group by as_of, customer_id, product_id, brand

    ),

    told as (

        {% for name in var('affinity_attributes') -%}
        select
            interest.as_of,
            interest.customer_id,
            '{{ name }}' as attribute,
            {% if name == 'brand' -%} coalesce(products.brand, interest.brand) {%- else -%} products.{{ name }} {%- endif %} as value,
            interest.score
        from interest
        {{ 'left' if name == 'brand' else 'inner' }} join products
            on interest.as_of = products.as_of and interest.product_id = products.product_id
        where {% if name == 'brand' -%} coalesce(products.brand, interest.brand) {%- else -%} products.{{ name }} {%- endif %} is not null
        {{ "union all" if not loop.last }}
        {% endfor %}

    )

    select
        as_of,
        customer_id,
        attribute,
        value,
        cast(sum(score) as bigint) as score
    from told
    group by as_of, customer_id, attribute, value
{%- endmacro %}


{# One row per cut-off and customer: the five attributes liked best with their share of the interest in their kind. #}
{% macro feature_tastes() -%}
    select
        as_of,
        customer_id,
        {{ first_by('score', 'value', "attribute = 'brand'") }} as top_brand,
        max(case when attribute = 'brand' then {{ ratio('score', 'total') }} end) as top_brand_share,
        {{ ranked_map('member', 'place', 5) }} as attribute_affinity
    from (
        select
            *,
            case when place <= 5 then {{ map_member("concat(attribute, '=', value)", ratio('score', 'total')) }} end
                as member
        from (
            select
                *,
                sum(score) over (partition by as_of, customer_id, attribute) as total,
                row_number() over (partition by as_of, customer_id order by score desc, attribute, value) as place
            from attribute_interest
        ) as ranked
    ) as told
    group by as_of, customer_id
{%- endmacro %}
