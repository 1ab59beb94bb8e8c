"""Makes malformed files from sound ones, always the same: cut, garbled, in other encodings, of other forms."""

from __future__ import annotations

import csv
import io
import json
import random
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import openpyxl
import pandas as pd

HEAD = ["customer_id", "time", "sales", "store_id"]
ROWS = [[f"C{i % 7}", f"2025-01-{1 + i % 28:02d} 1{i % 10}:05", f"{i}.25", f"Дом {i % 3}"] for i in range(40)]
YML = "receipts:\n  columns:\n    customer_id: customer_id\n    time: time\n    sales: sales\n"


def write_csv(rows: list[list[str]] = ROWS, head: list[str] = HEAD, **form: str) -> bytes:
    text = io.StringIO()
    csv.writer(text, **({"lineterminator": "\n"} | form)).writerows([head, *rows])
    return text.getvalue().encode()


def write_xlsx(
    rows: list[list[object]] = ROWS, head: list[object] = HEAD, change: Callable = lambda book: None
) -> bytes:
    book = openpyxl.Workbook()
    for row in [head, *rows]:
        book.active.append(row)
    change(book)
    data = io.BytesIO()
    book.save(data)
    return data.getvalue()


def write_parquet(frame: pd.DataFrame | None = None) -> bytes:
    data = io.BytesIO()
    (pd.DataFrame(ROWS, columns=HEAD).astype({"sales": float}) if frame is None else frame).to_parquet(data)
    return data.getvalue()


def write_duckdb(folder: Path, order: str) -> bytes:
    path = folder / "made.duckdb"
    path.unlink(missing_ok=True)
    frame = pd.DataFrame(ROWS, columns=HEAD)
    with duckdb.connect(str(path)) as base:
        base.from_df(frame).create("lines")
        base.execute(order)
    return path.read_bytes()


def cut(data: bytes, seed: int) -> bytes:
    return data[: random.Random(seed).randrange(1, len(data))]


def garble(data: bytes, seed: int) -> bytes:
    drawn = random.Random(seed)
    changed = bytearray(data)
    for _ in range(drawn.randrange(1, 20)):
        changed[drawn.randrange(len(changed))] = drawn.randrange(256)
    return bytes(changed)


def splice(data: bytes, seed: int) -> bytes:
    drawn = random.Random(seed)
    place = drawn.randrange(len(data))
    word = drawn.choice(
        [b"\0", b'"', b"\r", b"\n", b";", b"\xff\xfe", b"\xef\xbb\xbf", b",,,,", b"'", b"\x1a", b"\t", b"\\"]
    )
    return data[:place] + word * drawn.randrange(1, 4) + data[place:]


