"""No cell of a CSV file becomes a formula."""

from __future__ import annotations

import pandas as pd

from loyalty.tables.spreadsheets import write_csv


def test_no_text_becomes_a_formula_and_phones_stay_as_they_are():
    rows = pd.DataFrame(
        {
            "name": ["=cmd|' /C calc'!A0", "@SUM(1+1)", "+1+1", "-2+3", "\tx", "plain", None],
            "phone": ["+7 916 123-45-67", "", "", "", "", "", ""],
            "sales": [-1.5, 0, 0, 0, 0, 0, 0],
        }
    )
    lines = write_csv(rows).decode("utf-8-sig").splitlines()
    assert lines[1] == "'=cmd|' /C calc'!A0,+7 916 123-45-67,-1.5"
    assert [line[0] for line in lines[2:6]] == ["'", "'", "'", "'"]
    assert lines[6].startswith("plain") and lines[7].startswith(",")
