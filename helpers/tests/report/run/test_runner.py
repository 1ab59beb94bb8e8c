"""`workshop.py run`: three files, or one plain message and none."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import nbformat
import nbformat.v4
import openpyxl
import pandas as pd
import pytest

from loyalty.datasets.loaders import DATA
from loyalty.intake.loading import load_tables
from loyalty.report import campaign, history, plan, segments
from loyalty.report import next_offers as offers
from loyalty.report import profile as customers
from loyalty.report.campaign.report import report_campaign
from loyalty.report.output.html import make_page
from loyalty.report.output.marks import make_mark, write_parquet
from loyalty.report.output.privacy import hash_ids
from loyalty.report.output.workbook import write_workbook
from loyalty.report.run import runner as run
from loyalty.report.run.order import TEMPLATES, read_order
from loyalty.report.run.runner import place_together
from loyalty.tables.check import TableError

EXAMPLES = DATA / "examples"
DATES = ["--set", "start=2026-03-01", "--set", "end=2026-03-29", "--set", "margin_rate=0.30"]
TABLES = [
    "--data", f"receipts={EXAMPLES / 'till.csv'}", "--data", f"contacts={EXAMPLES / 'contacts.csv'}",
    "--columns", str(EXAMPLES / "columns.yml"),
]  # fmt: skip
OUTSIDE = re.compile(
    r"""<(link|script|iframe|object)\b|@import|url\(\s*['"]?(https?:)?//|\b(src|href)\s*=\s*['"]?(https?:)?//"""
)


@pytest.fixture
def old(tmp_path: Path) -> dict[Path, bytes]:
    """A report of yesterday in the place of the new one."""
    page, book, table = (tmp_path / f"report{kind}" for kind in (".html", ".xlsx", ".parquet"))
    page.write_text(make_page("<p>old</p>", "Yesterday", mark=make_mark("small")), encoding="utf-8")
    write_workbook(book, {"summary": pd.DataFrame({"sales": [1]})}, make_mark("small"))
    write_parquet(pd.DataFrame({"sales": [1]}), table, "small")
    return {path: path.read_bytes() for path in (page, book, table)}


def read_all(files: dict[Path, bytes]) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in files}


