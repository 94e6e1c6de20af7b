{#
  Which cut-offs a query is about: all of them, as far as the text says. The materialization `by_cutoff` puts one
  cut-off after the other in its place.
#}
{% macro one_cutoff() -%}
    {{ return('cutoff.as_of is not null') }}
{%- endmacro %}


{#
  A table that is filled a cut-off and a part of the customers at a time, so that its memory is that of one of them and
  its time grows with their number alone. The model filters `cutoff.as_of` by `one_cutoff()`. In
  one transaction: readers, and whoever dies on the way, see the old table.
#}
{% materialization by_cutoff, default %}
    {%- set target = this.incorporate(type='table') -%}
    {%- set existing = load_cached_relation(this) -%}
    {%- set building = make_intermediate_relation(target) -%}
    {%- set backup = make_backup_relation(target, 'table' if existing is none else existing.type) -%}
    {{ drop_relation_if_exists(load_cached_relation(building)) }}
    {{ drop_relation_if_exists(load_cached_relation(backup)) }}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}

    {%- set empty = compiled_code | replace(one_cutoff(), 'false') | replace(every_part(), 'is not null') -%}
    {%- call statement('main') -%}
        {{ create_table_as(False, building, empty) }}
    {%- endcall -%}
    {%- set asked = run_query('select distinct as_of from ' ~ source('ops', 'cutoff') ~ ' order by as_of') -%}
    {%- for as_of in asked.columns[0].values() -%}
        {%- set cutoff = "cutoff.as_of = cast('" ~ as_of ~ "' as timestamp)" -%}
        {%- set number = loop.index -%}
        {%- for part in by_parts(compiled_code | replace(one_cutoff(), cutoff)) -%}
        {%- call statement('cutoff_' ~ number ~ '_' ~ loop.index) -%}
            {{ insert_part(building, part) }}
        {%- endcall -%}
        {%- endfor -%}
    {%- endfor -%}

    {%- if existing is not none -%}
        {{ adapter.rename_relation(existing, backup) }}
    {%- endif -%}
    {{ adapter.rename_relation(building, target) }}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {%- do persist_docs(target, model) -%}
    {{ adapter.commit() }}
    {{ drop_relation_if_exists(backup) }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target]}) }}
{% endmaterialization %}