def list_texts() -> Iterator[tuple[str, bytes]]:
    """CSV files, each odd in one way."""
    sound = write_csv()
    text = sound.decode()
    lines = text.splitlines()
    for name in ("utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1251", "koi8-r", "cp866", "utf-7"):
        yield f"encoding {name}.csv", text.encode(name)
    for name in ("cp1252", "latin-1", "cp437", "mac_roman"):
        yield f"encoding {name}.csv", text.replace("Дом", "Hôtel ü").encode(name)
    yield "two encodings.csv", sound + text.encode("cp1251")
    yield "two marks.csv", b"\xef\xbb\xbf\xef\xbb\xbf" + sound
    yield "mark within.csv", sound + b"\xef\xbb\xbf" + sound
    for name, end in (
        ("return", "\r"),
        ("both", "\r\n"),
        ("twice", "\n\n"),
        ("odd", "\n\r"),
        ("line", "\u2028"),
        ("nel", "\x85"),
    ):
        yield f"ends {name}.csv", end.join(lines).encode()
    yield (
        "ends mixed.csv",
        "".join(line + "\n\r\n\r"[i % 3 : i % 3 + 1 + (i % 3 == 1)] for i, line in enumerate(lines)).encode(),
    )
    yield "no last end.csv", text.rstrip("\n").encode()
    yield "only head.csv", lines[0].encode()
    yield "only blanks.csv", b" \n \n\t\n"
    yield "only ends.csv", b"\n" * 5000
    yield "only commas.csv", b",,,\n" * 100
    yield "only nulls.csv", b"\0" * 4096
    yield "only mark.csv", b"\xef\xbb\xbf"
    yield "one sign.csv", b"x"
    yield "no head.csv", "\n".join(lines[1:]).encode()
    yield "twice a head.csv", (text + text).encode()
    for place in range(4):
        yield f"doubled head {place}.csv", write_csv(head=[*HEAD[:place], HEAD[(place + 1) % 4], *HEAD[place + 1 :]])
    yield "empty heads.csv", write_csv(head=["", "", "", ""])
    yield "one empty head.csv", write_csv(head=["customer_id", "time", "", "sales"])
    yield "long head.csv", write_csv(head=["customer_id", "time", "sales", "x" * 100_000])
    yield "quoted.csv", write_csv(quoting=csv.QUOTE_ALL)
    for i, mark in enumerate(('"', '""', '"""', '"a', 'a"', "'", "\\", '\\"', '"a"b"')):
        yield f"quote {i}.csv", text.replace("C3,", f"{mark},", 1).encode()
        yield f"quote at the end {i}.csv", (text + f"C1,2025-01-01,1,{mark}").encode()
    for i, rows in enumerate(
        ([["C1"]], [["C1", "2025-01-02"]], [["C1", "2025-01-02", "1", "a", "b"]], [[]], [[""] * 4], [[" "]])
    ):
        yield f"ragged {i}.csv", write_csv(rows=ROWS[:9] + rows + ROWS[9:])
        yield f"ragged at the end {i}.csv", write_csv(rows=ROWS + rows)
    cells = [
        "",
        " ",
        "NULL",
        "NaN",
        "inf",
        "-inf",
        "1e400",
        "1e5",
        "1,5",
        "1 000",
        "1.000,5",
        "0x10",
        "٣",
        "１",
        "=1+1",
        "#REF!",
        "-",
        "5-",
        "(5)",
        "1e-400",
        "9" * 400,
        "5 руб",
        "€5",
        "True",
        "None",
        "\0",
        "\x1f5",
        "\u200b5",
        "5\u00a0",
        "--5",
        "1.2.3",
        "1_000",
        "½",
    ]
    for i, cell in enumerate(cells):
        yield f"sales {i}.csv", write_csv(rows=[*ROWS[:5], ["C1", "2025-01-02", cell, "a"], *ROWS[5:]])
        yield f"customer {i}.csv", write_csv(rows=[*ROWS[:5], [cell, "2025-01-02", "5", "a"], *ROWS[5:]])
    days = [
        "",
        "2025-02-30",
        "31.12.2025",
        "12/31/2025",
        "2025-13-01",
        "0000-00-00",
        "99999",
        "45000",
        "2025-01-01T25:00",
        "yesterday",
        "1e9",
        "2025-01-01 10:00+03",
        "9999-12-31",
        "1900-01-00",
        "01.02.03",
        "2025-W01-1",
        "٢٠٢٥-٠١-٠١",
        "20250101",
        "1735689600",
        "10:05",
    ]
    for i, day in enumerate(days):
        yield f"time {i}.csv", write_csv(rows=[*ROWS[:5], ["C1", day, "5", "a"], *ROWS[5:]])
        yield f"all times {i}.csv", write_csv(rows=[[row[0], day, *row[2:]] for row in ROWS])
    for i, separator in enumerate(";\t|:^~ "):
        yield f"separator {i}.csv", write_csv(delimiter=separator)
    yield "separators mixed.csv", (";".join(HEAD) + "\n" + "\n".join(lines[1:])).encode()
    yield "wide cell.csv", write_csv(rows=[*ROWS, ["C1", "2025-01-01", "1", "x" * 3_000_000]])
    yield "wide quoted cell.csv", write_csv(rows=[*ROWS, ["C1", "2025-01-01", "1", "x,\n" * 300_000]])
    yield (
        "wide table.csv",
        write_csv(rows=[[*row, *["1"] * 1200] for row in ROWS], head=[*HEAD, *(f"n{i}" for i in range(1200))]),
    )
    yield "wider table.csv", write_csv(rows=[[*ROWS[0], *["1"] * 9000]], head=[*HEAD, *(f"n{i}" for i in range(9000))])
    yield "long blank.csv", sound + b"\n" * 300_000
    yield "long commas.csv", sound + b",,,\n" * 100_000
    yield "page.csv", b"<!DOCTYPE html><html><body><table><tr><td>a</td></tr></table></body></html>"
    yield "json.csv", json.dumps([dict(zip(HEAD, row, strict=True)) for row in ROWS]).encode()
    yield "zip.csv", write_xlsx()
    yield "parquet.csv", write_parquet()
    yield "picture.csv", bytes(random.Random(1).randbytes(5000))
    for seed in range(20):
        yield f"cut {seed}.csv", cut(sound, seed)
        yield f"garbled {seed}.csv", garble(sound, seed)
        yield f"spliced {seed}.csv", splice(sound, seed)