@pytest.fixture
def template(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A template of a few lines, under the settings of `profile`; its folder takes the place of the real one."""

    def write(*cells: str) -> Path:
        folder = tmp_path / "templates"
        folder.mkdir(exist_ok=True)
        parts = [nbformat.v4.new_code_cell("# Settings\ndata = None", metadata={"tags": ["parameters"]})]
        parts += [nbformat.v4.new_code_cell(text) for text in cells]
        metadata = {"loyalty": {"module": "loyalty.report.profile"}}
        nbformat.write(nbformat.v4.new_notebook(cells=parts, metadata=metadata), folder / "small.ipynb")
        monkeypatch.setattr(run, "read_order", lambda arguments, here: read_order(arguments, here, folder))
        monkeypatch.setenv("LOYALTY_FROM", str(tmp_path))
        monkeypatch.setenv("LOYALTY_HOME", str(tmp_path / "home"))
        return folder

    return write


SMALL = ["small", "--data", f"receipts={EXAMPLES / 'till.csv'}", "-o", "report.html"]


# --- Before anything runs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stem", "module"),
    [
        ("profile", customers),
        ("segments", segments),
        ("campaign_report", campaign),
        ("campaign_plan", plan),
        ("response_history", history),
        ("next_offers", offers),
    ],
)
def test_the_settings_cell_has_the_settings_of_the_module_and_no_others(stem, module):
    cells = nbformat.read(TEMPLATES / f"{stem}.ipynb", as_version=4).cells
    cell = next(cell for cell in cells if "parameters" in cell.metadata.get("tags", []))
    names = [node.targets[0].id for node in ast.parse(cell.source).body]
    assert names == ["data", "columns", *[setting.name for setting in module.SETTINGS], "save_as"]


def test_all_that_is_wrong_comes_in_one_message(tmp_path):
    wrong = [
        "campaign_report", "--data", "recepts=till.csv", "--data", "contacts=no_such.csv", "--data", "nonsense",
        "--columns", "no.yml", "--set", "start=2026-02-30", "--set", "margin_rate=30", "--set", "margn=1",
        "-o", "no_folder/report.pdf",
    ]  # fmt: skip
    with pytest.raises(TableError) as caught:
        read_order(wrong, tmp_path)
    text = str(caught.value)
    for part in (
        "`recepts`: did you mean `receipts`?", "there is no file no_such.csv", "say which table it is",
        "--data receipts=FILE is missing", "there is no file no.yml", "the calendar has no such day",
        "for 30 percent write 0.3",
        "there is no setting `margn`", "`end` is missing", "should end in .html", "there is no folder",
    ):  # fmt: skip
        assert part in text
    assert len(caught.value.problems) == 11


def test_an_unknown_template_is_named_with_its_neighbour(tmp_path):
    with pytest.raises(TableError, match="did you mean campaign_report"):
        read_order(["campain_report", "-o", "a.html"], tmp_path)


def test_paths_count_from_the_users_folder(tmp_path):
    (tmp_path / "till.csv").write_text("x", encoding="utf-8")
    order = read_order(["profile", "--data", "receipts=till.csv", "-o", "report.html"], tmp_path)
    assert order.values["data"] == {"receipts": str(tmp_path / "till.csv")}
    assert [path.name for path in order.files] == ["report.html", "report.xlsx", "report.parquet"]
    assert order.out.parent == tmp_path


def test_a_report_never_replaces_its_input_nor_a_bystander_and_lists_both(tmp_path):
    till = tmp_path / "till.parquet"
    pd.DataFrame({"customer_id": [1]}).to_parquet(till)
    (tmp_path / "till.xlsx").write_bytes(b"somebody's notes")
    before = read_all({path: b"" for path in tmp_path.iterdir()})
    with pytest.raises(TableError) as caught:
        read_order(["profile", "--data", "receipts=till.parquet", "-o", "till.html"], tmp_path)
    assert caught.value.problems == [
        "till.xlsx is there already, and profile has not made it: choose another name, such as till_2.html, "
        "or move the file away",
        "till.parquet is an input of this run and is never replaced: choose another name with -o",
    ]
    assert read_all(before) == before


def test_the_example_takes_no_tables_of_ones_own(tmp_path):
    assert read_order(["profile", "--example", "-o", "a.html"], tmp_path).values is None
    with pytest.raises(TableError, match="brings its own tables"):
        read_order(["profile", "--example", "--set", "as_of=2026-01-01", "-o", "a.html"], tmp_path)


# --- What goes wrong on the way -----------------------------------------------------------------------------------


def test_a_crash_ends_in_one_plain_line_and_leaves_the_old_report(template, old, tmp_path, capsys):
    saves = "open(save_as + '.xlsx', 'w').close(); open(save_as + '.parquet', 'w').close()"
    template(saves, "# Divide\nraise ValueError('of 79161234567')")
    assert run.main(SMALL) == 2
    said = capsys.readouterr()
    lines = said.err.splitlines()
    assert "workshop: the step 'Divide' stopped (ValueError: of …)" in lines and "Nothing was written." in said.err
    assert "Traceback" not in said.err + said.out and "79161234567" not in said.err
    assert read_all(old) == old and not list(tmp_path.glob(".report-*"))
    details = (tmp_path / "home" / "last_error.txt").read_text(encoding="utf-8")
    assert "ValueError" in details and "79161234567" not in details


def test_a_message_written_for_the_reader_is_shown_as_it_is(template, old, capsys):
    template("from loyalty.tables.check import TableError\nraise TableError(['a', 'b is wrong'], 'receipts')")
    assert run.main(SMALL) == 2
    assert "workshop: receipts: 2 problems\n  1. a\n  2. b is wrong\nNothing was written." in capsys.readouterr().err
    assert read_all(old) == old


def test_a_kernel_that_dies_is_said_in_one_line(template, old, capsys):
    template("# Work\nimport os\nos._exit(1)")
    assert run.main(SMALL) == 2
    assert "the step 'Work' ended by itself" in capsys.readouterr().err
    assert read_all(old) == old


def test_a_folder_in_which_nothing_can_be_written_is_named_before_anything_runs(
    template, tmp_path, monkeypatch, capsys
):
    def refuse(*args: object, **kwargs: object) -> None:
        raise PermissionError(13, "Permission denied", str(tmp_path / ".report-1"))

    template("print(1)")
    monkeypatch.setattr(run, "Scratch", refuse)
    monkeypatch.setattr(run, "read_notebook", lambda path: pytest.fail("something ran"))
    assert run.main(SMALL) == 2
    message = capsys.readouterr().err
    assert f"-o: nothing can be written in {tmp_path} (Permission denied): choose another folder" in message
    assert "last_error" not in message


def test_what_a_kernel_laid_aside_is_gone_even_if_it_ends_by_force(template, tmp_path):
    place = tmp_path / "place.txt"
    aside = f"import pathlib, tempfile\npathlib.Path({str(place)!r}).write_text(tempfile.mkdtemp(), encoding='utf-8')"
    template(aside, "import os\nos._exit(3)")
    assert run.main(SMALL) == 2
    assert not Path(place.read_text(encoding="utf-8")).exists(), "it may hold the phones of customers"


def test_if_one_file_cannot_be_replaced_none_is(old, tmp_path, monkeypatch):
    new = {tmp_path / f"new{path.suffix}": path for path in old}
    for path in new:
        path.write_text("new", encoding="utf-8")
    move = os.replace

    def refuse(source, target):
        if Path(source).name == "new.xlsx":
            raise PermissionError(13, "Permission denied", str(target))
        move(source, target)

    monkeypatch.setattr(os, "replace", refuse)
    aside = tmp_path / "aside"
    aside.mkdir()
    with pytest.raises(TableError, match=r"report.xlsx cannot be replaced.*open in another program"):
        place_together(new, aside)
    assert read_all(old) == old


# --- The whole way ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess]:
    """The example's campaign, run as a user runs it, with a title that tries to be code."""
    folder = tmp_path_factory.mktemp("made")
    title = """Spring "); raise SystemExit(" <b>&"""
    command = [
        sys.executable,
        "-m",
        "loyalty.cli",
        "run",
        "campaign_report",
        *TABLES,
        *DATES,
        "--set",
        f"title={title}",
    ]
    environment = os.environ | {"LOYALTY_FROM": str(folder)}
    answer = subprocess.run([*command, "-o", "report.html"], env=environment, capture_output=True, encoding="utf-8")
    assert answer.returncode == 0, answer.stderr
    return folder, answer


def test_three_files_are_made_and_each_step_is_one_line(made):
    folder, answer = made
    assert sorted(path.name for path in folder.iterdir()) == ["report.html", "report.parquet", "report.xlsx"]
    steps = [line for line in answer.stderr.splitlines() if line.startswith("[")]
    assert "\r" not in answer.stderr and re.fullmatch(r"\[1/\d+\] Start, \d+\.\d s", steps[0])
    assert any(
        re.search(r"Read the tables, .* s \(receipts [\d,]+ rows, contacts 3,000 rows\)", line) for line in steps
    )


def test_the_page_needs_nothing_from_outside_and_begins_with_the_verdict(made):
    page = (made[0] / "report.html").read_text(encoding="utf-8")
    assert not OUTSIDE.search(page)
    body = page[page.index("<main>") :]
    assert body.index('class="verdict"') < body.index("<h2") < body.index("<img")
    assert "Traceback" not in page and "report.card" not in page and "&lt;Axes" not in page, "no code"
    assert "Spring &quot;); raise SystemExit(&quot; &lt;b&gt;&amp;" in page
    said = re.findall(r'<img alt="Chart: ([^"]+)"', page)
    assert len(said) == page.count("<img") and all(len(words) > 20 for words in said)
    assert any("with the 95 % interval" in words for words in said), "the words of the figure itself"


@pytest.mark.slow
def test_the_page_of_customers_shows_charts_and_no_words_of_the_program(tmp_path, monkeypatch):
    monkeypatch.setenv("LOYALTY_FROM", str(tmp_path))
    assert run.main(["profile", "--example", "-o", "report.html"]) == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert page.count("<img") == 2 and "&lt;Axes" not in page


def test_the_reader_of_pages_sees_what_comes_from_outside():
    for text in ('<script src="a.js">', "<link rel=x>", "@import 'a'", "url(//a.b/c)", "<img src='https://a.b'>"):
        assert OUTSIDE.search(text)


def test_no_customer_is_on_the_page_nor_in_the_workbook(made):
    cards = set(pd.read_csv(EXAMPLES / "contacts.csv", sep=";", encoding="cp1251", dtype="str")["Номер карты"])
    page = re.sub(r"data:image/png;base64,[^\"]+", "", (made[0] / "report.html").read_text(encoding="utf-8"))
    book = openpyxl.load_workbook(made[0] / "report.xlsx")
    cells = {str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row}
    assert not cards & set(re.findall(r"\d{13}", page)) and not cards & cells
    hashed = pd.read_parquet(made[0] / "report.parquet")["customer_id"]
    assert set(hashed) == set(hash_ids(pd.Series(sorted(cards)))[0])


def test_the_workbook_has_its_sheets_with_numbers_as_numbers(made):
    book = openpyxl.load_workbook(made[0] / "report.xlsx")
    assert book.sheetnames == ["summary", "checks", "segments", "money"]
    summary = {row[0].value: row[1] for row in book["summary"].iter_rows(min_row=2)}
    assert summary["Start"].is_date and summary["Treated"].data_type == "n"
    assert summary["Lift, relative"].number_format == "0.0%"
    assert not [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.data_type == "f"]


@pytest.mark.slow
def test_phones_as_ids_leave_the_house_only_as_hashes(tmp_path, monkeypatch):
    till = (EXAMPLES / "till.csv").read_bytes().replace(b"\r\n27700000", b"\r\n791600")
    (tmp_path / "till.csv").write_bytes(till)
    phones = set(pd.read_csv(tmp_path / "till.csv", sep=";", encoding="cp1251", dtype="str")["Номер карты"])
    assert all(len(phone) == 11 for phone in phones)
    monkeypatch.setenv("LOYALTY_FROM", str(tmp_path))
    monkeypatch.setenv("LOYALTY_KEY", "a key that is long enough")
    asked = ["profile", "--data", "receipts=till.csv", "--columns", str(EXAMPLES / "columns.yml"), "-o", "report.html"]
    assert run.main(asked) == 0
    page = re.sub(r"data:image/png;base64,[^\"]+", "", (tmp_path / "report.html").read_text(encoding="utf-8"))
    ids = pd.read_parquet(tmp_path / "report.parquet")["customer_id"]
    book = openpyxl.load_workbook(tmp_path / "report.xlsx")
    cells = " ".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)
    assert ids.str.fullmatch("id-[0-9a-f]{20}").all() and ids.nunique() == len(phones)
    assert not phones & set(re.findall(r"\d{11}", page + cells))
    assert "keyed hashes (HMAC-SHA256), key from the environment variable LOYALTY_KEY" in cells


