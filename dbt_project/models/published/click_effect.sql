-- One row per segment, attribute and level: how it draws clicks at the same place of a list.
with effects as (

    select * from {{ source('ml', 'click_effect') }}

),

final as (

    select
        segment,
        segment_name,
        attribute,
        attribute_rank,
        attribute_strength,
        level,
        effect,
        low,
        high,
        items_shown,
        clicks,
        is_beyond_noise,
        as_of,
        model_version
    from effects

)

select * from final