def change_part(data: bytes, name: str, change: Callable[[bytes], bytes | None]) -> bytes:
    """Change one part of a workbook; None takes it out."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for part in old.namelist():
            content = change(old.read(part)) if part == name else old.read(part)
            if content is not None:
                new.writestr(part, content)
    return made.getvalue()


def list_workbooks() -> Iterator[tuple[str, bytes]]:
    """Workbooks, each odd in one way."""
    sound = write_xlsx()
    with zipfile.ZipFile(io.BytesIO(sound)) as parts:
        names = parts.namelist()
    for i, name in enumerate(names):
        yield f"lacks {i}.xlsx", change_part(sound, name, lambda data: None)
        yield f"empty part {i}.xlsx", change_part(sound, name, lambda data: b"")
        yield f"cut part {i}.xlsx", change_part(sound, name, lambda data: data[: len(data) // 2])
        yield f"other part {i}.xlsx", change_part(sound, name, lambda data: b"<a/>")
    sheet = "xl/worksheets/sheet1.xml"
    for i, (old, new) in enumerate(
        (
            (b'r="A1"', b'r="A0"'),
            (b'r="A1"', b'r="XFE9999999"'),
            (b'r="A1"', b'r="1A"'),
            (b'<row r="2"', b'<row r="9"'),
            (b'<row r="2"', b'<row r="x"'),
            (b't="inlineStr"', b't="s"'),
            (b't="s"', b't="d"'),
            (b"<v>0</v>", b"<v>999999</v>"),
            (b"<v>0</v>", b"<v>-1</v>"),
            (b"<v>1</v>", b"<v></v>"),
            (b"<v>1</v>", b"<v>x</v>"),
            (b"<sheetData>", b"<sheetData><!DOCTYPE a>"),
            (b"</sheetData>", b""),
            (b'r="B2"', b'r="A2"'),
            (b'r="2"', b'r="1048577"'),
            (b't="s"', b't="e"'),
            (b't="s"', b't="b"'),
        )
    ):
        yield f"sheet {i}.xlsx", change_part(sound, sheet, lambda data, old=old, new=new: data.replace(old, new))

    def stray(column: int, row: int) -> Callable:
        return lambda book: book.active.cell(row, column, "x")

    for i, (column, row) in enumerate(((16384, 22), (16384, 1), (6, 22), (1, 200_000), (5, 1), (2000, 3))):
        yield f"stray {i}.xlsx", write_xlsx(change=stray(column, row))
    yield "two sheets.xlsx", write_xlsx(change=lambda book: book.create_sheet("b").append(["a", "b"]))
    yield "no rows.xlsx", write_xlsx(rows=[])
    yield "nothing.xlsx", write_xlsx(rows=[], head=[])
    values = [
        True,
        1e300,
        -1e300,
        "=1/0",
        "#DIV/0!",
        "x" * 32_767,
        45000,
        "",
        "\u200b",
        "_x000D_",
        0.1 + 0.2,
        "=A1",
        10**17,
    ]
    for i, value in enumerate(values):
        yield f"sales {i}.xlsx", write_xlsx(rows=[*ROWS[:5], ["C1", "2025-01-02", value, "a"], *ROWS[5:]])
        yield f"customer {i}.xlsx", write_xlsx(rows=[*ROWS[:5], [value, "2025-01-02", 5, "a"], *ROWS[5:]])
        yield f"time {i}.xlsx", write_xlsx(rows=[*ROWS[:5], ["C1", value, 5, "a"], *ROWS[5:]])
    yield "ole.xlsx", bytes.fromhex("d0cf11e0a1b11ae1") + b"\0" * 4096
    yield "text.xlsx", write_csv()
    for seed in range(25):
        yield f"cut {seed}.xlsx", cut(sound, seed)
        yield f"garbled {seed}.xlsx", garble(sound, seed)


def list_stores(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Parquet, DuckDB and other files, each odd in one way."""
    sound = write_parquet()
    frame = pd.DataFrame(ROWS, columns=HEAD)
    for seed in range(20):
        yield f"cut {seed}.parquet", cut(sound, seed)
        yield f"garbled {seed}.parquet", garble(sound, seed)
    odd = {
        "lists": frame.assign(sales=[[1]] * 40),
        "dicts": frame.assign(customer_id=[{"a": 1}] * 40),
        "flags": frame.assign(sales=True),
        "bytes": frame.assign(customer_id=b"\xff\xfe"),
        "floats": frame.assign(customer_id=[float(i) for i in range(39)] + [None], sales=1.0),
        "halves": frame.assign(customer_id=0.5, sales=1.0),
        "spans": frame.assign(time=pd.Timedelta(days=1), sales=1.0),
        "zones": frame.assign(time=pd.Timestamp("2025-01-01", tz="Europe/Moscow"), sales=1.0),
        "nothing": frame.head(0),
        "empty": frame.assign(sales=None),
        "infinite": frame.assign(sales=float("inf")),
        "huge": frame.assign(sales=1e308),
    }
    for name, table in odd.items():
        yield f"{name}.parquet", write_parquet(table)
    base = write_duckdb(folder, "SELECT 1")
    for seed in range(10):
        yield f"cut {seed}.duckdb", cut(base, seed)
        yield f"garbled {seed}.duckdb", garble(base, seed)
    orders = (
        "CREATE TABLE b AS SELECT 1 AS a",
        "DROP TABLE lines",
        "ALTER TABLE lines ALTER sales TYPE DOUBLE",
        "CREATE SCHEMA s",
        'ALTER TABLE lines RENAME TO "a""b"',
        "CREATE OR REPLACE TABLE lines AS SELECT * FROM lines LIMIT 0",
        "DROP TABLE lines; CREATE VIEW v AS SELECT * FROM read_csv('/etc/hostname')",
        "DROP TABLE lines; CREATE MACRO f(a) AS a",
    )
    for i, order in enumerate(orders):
        yield f"base {i}.duckdb", write_duckdb(folder, order)
    for name in ("list.json", "till.xls", "till.ods", "till.zip", "till", "till.CSV", "till.db", "till.pdf"):
        yield name, json.dumps(ROWS).encode() if name.endswith("json") else write_csv()