@pytest.mark.slow
def test_the_same_campaign_gives_the_same_numbers_from_every_kind_of_file(tmp_path):
    columns = EXAMPLES / "columns.yml"
    loaded = load_tables(
        {name: EXAMPLES / f"{file}.csv" for name, file in (("receipts", "till"), ("contacts", "contacts"))}, columns
    )
    frames = {name: table.table.to_native().df() for name, table in loaded.items()}
    frames["contacts"] = frames["contacts"].head(900)  # Excel files are slow to write
    frames["receipts"] = frames["receipts"][frames["receipts"]["customer_id"].isin(frames["contacts"]["customer_id"])]
    for name, frame in frames.items():
        frame.to_csv(tmp_path / f"{name}.csv", index=False)
        frame.to_parquet(tmp_path / f"{name}.parquet", index=False)
        frame.to_excel(tmp_path / f"{name}.xlsx", index=False)
        with duckdb.connect(str(tmp_path / f"{name}.duckdb")) as base:
            base.from_df(frame).create(name)
    settings = {"start": "2026-03-01", "end": "2026-03-29", "margin_rate": 0.3}
    summaries = []
    for kind in ("csv", "parquet", "xlsx", "duckdb"):
        tables = load_tables({name: tmp_path / f"{name}.{kind}" for name in frames})
        found = report_campaign(tables, settings)
        numbers = (
            found.sheets["summary"].set_index("what")["value"].drop(["Verdict", "Start", "End", "Costs not given"])
        )
        summaries.append(
            [*numbers, *found.sheets["money"]["per treated customer"], *found.sheets["segments"]["effect"]]
        )
    assert summaries[0][0] > 500
    assert all(summary == pytest.approx(summaries[0], rel=1e-9) for summary in summaries[1:])


def test_the_readme_of_the_data_names_the_example_with_its_rows():
    text = (DATA / "README.md").read_text(encoding="utf-8")
    for name in ("till", "contacts", "customers"):
        rows = len((EXAMPLES / f"{name}.csv").read_bytes().splitlines()) - 1
        line = next(line for line in text.splitlines() if line.startswith(f"| examples/{name}.csv |"))
        assert f"| {rows:,} |" in line and f"`make_data.py {name}.csv`" in line
    assert sum(path.stat().st_size for path in EXAMPLES.iterdir()) < 1_000_000


def test_the_templates_are_built_from_what_is_authored(root):
    for stem in ("profile", "segments", "campaign_report", "campaign_plan", "next_offers"):
        authored = (root / "authoring" / "templates" / f"{stem}.py").read_text(encoding="utf-8")
        for cell in nbformat.read(TEMPLATES / f"{stem}.ipynb", as_version=4).cells:
            if cell.cell_type == "code":
                assert cell.source in authored
