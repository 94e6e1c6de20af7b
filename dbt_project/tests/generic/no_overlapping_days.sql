{# Spells of days [from_date, to_date) of one key follow each other: none is empty, none reaches into the next. #}
{% test no_overlapping_days(model, key, from_date, to_date) %}
select
    {{ key }},
    {{ from_date }},
    {{ to_date }}
from (
    select
        {{ key }},
        {{ from_date }},
        {{ to_date }},
        lead({{ from_date }}) over (partition by {{ key }} order by {{ from_date }}) as next_from_date
    from {{ model }}
) as spells
where {{ from_date }} >= {{ to_date }} or {{ to_date }} > next_from_date
{% endtest %}
