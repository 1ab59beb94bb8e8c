"""How a report looks."""

from __future__ import annotations

import pandas as pd

from loyalty.report.output.html import ReportCard, Section, say_value


def test_a_minus_stays_with_its_amount():
    card = ReportCard("Spring", "Lost", "an interval of −₽543.57 to −₽278.82", "bad")
    for shown in (card, Section(("from −5 to 5",))):
        page = shown._repr_html_()
        assert page.count("−\u2060") == page.count("−") > 0, "a line would end between the sign and the number"


def test_a_small_probability_is_not_shown_as_none():
    assert [say_value(p, "percent") for p in (0.0, 1e-20, 0.0004, 0.001, -0.0004)] == [
        "0.0 %", "< 0.1 %", "< 0.1 %", "0.1 %", "0.0 %",
    ]  # fmt: skip


def test_a_price_in_a_table_is_no_formula_in_a_notebook():
    shown = Section(("$50_$100",), pd.DataFrame({"segment": ["$50_$100"]}))._repr_html_()
    assert shown.split("$50")[0].count('class="lr tex2jax_ignore"') == 1
