"""Each spoilt input ends with a clear line or a quarantine row; what is sound in it is kept."""

from __future__ import annotations

import gzip
import json
import math
import os
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from intake.chunk import UnreadableInputError
from intake.contract import SourceContract
from intake.inference.sample import read_sample
from intake.ingest import ingest
from intake.ops_store import OpsStore
from intake.paths import repository_root
from intake.project import Project
from intake.quarantine import read_quarantine
from intake.report import FileReport
from tests.intake.scene import click, contract, lake_rows, write_jsonl

PARQUET = contract(format="parquet")
CSV = contract(format="csv")


def take(project: Project, source: SourceContract, file: Path) -> FileReport:
    report = ingest(project, source, [file]).files[0]
    assert "\n" not in report.message
    return report


def test_a_truncated_parquet_file(project: Project, store: OpsStore, tmp_path: Path) -> None:
    file = tmp_path / "clicks.parquet"
    pq.write_table(pa.Table.from_pylist([click(str(number)) for number in range(500)]), file)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    report = take(project, PARQUET, file)
    assert report.state == "unreadable"
    assert report.message.startswith(f"{file}: cannot be read as parquet: cut short or not parquet")
    assert store.batches() == []
    assert [alert.cause for alert in store.list_alerts("open")] == ["intake:unreadable:clicks:clicks.parquet"]

    file.write_bytes(whole)
    assert take(project, PARQUET, file).accepted == 500
    assert store.list_alerts("open") == []


VIEWS = pa.schema([
    ("id", pa.string_view()), ("at", pa.timestamp("ns")), ("type", pa.dictionary(pa.int8(), pa.string())),
    ("product", pa.struct({"sku": pa.string_view()})), ("login", pa.decimal128(38, 0)),
    ("facts", pa.map_(pa.string(), pa.string_view())), ("tags", pa.list_(pa.string_view())),
])  # fmt: skip


FAR = pa.struct({"x": pa.timestamp("us")})


def test_parquet_of_every_writer_is_read(project: Project, tmp_path: Path) -> None:
    """Views as Polars and DataFusion write them, maps as Spark does; an object where text belongs is JSON text."""
    file = tmp_path / "clicks.parquet"
    at = datetime(2017, 5, 1, 10, tzinfo=UTC).replace(tzinfo=None)
    row = {"id": "1", "at": at, "type": "product_viewed", "product": {"sku": "p1"}, "login": Decimal(7)}
    rows = [{**row, "facts": [("colour", "red")], "tags": ["new"]}, {**row, "id": "2", "type": "odd"}]
    pq.write_table(pa.Table.from_pylist(rows, VIEWS), file)
    properties = {"colour": "facts.colour", "tag": "tags.0", "facts": "facts"}
    report = take(project, contract(format="parquet", properties=properties), file)
    assert (report.accepted, report.reasons) == (1, {"unknown_event_type": 1})
    (event,) = lake_rows(project)
    assert event["product_id"] == '{"sku":"p1"}'
    assert json.loads(event["properties"]) == {"colour": "red", "tag": "new", "facts": {"colour": "red"}}


def test_parquet_with_times_beyond_the_calendar_and_a_name_twice(project: Project, tmp_path: Path) -> None:
    """Python knows the years 1 to 9999; what others wrote is set aside, and a moment keeps its zone."""
    file = tmp_path / "clicks.parquet"
    at = pa.array([1_493_632_800_000_000, 2**62, -(2**62)], pa.timestamp("us"))
    seen = pa.array([1_493_632_800_000_000] * 3, pa.timestamp("us", "Asia/Tokyo"))
    table = pa.Table.from_pylist([click(str(number)) for number in range(3)]).drop_columns(["at"])
    parts = {"at": at, "seen": seen, "far": pa.array([{"x": value} for value in [2**62] * 3]).cast(FAR), "again": seen}
    table = pa.table([*table.columns, *parts.values()], names=[*table.column_names, "at", "seen", "far", "seen"])
    pq.write_table(table, file)
    assert read_sample(file).rows == 3
    rest = contract(format="parquet", properties="rest", time_zone="Europe/Berlin")
    report = take(project, rest, file)
    assert (report.accepted, report.reasons) == (1, {"future_timestamp": 1, "before_history": 1})
    (event,) = lake_rows(project)
    properties = json.loads(event["properties"])
    assert properties["seen"] == properties["seen_2"] == "2017-05-01T10:00:00.000000Z"
    assert str(2**62) in properties["far"]["x"]
    named = contract(format="parquet", properties={"when": "seen"})
    assert "column 'seen' stands there twice; name the later one 'seen_2'" in take(project, named, file).message


