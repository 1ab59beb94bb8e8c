"""What is written bears its template's mark, and nothing else is ever replaced."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from loyalty.report.output.html import make_page
from loyalty.report.output.marks import find_foreign, make_mark, read_mark, write_parquet
from loyalty.report.output.workbook import write_workbook

TABLE = pd.DataFrame({"customer_id": [1, 2], "sales": [3.5, 0.0]})


def write_all(folder: Path, template: str, stem: str = "spring") -> list[Path]:
    """Write the three files of a report."""
    page = folder / f"{stem}.html"
    page.write_text(make_page("<p>hello</p>", "Spring", mark=make_mark(template)), encoding="utf-8")
    write_workbook(folder / f"{stem}.xlsx", {"summary": TABLE}, make_mark(template))
    write_parquet(TABLE, folder / f"{stem}.parquet", template)
    return [page, folder / f"{stem}.xlsx", folder / f"{stem}.parquet"]


def test_each_kind_of_file_bears_the_mark_and_is_still_what_it_was(tmp_path):
    files = write_all(tmp_path, "profile")
    assert [read_mark(path) for path in files] == [make_mark("profile")] * 3
    pd.testing.assert_frame_equal(pd.read_parquet(files[2]), TABLE)
    assert pd.read_excel(files[1])["sales"].tolist() == [3.5, 0.0]


def test_the_monthly_rerun_replaces_its_own_files(tmp_path):
    assert find_foreign(write_all(tmp_path, "profile"), "profile") == []


@pytest.mark.parametrize("name", ["till.parquet", "till.xlsx", "till.html"])
def test_a_bystander_of_the_same_name_is_refused_by_name_and_another_is_offered(tmp_path, name):
    stranger = tmp_path / name
    stranger.write_bytes(b"somebody's work")
    targets = [tmp_path / f"till{kind}" for kind in (".html", ".xlsx", ".parquet")]
    (problem,) = find_foreign(targets, "profile")
    assert problem == (
        f"{name} is there already, and profile has not made it: choose another name, such as till_2.html, "
        "or move the file away"
    )
    assert stranger.read_bytes() == b"somebody's work"


def test_a_report_does_not_replace_the_assignment_of_a_plan(tmp_path):
    files = write_all(tmp_path, "campaign_plan")
    problems = find_foreign(files, "campaign_report")
    assert len(problems) == 3 and "spring.parquet is there already" in problems[2]


def test_an_input_is_never_replaced_even_if_it_bears_the_mark_or_lies_in_a_folder_that_is_read(tmp_path):
    files = write_all(tmp_path, "profile")
    (problem,) = find_foreign(files, "profile", [tmp_path / "spring.parquet"])
    assert problem.startswith("spring.parquet is an input of this run and is never replaced")
    assert len(find_foreign(files, "profile", [tmp_path])) == 3


def test_send_lists_count_as_own_beside_a_page_with_the_mark_and_as_foreign_without(tmp_path):
    send = tmp_path / "spring_send_sms.csv"
    send.write_text("customer_id\n1\n", encoding="utf-8")
    page = tmp_path / "spring.html"
    (problem,) = find_foreign([page, send], "campaign_plan")
    assert problem.startswith("spring_send_sms.csv is there already") and "such as spring_2.html" in problem
    write_all(tmp_path, "campaign_plan")
    assert find_foreign([page, send], "campaign_plan") == []