def list_mappings() -> Iterator[tuple[str, bytes]]:
    """Files columns.yml, each odd in one way."""
    texts = [
        "",
        "#",
        "a",
        "- a",
        "1",
        "null",
        "~",
        "true",
        "receipts",
        "receipts:",
        "receipts: 1",
        "receipts: []",
        "receipts: {}",
        "receipts: {columns: }",
        "receipts: {columns: []}",
        "receipts: {columns: {1: 2}}",
        "receipts: {columns: {time: [a]}}",
        "receipts: {columns: {time: {a: b}}}",
        "receipts: {columns: {? [a, b] : c}}",
        "? [a, b]\n: c",
        "? {a: b}\n: c",
        "receipts: {? [a] : b}",
        "1: 2",
        "2025-01-01: a",
        "null: a",
        ".nan: a",
        "receipts: &a\n  columns: *a",
        "receipts: &a {columns: {time: time}}\ncontacts: *a",
        "receipts: {columns: &a {time: time, sales: *a}}",
        "receipts: {<<: {columns: {time: time}}}",
        "<<: a",
        "receipts: {<<: [1, 2]}",
        "receipts: *a",
        "receipts: !!python/object:os.system x",
        "receipts: !!binary aaa=",
        "receipts: !x y",
        "receipts: {encoding: utf-9}",
        "receipts: {encoding: 5}",
        "receipts: {encoding: rot13}",
        "receipts: {encoding: idna}",
        "receipts: {encoding: zip}",
        "receipts: {separator: ''}",
        'receipts: {separator: "\\n"}',
        "receipts: {separator: '\"'}",
        'receipts: {separator: "\\0"}',
        "receipts: {separator: é}",
        "receipts: {separator: a}",
        "receipts: {header_row: 0}",
        "receipts: {header_row: -1}",
        "receipts: {header_row: 10000000000000000000000}",
        "receipts: {header_row: 1.5}",
        "receipts: {header_row: true}",
        "receipts: {sheet: }",
        "receipts: {decimal: x}",
        "receipts: {day_first: ja}",
        "receipts: {table: 1}",
        "receipts: {kinds: {yes: sale}}",
        "receipts: {arms: {a: control}}",
        "receipts: {columns: {customer_id: customer_id, customer_id: time}}",
        "receipts: {columns: {customer_id: no, time: no}}",
        "receipts:\n\tcolumns: 1",
        "receipts: {",
        "receipts: }",
        "'",
        "%",
        "%YAML 9.9\n---\na: b",
        "--- a\n--- b",
        "a: b: c",
        "\ufeffreceipts: {}",
        'receipts: "\\ud800"',
        'receipts: {columns: {customer_id: "\\0"}}',
        "receipts: " + "[" * 2000,
        "receipts: " + "{a: " * 2000,
        "a: &a [x,x]\nb: &b [*a,*a]\nc: &c [*b,*b]\nreceipts: *c",
    ]
    for i, text in enumerate(texts):
        yield f"m{i}.yml", text.encode("utf-8", "surrogatepass")
    bomb = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 30))
    yield "bomb.yml", (bomb + "receipts: *a29").encode()
    for name in ("utf-16", "cp1251", "utf-32", "utf-8-sig", "koi8-r"):
        yield f"encoding {name}.yml", (YML + "# Колонки\n").encode(name)
    for seed in range(15):
        yield f"cut {seed}.yml", cut(YML.encode(), seed)
        yield f"garbled {seed}.yml", garble(YML.encode(), seed)
        yield f"spliced {seed}.yml", splice(YML.encode(), seed)
