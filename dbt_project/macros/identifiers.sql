{# Place of an identifier type in the order of strength; 1 is strongest, unknown types come last. #}
{% macro identifier_strength(type_expression) -%}
    case {{ type_expression }}
        {%- for name in var('identifier_types') %}
        when '{{ name }}' then {{ loop.index }}
        {%- endfor %}
        else 99
    end
{%- endmacro %}


{# The name list of a var as a SQL list of literals. #}
{% macro literals(names) -%}
    {%- for name in names -%}'{{ name }}'{{ ", " if not loop.last }}{%- endfor -%}
{%- endmacro %}


{#
  Whether the identifiers on a staged event may speak for a person. What a browser posts may not, unless the service
  checked a token of the shop and said so; of any source, what the service marked as a browser's may not.
#}
{% macro is_identity_trusted(alias) -%}
    {%- set properties = alias ~ '.properties' -%}
    (
        (
            coalesce({{ alias }}.source not in ({{ literals(var('untrusted_sources')) }}), true)
            or coalesce(
                {{ properties }} like '%"identity_verified"%'
                and {{ json_text(properties, 'identity_verified') }} = 'true',
                false
            )
        )
        and not coalesce(
            {{ properties }} like '%"identity_unverified"%'
            and {{ json_text(properties, 'identity_unverified') }} = 'true',
            false
        )
    )
{%- endmacro %}


{#
  The identifier that an event folds into, with fields type and value: the strongest that is no mere hint, but of an
  event that may not speak for a person the strongest of the browser. Or else anybody could act on the profile of an
  address they typed in. Null when there is none.
#}
{% macro strongest_identifier(identifiers, is_trusted) -%}
    {{ return(adapter.dispatch('strongest_identifier', 'concierge')(identifiers, is_trusted)) }}
{%- endmacro %}

{% macro default__strongest_identifier(identifiers, is_trusted) -%}
    case
        -- Most events carry one, which needs no comparing: a third of the time.
        when len({{ identifiers }}) = 1
            then case
                when {{ identifiers }}[1].type not in ({{ literals(var('hint_identifier_types')) }})
                    then struct_pack(
                        preference := 1,
                        strength := 1,
                        value := {{ identifiers }}[1].value,
                        type := {{ identifiers }}[1].type
                    )
            end
        else list_min(
            list_transform(
                list_filter(
                    {{ identifiers }}, lambda held: held.type not in ({{ literals(var('hint_identifier_types')) }})
                ),
                lambda held: struct_pack(
                    preference := case
                        when not {{ is_trusted }} and held.type in ({{ literals(var('weak_identifier_types')) }}) then 0
                        else 1
                    end,
                    strength := {{ identifier_strength('held.type') }},
                    value := held.value,
                    type := held.type
                )
            )
        )
    end
{%- endmacro %}
