-- One row per customer with at least one event, at the run's moment truncated to the hour.
with features as (

    {{ customer_features_at(current_cutoff()) }}

)

select * from features
