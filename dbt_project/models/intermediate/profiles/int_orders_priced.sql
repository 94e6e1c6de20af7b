-- One row per reported order with lines: what its goods cost by the price list, null where one of them is not on it.
-- A quantity or a price that is a mistake must not stop all the others: wide products, and none where they do not fit.
{{ config(materialized='view') }}
with final as (

    {{ orders_priced() }}

)

select * from final
