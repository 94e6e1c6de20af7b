-- One row per refund, as it was first reported. All refunds of an order give back at most what it cost, oldest first;
-- what goes beyond is kept beside. Of an order that was never reported nobody knows the bound.
{{ config(materialized='view') }}
with final as (

    {{ refunds_bounded() }}

)

select * from final
