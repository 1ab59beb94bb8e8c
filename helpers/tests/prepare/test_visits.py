"""A receipt number that comes again is a new visit, and a night shop's receipt is one."""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd
import pytest

from loyalty.evaluate.lift.outcomes import build_outcomes
from loyalty.prepare.profile import build_profile
from loyalty.segment.rules.windows import sum_windows
from loyalty.tables.check import TableError


def lines(*rows: tuple[str, float], **columns: Any) -> pd.DataFrame:
    """Lines of customer 1 under receipt number 17: time and sales of each."""
    frame = pd.DataFrame(rows, columns=["time", "sales"]).assign(customer_id=1, basket_id=17, **columns)
    return frame.assign(time=pd.to_datetime(frame["time"]))


AGAIN = lines(("2024-01-05 10:00", 5.0), ("2024-02-05 10:00", 6.0))


@pytest.mark.parametrize("source", [lambda frame: frame, duckdb.from_df], ids=["pandas", "DuckDB"])
def test_a_number_that_comes_again_a_month_later_is_two_visits_and_that_is_said(source: Any) -> None:
    profile = build_profile(source(AGAIN), "2024-03-01")
    assert profile[["frequency", "recency_days", "x", "t_x"]].to_numpy().tolist() == [[2, 25, 1, 31]]
    assert profile.attrs["warnings"][:1] == (
        "1 receipt number comes again more than 12 hours later: each time counts as a visit of its own",
    )


def test_strict_refuses_numbers_that_come_again() -> None:
    with pytest.raises(TableError, match="1 receipt number comes again .* `store_id` and `till_id`"):
        build_profile(AGAIN, "2024-03-01", strict=True)


def test_a_receipt_past_midnight_is_one_visit_on_the_day_it_began() -> None:
    night = lines(("2024-01-05 23:50", 5.0), ("2024-01-06 00:10", 6.0))
    profile = build_profile(night, "2024-01-10")
    assert profile[["frequency", "recency_days"]].to_numpy().tolist() == [[1, 5]]
    assert not any("receipt number" in text for text in profile.attrs["warnings"])


def test_a_return_under_the_old_number_is_no_visit_and_moves_no_day() -> None:
    back = lines(("2024-01-05 10:00", 5.0), ("2024-02-05 10:00", -5.0))
    profile = build_profile(back, "2024-03-01")
    assert profile[["frequency", "recency_days", "monetary"]].to_numpy().tolist() == [[1, 56, 0]]
    early = lines(("2024-01-05 10:00", -5.0), ("2024-02-05 10:00", 6.0))  # the number was another receipt's before
    assert build_profile(early, "2024-03-01")["recency_days"].tolist() == [25]


def test_two_stores_or_two_tills_with_one_number_are_two_receipts() -> None:
    both = lines(("2024-01-05 10:00", 5.0), ("2024-01-05 10:30", 6.0))
    assert build_profile(both, "2024-03-01")["frequency"].tolist() == [1]
    for name in ("store_id", "till_id"):
        profile = build_profile(both.assign(**{name: [1, 2]}), "2024-03-01")
        assert profile["frequency"].tolist() == [2]
        assert not any("receipt number" in text for text in profile.attrs["warnings"])


@pytest.mark.parametrize("source", [lambda frame: frame, duckdb.from_df], ids=["pandas", "DuckDB"])
def test_outcomes_and_windows_count_the_same_visits(source: Any) -> None:
    contacts = pd.DataFrame({"campaign_id": "a", "wave": 1, "customer_id": [1], "arm": ["mail"]})
    days = {"start": "2024-01-01", "end": "2024-02-10", "before": 0, "after": 0}
    made = build_outcomes(contacts, source(AGAIN), **days)
    assert made["orders"].tolist() == [2]
    assert "1 receipt number comes again" in made.attrs["warnings"][0]
    counted = sum_windows(source(AGAIN), "2024-01-01", "2024-02-10", "2024-03-21", of="receipts")
    assert counted["first"].tolist() == [2]
