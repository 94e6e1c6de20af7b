"""Read one published snapshot version."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import lmdb
import msgspec

from serving.click_evidence import KEY as CLICKS
from serving.click_evidence import ClickDrivers
from serving.experiments.learned import Learned, read_learned
from serving.placement import Placement
from serving.policy import Policy
from serving.row_condition import RowConditionError
from serving.segment_definitions import KEY, SegmentDefinitions
from serving.snapshot.delta import Delta, merged
from serving.snapshot.environment import SharedEnvironment, category_key, identifier_key, place_key
from serving.snapshot.manifest import DATA_FILE, Manifest, read_manifest
from serving.snapshot.records import (
    CHANGING,
    TABLES,
    DecisionRow,
    ProductRecord,
    ProfileRecord,
    PromiseRecord,
    ReviewRecord,
    SnapshotError,
)
from serving.snapshot.stored_profile import decode_profile, stored_profile
from serving.visit_scores import VISITS, VisitModel, VisitModelError

_PRODUCT = msgspec.msgpack.Decoder(ProductRecord)
_IDS = msgspec.msgpack.Decoder(list[str])
_DECISIONS = msgspec.msgpack.Decoder(list[DecisionRow])
_PROMISE = msgspec.msgpack.Decoder(PromiseRecord)
_REVIEWS = msgspec.msgpack.Decoder(list[ReviewRecord])
# Some 500 bytes each; the same few products stand in most carts, and reading one takes 2 µs.
_PRODUCTS_KEPT = 10_000


class SnapshotReader:
    """Lookups in one version, through one read transaction that lives as long as the reader.

    Where a version has changes beside its data file, every lookup and every walk through a table sees both as one.

    Opened by real path, after the worker has started and never before a fork. It does not check checksums: see
    `verify`.

    Raises:
        SnapshotError: the folder, the manifest, the data or a table is missing or unreadable.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self._products: dict[str, ProductRecord] = {}
        self.manifest: Manifest = read_manifest(self.folder)
        self.learned: Learned = self._learned()
        try:
            self._environment = SharedEnvironment(self.folder)
        except lmdb.Error as error:
            raise SnapshotError(f"{self.folder.name}: {DATA_FILE} cannot be opened: {error}") from error
        try:
            self._tables = {table: self._open_table(table) for table in TABLES}
            self._transaction = self._environment.lmdb.begin(buffers=True)
            self._delta = Delta(self.folder) if self.manifest.has_delta else None
        except BaseException:
            self._environment.release()
            raise

    def _learned(self) -> Learned:
        try:
            return read_learned(self.folder)
        except (msgspec.DecodeError, OSError) as error:
            raise SnapshotError(f"{self.folder.name}: what was learned cannot be read: {error}") from error

    def _open_table(self, table: str) -> Any:
        try:
            return self._environment.table(table)
        except lmdb.Error as error:
            raise SnapshotError(f"{self.folder.name}: table {table} is missing: {error}") from error

    @property
    def version(self) -> str:
        """Version name."""
        return self.manifest.version

    def customer_id(self, kind: str, value_hash: str) -> str | None:
        """Whose identifier this is, or None."""
        found = self._get("identifier", identifier_key(kind, value_hash))
        return None if found is None else str(found, "utf-8")

    def profile(self, customer_id: str) -> ProfileRecord | None:
        """One customer's record, or None."""
        found = self._get("profile", customer_id.encode())
        return None if found is None else decode_profile(found)

    def visitor(self, customer_id: str) -> ProfileRecord | None:
        """One customer's record, of which is decoded what is asked for; or None."""
        found = self._get("profile", customer_id.encode())
        return None if found is None else stored_profile(found)

    def product(self, product_id: str) -> ProductRecord | None:
        """One product's record, or None."""
        record = self._products.get(product_id)
        if record is None and (found := self._get("product", product_id.encode()) if product_id else None) is not None:
            if len(self._products) >= _PRODUCTS_KEPT:
                self._products.clear()
            record = self._products[product_id] = _PRODUCT.decode(found)
        return record

    def together(self, product_id: str) -> list[str]:
        """Products bought together with this one, best first; empty when none are known."""
        found = self._get("together", product_id.encode()) if product_id else None
        return [] if found is None else _IDS.decode(found)

    def popular(self, category: str = "") -> list[str]:
        """Popular products of a category, or of all of them."""
        found = self._get("popular", category_key(category))
        return [] if found is None else _IDS.decode(found)

    def promise(self, place: str = "") -> PromiseRecord | None:
        """How long deliveries to a place take, "" for all places; None where too few are known."""
        found = self._get("promise", place_key(place))
        return None if found is None else _PROMISE.decode(found)

    def reviews(self, product_id: str) -> list[ReviewRecord]:
        """Reviews of a product, best first."""
        found = self._get("review", product_id.encode()) if product_id else None
        return [] if found is None else _REVIEWS.decode(found)

    @cached_property
    def decisions(self) -> dict[tuple[str, int, str], list[DecisionRow]]:
        """Decision rows by (placement, segment_id, context_bucket), best first, ties by action name."""
        cells: dict[tuple[str, int, str], list[DecisionRow]] = {}
        for _, value in self.rows("decision"):
            for row in _DECISIONS.decode(value):
                cells.setdefault((row.placement, row.segment_id, row.context_bucket), []).append(row)
        for rows in cells.values():
            rows.sort(key=lambda row: (-row.score, row.action))
        return cells

    @cached_property
    def placements(self) -> dict[str, Placement]:
        """Placements by name."""
        return {p.name: p for p in (Placement.model_validate(item) for item in self._content("placements"))}

    @cached_property
    def policies(self) -> list[Policy]:
        """Policies, by name."""
        return [Policy.model_validate(item) for item in self._content("policies")]

    @cached_property
    def visit_model(self) -> VisitModel | None:
        """What scores visits under way, or None where nothing has been learned.

        Raises:
            SnapshotError: it cannot be read, or not be scored by this program.
        """
        found = self._get("content", VISITS)
        try:
            return None if found is None else VisitModel.decoded(bytes(found))
        except VisitModelError as error:
            raise SnapshotError(f"{self.folder.name}: {error}") from error

    @cached_property
    def segments(self) -> SegmentDefinitions:
        """Which segments a visit can move, and how.

        Raises:
            SnapshotError: it cannot be read, or not be judged by this program.
        """
        found = self._get("content", KEY)
        try:
            return SegmentDefinitions() if found is None else SegmentDefinitions.decoded(bytes(found))
        except RowConditionError as error:
            raise SnapshotError(f"{self.folder.name}: {error}") from error

    @cached_property
    def click_drivers(self) -> ClickDrivers:
        """What draws clicks, by segment.

        Raises:
            msgspec.DecodeError: it cannot be read.
        """
        found = self._get("content", CLICKS)
        return ClickDrivers() if found is None else ClickDrivers.decoded(bytes(found))

    def count(self, table: str) -> int:
        """Rows of a table, as LMDB counts them."""
        found = int(self._transaction.stat(self._tables[table])["entries"])
        for key, value in self.changed(table):
            found += bool(value) - (self.in_base(table, key) is not None)
        return found

    def rows(self, table: str) -> Sequence[tuple[bytes, bytes]]:
        """Every row of a table, in key order."""
        return list(self.stream(table))

    def stream(self, table: str) -> Iterator[tuple[bytes, bytes]]:
        """Every row of a table, in key order, one at a time."""
        return merged(self.stream_base(table), self.changed(table))

    def stream_base(self, table: str) -> Iterator[tuple[bytes, bytes]]:
        """Every row of a table of the data file, in key order, whatever has changed since."""
        for key, value in self._transaction.cursor(self._tables[table]):
            yield bytes(key), bytes(value)

    def changed(self, table: str) -> Iterator[tuple[bytes, bytes]]:
        """Rows that differ from the data file, in key order; an empty value says that there is none any more."""
        return iter(()) if self._delta is None or table not in CHANGING else self._delta.rows(table)

    def in_base(self, table: str, key: bytes) -> bytes | None:
        """The value that the data file has under a key, whatever has changed since."""
        found = self._transaction.get(key, db=self._tables[table])
        return None if found is None else bytes(found)

    def sample(self, table: str, n: int) -> list[tuple[bytes, bytes]]:
        """Up to `n` first rows of a table."""
        return list(islice(self.stream(table), n))

    def close(self) -> None:
        """End the transaction and unmap the files; no lookup may follow."""
        if self._delta is not None:
            self._delta.close()
        self._transaction.abort()
        self._environment.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _get(self, table: str, key: bytes) -> Any:
        if len(key) > 511:
            # LMDB refuses such keys with an exception; none was ever written.
            return None
        if self._delta is not None and table in CHANGING:
            found = self._delta.get(table, key)
            if found is not None:
                return found if len(found) else None
        return self._transaction.get(key, db=self._tables[table])

    def _content(self, name: str) -> list[Any]:
        found = self._get("content", name.encode())
        if found is None:
            raise SnapshotError(f"{self.folder.name}: content {name} is missing")
        decoded: list[Any] = msgspec.json.decode(found)
        return decoded
