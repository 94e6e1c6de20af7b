-- One row per segment: its persona card.
with profiles as (

    select * from {{ source('ml', 'segment_profile') }}

),

final as (

    select
        segment_id,
        as_of,
        segment_name,
        customers,
        share,
        description,
        evidence,
        top_categories,
        suggested_treatment,
        model_version
    from profiles

)

select * from final
