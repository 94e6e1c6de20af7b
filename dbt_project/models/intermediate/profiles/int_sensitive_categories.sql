-- One row per category of goods whose name has a sensitive word: sold and reported, never a signal of a customer.
with categories as (

    select distinct category from {{ ref('int_product_categories') }}
    union
    select distinct category from {{ ref('int_identifier_category_daily') }}
    union
    select distinct line_category as category from {{ ref('int_order_lines') }}

),

words as (

    select word from {{ source('ops', 'sensitive_word') }}

),

final as (

    select distinct categories.category
    from categories
    inner join words
        on
            concat(' ', translate(lower(categories.category), '/_-&>|,.:;()+', '             '), ' ')
            like concat('% ', words.word, ' %')

)

select * from final
