-- One row per purpose, country and region: how many customers said yes, no or nothing, and how many it is allowed for.
with final as (

    {{ consent_counts(ref('customer_consent')) }}

)

select * from final