def test_parquet_damaged_behind_a_sound_footer(project: Project, store: OpsStore, tmp_path: Path) -> None:
    file = tmp_path / "clicks.parquet"
    pq.write_table(pa.Table.from_pylist([click(str(number)) for number in range(500)]), file, compression="zstd")
    damaged = bytearray(file.read_bytes())
    damaged[4:400] = bytes(396)
    file.write_bytes(bytes(damaged))
    assert take(project, PARQUET, file).state == "unreadable"
    assert store.visible_files() == []


def test_a_csv_with_a_wrong_header(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "clicks.csv"
    file.write_text("id,type,time,product,login\n1,product_viewed,2017-05-01T10:00:00Z,p1,ann\n")
    report = take(project, CSV, file)
    assert report.state == "unreadable"
    assert report.message == (
        f"{file}: wrong header: column 'at' is missing (the file has: id, type, time, product, login)"
    )


def test_csv_rows_with_too_few_or_too_many_fields(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "clicks.csv"
    sound = "{},product_viewed,2017-05-01T10:00:00Z,p1,ann\n"
    file.write_text(
        "id,type,at,product,login\n" + sound.format(1) + "2,product_viewed\n" + sound.format(3) + "a,b,c,d,e,f\n"
    )
    report = take(project, CSV, file)
    assert (report.rows_read, report.accepted, report.reasons) == (4, 2, {"malformed_record": 2})
    rows = read_quarantine(project.paths, "clicks", report.batch_id)
    assert [(row.row_number, row.original) for row in rows] == [(3, b"2,product_viewed"), (5, b"a,b,c,d,e,f")]


def test_quarantined_csv_rows_have_the_number_an_editor_shows(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "clicks.csv"
    sound = "{},product_viewed,{},p1,ann\n"
    rows = [sound.format(1, "2017-05-01"), "cut\n", sound.format(2, "never"), sound.format(3, "2090-01-01")]
    file.write_text("id,type,at,product,login\n" + "".join(rows))
    report = take(project, CSV, file)
    found = read_quarantine(project.paths, "clicks", report.batch_id)
    assert [(row.row_number, row.reason) for row in found] == [
        (3, "malformed_record"),
        (4, "invalid_timestamp:occurred_at"),
        (5, "future_timestamp"),
    ]


def test_json_lines_cut_in_the_middle(project: Project, tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "clicks.jsonl", [click("1"), click("2"), click("3")])
    content = file.read_bytes()[:-20]
    file.write_bytes(content)
    report = take(project, contract(), file)
    assert (report.rows_read, report.accepted, report.reasons) == (3, 2, {"malformed_record": 1})
    (row,) = read_quarantine(project.paths, "clicks", report.batch_id)
    assert (row.row_number, row.original) == (3, content.splitlines()[2])


def test_json_lines_that_are_no_objects_or_no_text(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "clicks.jsonl"
    sound = json.dumps(click("1")).encode()
    file.write_bytes(b"[1, 2]\n\n" + sound + b"\nnull\n\xff\xfe\n{]\n")
    report = take(project, contract(), file)
    assert (report.rows_read, report.accepted, report.reasons) == (5, 1, {"malformed_record": 4})
    assert [row.row_number for row in read_quarantine(project.paths, "clicks", report.batch_id)] == [1, 4, 5, 6]


def test_json_lines_as_windows_and_python_write_them(project: Project, tmp_path: Path) -> None:
    """A byte order mark, NaN and Infinity; a whole float among texts is the id that it was; half a letter is none."""
    file = tmp_path / "clicks.jsonl"
    rows = [click("1", price=math.nan, product=7), click("2", price=math.inf, product="p2"), click("3", product=7.0)]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    half = json.dumps(click("4", price=math.nan, product="\ud800")) + "\n"
    file.write_bytes(b"\xef\xbb\xbf" + (lines + half).encode())
    priced = contract(columns={"occurred_at": "at", "product_id": "product", "unit_price": "price"})
    report = take(project, priced, file)
    assert (report.accepted, report.reasons) == (2, {"invalid_number:unit_price": 1, "malformed_record": 1})
    assert [(event["event_id"], event["product_id"]) for event in lake_rows(project)] == [("1", "7"), ("3", "7")]
    assert read_sample(file).rows == 3

    file.write_bytes(lines.encode("utf-16"))
    assert "written in UTF-16" in take(project, priced, file).message
    with pytest.raises(UnreadableInputError, match="UTF-16"):
        read_sample(file)


def test_a_line_may_be_an_array_of_objects(project: Project, tmp_path: Path) -> None:
    """As webhooks post them; each object is a row, with its own bytes where it is set aside."""
    file = tmp_path / "clicks.jsonl"
    posts = [
        json.dumps([click("1"), click("2", type="odd")]),
        json.dumps(click("3")),
        "[]",
        "[7]",
        json.dumps([click("4")]),
    ]
    file.write_text("\ufeff" + "\n".join(posts))
    report = take(project, contract(), file)
    assert (report.rows_read, report.accepted) == (6, 3)
    assert report.reasons == {"unknown_event_type": 1, "malformed_record": 2}
    originals = [row.original for row in read_quarantine(project.paths, "clicks", report.batch_id)]
    assert originals == [json.dumps(click("2", type="odd")).encode(), b"[]", b"[7]"]
    assert read_sample(file).rows == 4


def test_a_compressed_stream_that_ends_early(project: Project, store: OpsStore, tmp_path: Path) -> None:
    file = tmp_path / "clicks.jsonl.gz"
    packed = gzip.compress(b"".join(json.dumps(click(str(n))).encode() + b"\n" for n in range(1000)))
    file.write_bytes(packed[: len(packed) // 2])
    report = take(project, contract(), file)
    assert report.state == "unreadable"
    assert "ends early" in report.message
    assert store.visible_files() == []
    file.write_bytes(packed)
    assert take(project, contract(), file).accepted == 1000


def test_plain_text_that_calls_itself_compressed(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "clicks.csv.gz"
    file.write_text("id,type,at,product,login\n")
    assert take(project, CSV, file).state == "unreadable"


def test_an_unknown_event_type(project: Project, tmp_path: Path) -> None:
    report = take(project, contract(), write_jsonl(tmp_path / "a.jsonl", [click("1", type="teleported"), click("2")]))
    assert (report.accepted, report.reasons) == (1, {"unknown_event_type": 1})
    (row,) = read_quarantine(project.paths, "clicks", report.batch_id)
    assert json.loads(row.original) == click("1", type="teleported")


@pytest.mark.parametrize(
    ("at", "reason"),
    [
        ("2090-01-01T00:00:00Z", "future_timestamp"),
        ("1969-12-31T00:00:00Z", "before_history"),
        ("0001-01-01T00:00:00Z", "before_history"),
        ("9999-12-31T23:59:59Z", "future_timestamp"),
        ("31st of May", "invalid_timestamp:occurred_at"),
        (None, "missing_field:occurred_at"),
    ],
)
def test_times_that_cannot_be(project: Project, tmp_path: Path, at: str | None, reason: str) -> None:
    report = take(project, contract(), write_jsonl(tmp_path / "a.jsonl", [click("1", at=at)]))
    assert (report.accepted, report.reasons) == (0, {reason: 1})
    assert lake_rows(project) == []


@pytest.mark.parametrize(
    ("amount", "reason"),
    [
        (-0.01, "negative:amount"),
        (1e9, "absurd:amount"),
        (1e300, "invalid_number:amount"),
        ("ten", "invalid_number:amount"),
    ],
)
def test_amounts_that_cannot_be(project: Project, tmp_path: Path, amount: object, reason: str) -> None:
    source = contract(columns={"occurred_at": "at", "product_id": "product", "amount": "amount"})
    report = take(project, source, write_jsonl(tmp_path / "a.jsonl", [click("1", amount=amount)]))
    assert report.reasons == {reason: 1}


@pytest.mark.parametrize("format_", ["parquet", "csv", "jsonl"])
def test_an_empty_file(project: Project, store: OpsStore, tmp_path: Path, format_: str) -> None:
    file = tmp_path / f"clicks.{format_}"
    file.touch()
    report = take(project, contract(format=format_), file)
    assert (report.state, report.message) == ("empty", f"{file}: no rows in it")
    assert store.batches() == []
    assert store.list_alerts() == []


def test_files_with_a_header_and_no_rows(project: Project, tmp_path: Path) -> None:
    table, text = tmp_path / "none.parquet", tmp_path / "none.csv"
    pq.write_table(pa.table({name: pa.array([], pa.string()) for name in click("1")}), table)
    text.write_text(",".join(click("1")) + "\n")
    assert take(project, PARQUET, table).state == "empty"
    assert take(project, CSV, text).state == "empty"


def test_a_folder_and_a_missing_file(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "folder.jsonl"
    folder.mkdir()
    assert take(project, contract(), folder).message == f"{folder}: is not a file"
    missing = tmp_path / "missing.jsonl"
    report = ingest(project, contract(), [missing])
    assert report.failed
    assert report.files[0].message == f"{missing}: cannot be read: No such file or directory"


def test_one_bad_file_does_not_stop_the_others(project: Project, tmp_path: Path) -> None:
    bad, good = tmp_path / "missing.jsonl", write_jsonl(tmp_path / "good.jsonl", [click("1")])
    report = ingest(project, contract(), [bad, good])
    assert [file.state for file in report.files] == ["unreadable", "ingested"]
    assert not report.failed
    assert report.total("accepted") == 1


@pytest.mark.parametrize("login", ["", None, "a" * 600, "a\x00b", "\u0085\u0007", "line\nbreak"])
def test_an_identifier_that_cannot_be_one_is_left_out_and_its_event_stays(
    project: Project, tmp_path: Path, login: str | None
) -> None:
    report = take(project, contract(), write_jsonl(tmp_path / "a.jsonl", [click("1", login=login)]))
    assert (report.accepted, report.quarantined) == (1, 0)
    assert [row["identifiers"] for row in lake_rows(project)] == [[]]


@pytest.mark.parametrize("kind", [pa.string(), pa.binary(), pa.large_binary(), pa.dictionary(pa.int32(), pa.string())])
def test_bytes_that_are_no_text_spoil_only_their_own_value(project: Project, tmp_path: Path, kind: pa.DataType) -> None:
    large = pa.types.is_large_binary(kind)
    words = pa.array([b"\xff\xfe", b"ann"], pa.large_binary() if large else pa.binary())
    if pa.types.is_dictionary(kind):
        logins = pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int32()), words.view(pa.string()))
    else:
        logins = words.view(kind)
    table = pa.Table.from_pylist([click("1"), click("2")]).drop_columns(["login"]).append_column("login", logins)
    pq.write_table(table, tmp_path / "clicks.parquet")
    assert take(project, PARQUET, tmp_path / "clicks.parquet").accepted == 2
    assert [len(row["identifiers"]) for row in lake_rows(project)] == [0, 1]


def test_a_csv_with_bytes_that_are_no_text(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "clicks.csv"
    line = b"%d,product_viewed,2017-05-01T10:00:00Z,p1,%b\n"
    file.write_bytes(b"id,type,at,product,login\n" + line % (1, b"caf\xe9") + line % (2, b"ann"))
    assert take(project, CSV, file).accepted == 2
    assert [len(row["identifiers"]) for row in lake_rows(project)] == [0, 1]


@pytest.mark.parametrize(("encoding", "bad"), [("cp1252", b"\x81"), ("utf-16-le", b"\x00\xd8"), ("latin1", b"")])
def test_bytes_that_an_encoding_lacks_spoil_only_their_own_value(
    project: Project, tmp_path: Path, encoding: str, bad: bytes
) -> None:
    file = tmp_path / "clicks.csv"
    rows = "id,type,at,product,login\n1,product_viewed,2017-05-01,Zoë|,ann\n2,product_viewed,2017-05-01,p2,bob\n"
    before, after = rows.split("|")
    file.write_bytes(before.encode(encoding) + bad + after.encode(encoding))
    report = take(project, contract(format="csv", encoding=encoding), file)
    assert (report.accepted, report.message) == (2, "")
    assert [event["product_id"] for event in lake_rows(project)] == ["Zoë\ufffd" if bad else "Zoë", "p2"]


def test_a_file_of_another_encoding_is_told(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "clicks.csv"
    file.write_text("id,type,at,product,login\n")
    assert "not written in utf-16" in take(project, contract(format="csv", encoding="utf-16"), file).message


def test_a_file_without_read_permission(project: Project, tmp_path: Path) -> None:
    file = write_jsonl(tmp_path / "closed.jsonl", [click("1")])
    file.chmod(0)
    program = (
        "import sys; from pathlib import Path; from intake.content_hash import content_hash\n"
        "from intake.chunk import UnreadableInputError\n"
        "try: content_hash(Path(sys.argv[1]))\n"
        "except UnreadableInputError as error: sys.stdout.write(str(error))\n"
    )
    # root reads everything; a child without that privilege does not.
    drop = "import os; os.setgroups([]); os.setgid(65534); os.setuid(65534)\n" if os.geteuid() == 0 else ""
    imports, rest = program.split("\n", 1)
    preload = "from intake.chunk import UnreadableInputError as _; from intake import content_hash as _h\n"
    for folder in [tmp_path, *tmp_path.parents][:3]:
        folder.chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-c", imports + "\n" + preload + drop + rest, str(file)],
        capture_output=True, text=True, cwd=repository_root(), check=True,
    )  # fmt: skip
    assert done.stdout == f"{file}: no permission to read it"


def test_a_spreadsheet_in_utf_16_is_told_and_read(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "wide.csv"
    file.write_bytes("id;type;at;product;login\n1;product_viewed;2017-05-01 10:00;größe;zoë\n".encode("utf-16"))
    source = contract(format="csv", delimiter=";")
    report = ingest(project, source, [file]).files[0]
    assert (report.state, "encoding: utf-16" in report.message) == ("unreadable", True)
    assert ingest(project, contract(format="csv", delimiter=";", encoding="utf-16"), [file]).files[0].accepted == 1
    assert lake_rows(project)[0]["product_id"] == "größe"
    sample = read_sample(file)
    assert (sample.encoding, sample.delimiter, next(iter(sample.columns))) == ("utf-16", ";", "id")
