{#
  The columns of a training frame out of `features`: all of them, or with CONCIERGE_FRAME=models what models learn from
  (`meta: {feature: {model: true}}`), keys and moments. The others are null then, and what would make them is not
  computed: 72 of 230 columns took 60 % of the CPU time. Asked of the environment when the SQL is made, as in `only_touched`.
#}
{% macro frame_feature_columns(labels) -%}
    {%- set asked = env_var('CONCIERGE_FRAME', 'everything') if execute else 'everything' -%}
    {%- if asked not in ['everything', 'models'] -%}
        {{ exceptions.raise_compiler_error("CONCIERGE_FRAME: '" ~ asked ~ "' is neither 'everything' nor 'models'") }}
    {%- endif -%}
    {%- if asked == 'everything' or model is not mapping -%}
    features.*
    {%- else -%}
    {%- for name, column in model.columns.items() if name not in labels %}
    {% if is_for_models(column) -%}
    features.{{ name }}
    {%- else -%}
    cast(null as {{ column.data_type }}) as {{ name }}
    {%- endif -%}
    {{ "," if not loop.last }}
    {%- endfor %}
    {%- endif -%}
{%- endmacro %}


{# Whether a column is a feature that models learn from, or else a key or a moment, which rows are ordered and cut by. #}
{% macro is_for_models(column) -%}
    {%- set held = column.get('meta') or column.get('config', {}).get('meta') or {} -%}
    {%- set feature = held.get('feature') -%}
    {{ return(not feature or feature.get('model', false) or column.data_type.startswith('timestamp')) }}
{%- endmacro %}
