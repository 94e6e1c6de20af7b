{#
  True for the row that arrived first among those of the same `partition` within `reach` of it along `order_column`
  (an integer: day number, or seconds). Decided by earlier arrivals alone, so a late row never unmakes a first one,
  and by a neighbourhood alone, so the answer does not depend on how days are cut into batches.
  `tie` orders rows that arrived together in the same place.
#}
{% macro is_first_arrival(partition, order_column, reach, tie) -%}
    (
        -- First in its place: asked of the row before, so that all windows but one share their order.
        coalesce(
            lag({{ order_column }}) over (partition by {{ partition }} order by {{ order_column }}, received_at, {{ tie }})
            <> {{ order_column }}, true
        )
        and coalesce(
            min(received_at) over (
                partition by {{ partition }} order by {{ order_column }}
                range between {{ reach }} preceding and 1 preceding
            ) > received_at, true
        )
        and coalesce(
            min(received_at) over (
                partition by {{ partition }} order by {{ order_column }}
                range between 1 following and {{ reach }} following
            ) >= received_at, true
        )
    )
{%- endmacro %}
