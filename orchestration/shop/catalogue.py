"""What the shop sells: the best sellers of the published tables, with names that people can read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from orchestration.cli.published import Published

_PER_DEPARTMENT, _DEPARTMENTS = 24, 12
_PRODUCTS = f"""
with best as (
    select d.product_id, d.category, coalesce(d.product_name, d.product_type, d.category, d.product_id) as name,
        d.brand, d.package_size, cast(d.list_price as double) as price, p.n_orders,
        row_number() over (partition by d.category order by p.n_orders desc, d.product_id) as place,
        sum(p.n_orders) over (partition by d.category) as weight
    from marts.dim_product d join marts.product_popularity p using (product_id)
    where d.category is not null
)
select * from best where place <= {_PER_DEPARTMENT}
    and category in (
        select category from best group by category order by max(weight) desc, category limit {_DEPARTMENTS})
order by weight desc, category, place
"""
_ONE = """
select product_id, category, coalesce(product_name, product_type, category, product_id) as name, brand, package_size,
    cast(list_price as double) as price
from marts.dim_product where product_id = $1
"""


@dataclass(frozen=True)
class Product:
    """One product; price in the shop's currency, None where it is not known."""

    product_id: str
    department: str
    name: str
    detail: str
    price: float | None


class Catalogue:
    """Products by department, best sellers first; others are looked up when they are asked for."""

    def __init__(self, published: Published) -> None:
        self._published = published
        self.departments: dict[str, list[Product]] = {}
        for row in published.rows(_PRODUCTS):
            self.departments.setdefault(str(row["category"]), []).append(_product(row))
        self._known = {product.product_id: product for listed in self.departments.values() for product in listed}

    def product(self, product_id: str) -> Product | None:
        """One product, or None when nobody sells it."""
        if product_id not in self._known:
            rows = self._published.rows(_ONE, [product_id])
            if not rows:
                return None
            self._known[product_id] = _product(rows[0])
        return self._known[product_id]


def _product(row: dict[str, Any]) -> Product:
    told = [str(row[name]) for name in ("brand", "package_size") if row[name] is not None]
    price = None if row["price"] is None else float(row["price"])
    name = str(row["name"]).replace("/", " / ").capitalize()
    return Product(str(row["product_id"]), str(row["category"]), name, ", ".join(told), price)
