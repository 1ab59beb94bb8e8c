"""How a report looks."""

from __future__ import annotations

from loyalty.report.page import Card, Section


def test_a_minus_stays_with_its_amount():
    card = Card("Spring", "Lost", "an interval of −₽543.57 to −₽278.82", "bad")
    for shown in (card, Section(("from −5 to 5",))):
        page = shown._repr_html_()
        assert page.count("−\u2060") == page.count("−") > 0, "a line would end between the sign and the number"
