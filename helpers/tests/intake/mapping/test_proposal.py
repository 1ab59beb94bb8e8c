"""A mapping is proposed, never used unseen; what it says can be checked, and its file is refused where it is wrong."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest
import yaml

from loyalty.intake import load_tables, propose_columns, verb
from loyalty.intake.mapping.columns_file import EXTRAS, read_mapping
from loyalty.intake.mapping.headers import SYNONYMS, rate_header, simplify
from loyalty.launch import verbs
from loyalty.launch.project import clean_environment, find_project
from loyalty.tables.check import TableError
from loyalty.tables.contracts import CONTRACTS
from loyalty.tables.sources import collect

TILL = (
    "Номер карты;Дата чека;Сумма;Сумма со скидкой;Кол-во;Магазин;Кассир\n"
    "0071;31.12.2025 18:05;1 300;1 234,50;2;Арбат;Анна\n0072;01.02.2025;3;2,5;1;Тверская;Пётр\n"
)
LIST = "Код клиента;КГ\n0071;1\n0072;0\n"


def test_a_proposal_becomes_columns_yml_which_loads_the_tables(csv, tmp_path):
    files = {"receipts": csv(TILL, encoding="cp1251"), "contacts": csv(LIST, "list.csv")}
    proposal = propose_columns(list(files.values()))
    text = proposal.to_yaml()
    assert yaml.safe_load(text) == {
        "receipts": {
            "day_first": True,
            "columns": {"customer_id": "Номер карты", "time": "Дата чека", "sales": "Сумма со скидкой",
                        "quantity": "Кол-во", "store_id": "Магазин"},
        },
        "contacts": {"columns": {"customer_id": "Код клиента", "arm": "КГ"}, "arms": {"0": "treated", "1": "control"}},
    }  # fmt: skip
    assert (
        "    sales: Сумма со скидкой  # 1 234,50, 2,5 | "
        "sure: a usual name for it; not Сумма (what was paid after discounts is meant)\n"
    ) in text
    assert "  # not used: Сумма, Кассир\n" in text
    (tmp_path / "columns.yml").write_text(text, encoding="utf-8")
    loaded = load_tables(files, tmp_path / "columns.yml")
    assert loaded["receipts"].rows == 2
    assert loaded["receipts"].missing.keys() >= {"basket_id", "margin"}


def test_what_the_values_do_not_prove_is_asked_and_loading_stops_until_it_is_answered(csv, tmp_path):
    path = csv("card no;receipt date;amount\n7;03.04.2026;1,234\n")
    text = propose_columns({"receipts": path}).to_yaml()
    assert "  day_first:  # is the day first in 03.04.2026? Write true or false\n" in text
    assert '  decimal:  # is 1,234 a thousand and more, or a decimal? Write "." or ","\n' in text
    (tmp_path / "columns.yml").write_text(text, encoding="utf-8")
    with pytest.raises(TableError, match="(?s)two meanings.*a thousand and more"):
        load_tables({"receipts": path}, tmp_path / "columns.yml")
    answered = text.replace("day_first:", "day_first: true").replace("decimal:", 'decimal: "."')
    (tmp_path / "columns.yml").write_text(answered, encoding="utf-8")
    assert load_tables({"receipts": path}, tmp_path / "columns.yml")["receipts"].rows == 1


def test_without_a_mapping_headers_must_be_exact_and_the_message_holds_the_proposal(csv):
    path = csv("Customer ID;Time;Sales\n7;2025-01-31;5\n", "the till.csv")
    with pytest.raises(TableError) as caught:
        load_tables({"receipts": path})
    assert caught.value.problems == [
        "receipts: the till.csv has no column named `customer_id` (the card, person or household; one id a customer), "
        "`time` (when it was paid, in the shop's local time), "
        "`sales` (money paid for the line after discounts; a return is negative); "
        "they may be customer_id: Customer ID, time: Time, sales: Sales. Write them down with "
        f'`python3 workshop.py columns "receipts={path}" -o columns.yml`, check that file, and name it with --columns'
    ]


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("Номер карты", "customer_id"), ("client id", "customer_id"), ("Код_клиента", "customer_id"),
        ("Дата чека", "time"), ("receipt date", "time"), ("Сумма со скидкой, руб.", "sales"), ("Amount", "sales"),
        ("Сумма чека (₽)", "sales"), ("КГ", "arm"), ("Group", "arm"), ("Группа", "arm"), ("Кол-во", "quantity"),
        ("Артикул", "product_id"), ("Маржа", "margin"), ("Магазин", "store_id"), ("№ чека", "basket_id"),
    ],
)  # fmt: skip
def test_usual_headers_in_two_languages_are_surely_known(header, column):
    assert rate_header(header, column)[0] >= 0.85


@pytest.mark.parametrize(("first", "last"), [("Date from", "Date to"), ("From", "To"), ("Начало", "Окончание")])
def test_both_days_of_a_campaign_are_surely_known(first, last):
    assert rate_header(first, "start")[0] >= 0.85 and rate_header(last, "end")[0] >= 0.85


def test_a_header_with_a_slip_is_only_proposed_to_be_checked():
    rating, why = rate_header("Номер карыт", "customer_id")
    assert rating == 0.5
    assert why.endswith("please check")


def test_the_operator_of_a_contact_is_proposed_and_loaded(csv):
    path = csv("Карта;Группа;Оператор связи\n7;control;\n8;mail;Ario\n", "list.csv")
    proposal = propose_columns({"contacts": path})
    assert "operator: Оператор связи" in proposal.to_yaml()
    columns = {"customer_id": "Карта", "arm": "Группа", "operator": "Оператор связи"}
    loaded = load_tables({"contacts": path}, {"contacts": {"columns": columns}})["contacts"]
    assert collect(loaded.table)["operator"].tolist()[1] == "Ario"


def test_each_synonym_belongs_to_a_column_and_is_written_as_it_is_compared():
    columns = {column.name for contract in CONTRACTS.values() for column in contract.columns}
    assert set(SYNONYMS) <= columns.union(*EXTRAS.values())
    assert [word for words in SYNONYMS.values() for word in words if simplify(word) != word] == []


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"recepts": {}}, "the mapping: there is no table `recepts`, did you mean `receipts`?"),
        ({"receipts": {"heder_row": 3}}, "receipts: there is no key `heder_row`, did you mean `header_row`?"),
        ({"receipts": {"decimal": ";"}}, "receipts: `decimal` should be \".\" or \",\", found ';'"),
        ({"receipts": {"header_row": True}},
         "receipts: `header_row` should be the number of a line, from 1, found True"),
        ({"receipts": {"columns": {"custmer_id": "a"}}},
         "receipts: the contract has no column `custmer_id`, did you mean `customer_id`?"),
        ({"receipts": {"columns": {"time": "a", "sales": "a"}}},
         "receipts: the column 'a' is named for time and sales: one of them is another column"),
        ({"receipts": {"arms": {True: "control"}}},
         "receipts: `arms` holds True: 'control': put words such as 'yes' and 'no' in quotes"),
        ({"receipts": {"arms": {"A": None}}},
         "receipts: `arms` does not say what 'A' is: write it, or take the line out"),
        ({"receipts": 5}, "receipts: expected lines such as `columns:`, found 5"),
        ([], "the mapping should name tables, such as receipts:, and is a list"),
        ({"receipts": {"columns": {"time": ["a", "b", "c"]}}},
         "receipts: `columns` holds 'time': ['a', 'b', 'c']: name one column, or for `time` two, [day, clock]"),
        ({"receipts": {"columns": {"time": ["a", "b"], "sales": "b"}}},
         "receipts: the column 'b' is named for time and sales: one of them is another column"),
    ],
)  # fmt: skip
def test_a_wrong_mapping_is_told_what_is_wrong(mapping, words):
    with pytest.raises(TableError) as caught:
        load_tables({}, mapping)
    assert caught.value.problems == [words]


def test_a_mapping_file_that_is_no_yaml_or_not_there_is_named(csv, tmp_path):
    for text, words in (("receipts: [", "is not YAML in line 1"), ("a: !!python/name:os.system", "is not YAML")):
        with pytest.raises(TableError, match=words):
            load_tables({}, csv(text, "columns.yml"))
    with pytest.raises(TableError, match="no.yml cannot be read: No such file"):
        load_tables({}, tmp_path / "no.yml")


@pytest.mark.parametrize(
    ("text", "encoding", "words"),
    [
        ("receipts:\n\tcolumns: {}\n", "utf-8", "columns.yml holds a tab in line 2: put spaces in its place"),
        ("receipts: {sheet: Чеки}\n", "cp1251", "columns.yml is not in UTF-8: open it in an editor and save it so"),
        ("", "utf-8", "columns.yml should name tables, such as receipts:, and is empty"),
        ("receipts:\n  sheet: a\nreceipts:\n  table: b\n", "utf-8",
         "columns.yml names `receipts` twice, again in line 3: write what belongs to it in one place"),
    ],
)  # fmt: skip
def test_an_unreadable_mapping_is_the_only_problem_and_its_reason_is_said(csv, text, encoding, words):
    till = csv("Карта;Дата;Сумма\n7;2025-01-31;5\n")
    with pytest.raises(TableError) as caught:
        load_tables({"receipts": till}, csv(text, "columns.yml", encoding))
    assert caught.value.problems == [words]


def test_a_mapped_column_that_the_file_lacks_is_named_with_the_closest(csv, refuse):
    names = {"customer_id": "Номер карта", "time": "Дата чека"}
    assert refuse(csv(TILL), columns=names).splitlines() == [
        "till.csv has no column 'Номер карта' (for `customer_id`), did you mean `Номер карты`?",
        "no column is named for `sales` (money paid for the line after discounts; a return is negative): "
        "add its line under `columns:` in columns.yml",
    ]


@pytest.fixture
def stand(csv, monkeypatch):
    """A user who stands in a folder with two files, while the verb runs elsewhere."""
    folder = csv(TILL).parent
    csv(LIST, "list.csv")
    monkeypatch.setenv("LOYALTY_FROM", str(folder))
    return folder


def test_the_verb_prints_the_proposal_and_writes_it_once(stand, capsys):
    assert verb.main(["till.csv", "list.csv", "-o", "columns.yml"]) == 0
    screen = capsys.readouterr().out
    assert "till.csv: looks like receipts, one row is a receipt line, or a whole receipt" in screen
    assert "  arms: 0 is treated, 1 is control" in screen
    first = (stand / "columns.yml").read_text(encoding="utf-8")
    assert verb.main(["till.csv", "-o", "columns.yml"]) == 2
    assert capsys.readouterr().err == (
        "workshop: columns.yml is there already: take another name, or say --force to write over it\n"
    )
    assert (stand / "columns.yml").read_text(encoding="utf-8") == first
    assert verb.main(["receipts=till.csv", "-o", "columns.yml", "--force"]) == 0
    assert "contacts" not in (stand / "columns.yml").read_text(encoding="utf-8")


@pytest.mark.parametrize("out", ["till.csv", "notes.txt"])
def test_force_never_writes_over_a_file_that_was_read_or_is_no_columns_yml(stand, capsys, out):
    (stand / "notes.txt").write_text("mine", encoding="utf-8")
    before = (stand / out).read_bytes()
    assert verb.main(["till.csv", "-o", out, "--force"]) == 2
    assert out in capsys.readouterr().err
    assert (stand / out).read_bytes() == before


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["no.csv"], "there is no file no.csv in "),
        (["till.csv", "contacts=list.csv"], "say for each file what it is, such as receipts=FILE, or for none"),
        (["receipts=till.csv", "receipts=list.csv"], "a table is named twice: give one file for each"),
        (["tills=till.csv"], "there is no table `tills`; there are receipts, products"),
        (["till.csv", "-o", "no/columns.yml"], "no/columns.yml cannot be written: No such file or directory"),
    ],
)
def test_the_verb_ends_with_a_plain_message_and_code_2(stand, capsys, arguments, words):
    assert verb.main(arguments) == 2
    assert words in capsys.readouterr().err


def test_no_phone_and_no_address_gets_into_the_mapping(csv):
    rows = "anna@example.org;2025-01-31;5\n+7 916 123-45-67;2025-01-31;6\n2770000123456;2025-01-31;7\n"
    text = propose_columns([csv(f"Клиент;Дата;Сумма\n{rows}")]).to_yaml()
    assert "customer_id: Клиент  # ann…, +7 …, 2770000123456 |" in text


def test_a_file_that_looks_like_nothing_known_is_said_so(stand, csv, capsys):
    csv("weather;mood\nrain;bad\n", "diary.csv")
    assert verb.main(["diary.csv"]) == 2
    assert "diary.csv looks like none of receipts, contacts, customers, products, offers" in capsys.readouterr().err


def test_the_launcher_hands_the_verb_the_folder_of_the_user(stand, monkeypatch):
    ran = []
    monkeypatch.setattr(verbs, "prepare_venv", lambda project: sys.executable)
    monkeypatch.setattr(verbs, "run_child", lambda command, project, env: ran.append((command, env)) or 0)
    monkeypatch.chdir(stand)
    assert verbs.main(["columns", "till.csv"], find_project()) == 0
    ((command, environment),) = ran
    assert command[1:] == ["-m", "loyalty.cli", "columns", "till.csv"]
    assert environment["LOYALTY_FROM"] == str(stand)


def test_the_verb_says_how_it_is_told_what_columns_yml_would_say(stand, xlsx, capsys):
    rows = [["customer_id", "time", "sales"], [7, "2025-01-31", 5]]
    xlsx({"Чеки": rows, "Старые": rows}, "two.xlsx")
    assert verb.main(["two.xlsx"]) == 2
    assert "(here: --sheet, --table, --header-row, --encoding)" in capsys.readouterr().err
    assert verb.main(["two.xlsx", "--sheet", "Чеки"]) == 0


@pytest.mark.slow
def test_the_verb_runs_from_the_command_line(stand):
    command = [sys.executable, "-m", "loyalty.cli", "columns", "till.csv"]
    environment = clean_environment(LOYALTY_FROM=str(stand))
    answer = subprocess.run(command, cwd=find_project().helpers, env=environment, capture_output=True, encoding="utf-8")
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "Сумма со скидкой" in answer.stdout


def test_a_column_with_the_right_name_and_unreadable_values_says_why_it_is_not_taken():
    receipts = pd.DataFrame({"Номер карты": ["1"], "Дата чека": ["11.02.2026"], "Сумма": ["1 774,56 ?"]})
    found = propose_columns({"receipts": receipts})
    for text in (found.show(), found.to_yaml()):
        assert "not found; Сумма holds '1 774,56 ?', which cannot be read" in text


def test_a_list_of_ids_alone_is_told_how_to_say_that_all_were_treated(tmp_path):
    (tmp_path / "ids.csv").write_text("Клиент\n7\n8\n", encoding="utf-8")
    (tmp_path / "columns.yml").write_text("contacts:\n  columns:\n    customer_id: Клиент\n", encoding="utf-8")
    with pytest.raises(TableError, match="`arm` .*, or to the file a column with one word, if all were treated"):
        load_tables({"contacts": tmp_path / "ids.csv"}, tmp_path / "columns.yml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("receipts: &a\n  columns: *a", "holds an anchor or an alias (& or *) in line 1"),
        ("a: &a [x, x]\nreceipts: *a", "holds an anchor or an alias (& or *) in line 1"),
        ("? [a, b]\n: c", "holds a list or a map before a colon in line 1: a word is needed there"),
        ("receipts: {columns: {? {a: b} : c}}", "holds a list or a map before a colon in line 1"),
        ("receipts: " + "[" * 3000, "is nested hundreds of levels deep"),
        ("receipts: {encoding: rot13}", "receipts: `encoding` should be a name such as cp1251, found 'rot13'"),
        ("receipts: {separator: \"\\n\"}", "receipts: `separator` should be one sign"),
        ("receipts: [" + "x, " * 500 + "]", "…"),
    ],
)  # fmt: skip
def test_each_odd_columns_yml_is_one_plain_line(tmp_path, text, says):
    path = tmp_path / "columns.yml"
    path.write_text(text, encoding="utf-8")
    mapping, problems = read_mapping(path)
    assert len(problems) == 1 and says in problems[0] and len(problems[0]) < 200


def test_a_columns_yml_that_is_no_file_or_too_large_is_not_read(tmp_path, monkeypatch):
    assert "is no file that can be read to its end" in read_mapping(tmp_path)[1][0]
    path = tmp_path / "columns.yml"
    path.write_text("receipts: {}\n", encoding="utf-8")
    monkeypatch.setattr("loyalty.intake.mapping.strict_yaml.LONGEST", 5)
    assert "is too large for a columns.yml" in read_mapping(path)[1][0]


def propose_lines(path) -> dict[str, dict]:
    return yaml.safe_load(propose_columns([path]).to_yaml())


@pytest.mark.parametrize(
    ("text", "arms"),
    [
        ("userid,ЦГ\n7,да\n8,нет\n", {"да": "treated", "нет": "control"}),
        ("User ID,КГ\n7,1\n8,0\n", {"0": "treated", "1": "control"}),
        ("userid,Promotion\n7,Yes\n8,No\n", {"No": "control", "Yes": "treated"}),
        ("shopper_id,Контрольная группа\n7,да\n8,нет\n", {"да": "control", "нет": "treated"}),
    ],
)
def test_a_column_of_yes_and_no_named_like_a_group_is_the_arm(tmp_path, text, arms):
    (tmp_path / "list.csv").write_text(text, encoding="utf-8")
    contacts = propose_lines(tmp_path / "list.csv")["contacts"]
    assert contacts["arms"] == arms and set(contacts["columns"]) == {"customer_id", "arm"}


def test_the_headers_of_online_retail_are_receipts(tmp_path):
    lines = "Invoice,StockCode,Quantity,InvoiceDate,Price,Customer ID\n489434,85048,12,12/13/2009 7:45,6.95,13085\n"
    (tmp_path / "retail.csv").write_text(lines, encoding="utf-8")
    found = propose_lines(tmp_path / "retail.csv")["receipts"]
    assert found["day_first"] is False
    assert found["columns"] == {"customer_id": "Customer ID", "time": "InvoiceDate", "basket_id": "Invoice",
                                "product_id": "StockCode", "quantity": "Quantity"}  # fmt: skip


@pytest.mark.parametrize(
    ("day", "clock"), [("Дата", "Время"), ("receipt date", "receipt time"), ("Дата, день", "Время чека")]
)
def test_days_and_clocks_in_two_columns_are_read_as_one_time(tmp_path, day, clock):
    path = tmp_path / "till.csv"
    path.write_text(f"Карта;{day};{clock};Сумма\n7;31.12.2025;10:05;5,5\n8;31.12.2025;18:30:15;7\n", encoding="utf-8")
    proposal = propose_columns([path])
    assert f"{day} + {clock}" in proposal.show()
    (tmp_path / "columns.yml").write_text(proposal.to_yaml(), encoding="utf-8")
    times = collect(load_tables({"receipts": path}, tmp_path / "columns.yml")["receipts"].table)["time"]
    assert sorted(times.astype("str")) == ["2025-12-31 10:05:00", "2025-12-31 18:30:15"]


def test_two_sheets_of_a_workbook_are_two_tables(tmp_path, xlsx):
    till = [["Карта", "Дата", "Сумма"], ["7", "2025-01-01", 5]]
    people = [["Карта", "Группа"], ["7", "КГ"]]
    path = xlsx({"О файле": [["Выгрузка"]], "Чеки": till, "Список": people, "Пусто": []})
    proposal = propose_columns([path])
    assert [(table.name, table.options["sheet"]) for table in proposal.tables] == [
        ("receipts", "Чеки"), ("contacts", "Список")]  # fmt: skip
    (tmp_path / "columns.yml").write_text(proposal.to_yaml(), encoding="utf-8")
    loaded = load_tables({"receipts": path, "contacts": path}, tmp_path / "columns.yml")
    assert [table.rows for table in loaded.values()] == [1, 1]
    assert propose_columns({"contacts": path}).tables[0].options == {"sheet": "Список"}


def test_two_sheets_of_one_kind_are_not_chosen_between(xlsx):
    rows = [["Карта", "Дата", "Сумма"], ["7", "2025-01-01", 5]]
    with pytest.raises(TableError, match="the sheets Январь and Февраль both look like receipts"):
        propose_columns([xlsx({"Январь": rows, "Февраль": rows})])


@pytest.mark.parametrize("value", ["8 916 123 45 67", "020 7946 0958", "00491701234567", "4111 1111 1111 1111"])
def test_phones_and_payment_cards_are_cut_off_in_columns_yml(tmp_path, value):
    path = tmp_path / "till.csv"
    path.write_text(f"card;time;sales;store\n{value};2025-01-31;5;{value}\n", encoding="utf-8")
    written = propose_columns([path]).to_yaml()
    assert value not in written and written.count(f"{value[:3]}…") == 2


def test_a_link_is_no_mailing_and_a_slip_of_the_pen_is_still_seen():
    assert rate_header("ссылка", "campaign_id")[0] == 0
    assert rate_header("Рассылкa", "campaign_id")[0] == 0.5  # its last letter is a Latin one


def test_the_end_of_an_offer_is_found_as_its_beginning_is(tmp_path):
    path = tmp_path / "offers.csv"
    row = {"Акция": "А-1", "Товар": "4", "Скидка": "0,1", "Начало": "2025-06-01", "Конец": "2025-06-30"}
    pd.DataFrame([row]).to_csv(path, index=False, sep=";")
    lines = propose_columns({"offers": path}).tables[0].lines
    assert {line.column.name: line.header for line in lines}["valid_to"] == "Конец"
