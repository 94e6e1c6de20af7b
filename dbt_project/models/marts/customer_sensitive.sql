-- One row per customer and sensitive attribute, as last told by a source; for reports and fairness checks alone.
with told as (

    select * from {{ ref('int_events') }}
    where event_type = 'profile_updated' and not is_bot and properties like '%"sensitive"%'

),

members as (

    {{ explode_json_members(
        'told',
        ['event_id', 'occurred_at', 'received_at', 'event_date', 'source', 'anchor_key', 'login_key'],
        'properties',
        'sensitive'
    ) }}

),

ranked as (

    select
        {{ tracked_customer_of() }} as customer_id,
        members.name as attribute,
        members.value,
        members.source,
        members.occurred_at as told_at,
        row_number() over (
            partition by {{ tracked_customer_of() }}, members.name
            order by members.occurred_at desc, members.received_at desc, members.event_id desc
        ) as place
    from members
    {{ customer_joins('members') }}
    where members.value is not null

),

final as (

    select
        customer_id,
        attribute,
        value,
        source,
        told_at
    from ranked
    where place = 1 and customer_id is not null

)

select * from final
