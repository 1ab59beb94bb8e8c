"""The shop's clock: UTC and the shop's time, and the proof by the Complete Journey's redemptions."""

from __future__ import annotations

import duckdb
import narwhals as nw
import pandas as pd
import pytest

from loyalty.datasets import complete_journey
from loyalty.prepare.clean import compare_clocks
from loyalty.prepare.clean.clock import list_offsets, to_local
from loyalty.tables.check import TableError

ZONE = "America/New_York"


@pytest.mark.slow
def test_the_complete_journeys_clock_is_utc_and_its_redemptions_prove_it():
    chain = complete_journey(clock="utc")
    found = compare_clocks(chain.receipts, chain.redemptions, ZONE)
    assert found["matched"].tolist() == [1_869, 2_102]
    assert found["of"].tolist() == [2_102, 2_102]
    assert found["moved"].tolist() == [0, 250_533]
    assert found["moved"].iloc[1] / len(chain.receipts) == pytest.approx(0.1705, abs=0.0001)


def test_an_expression_moves_time_as_pandas_does_through_a_year_of_changes():
    utc = pd.Series(pd.date_range("2017-01-01", "2017-12-31 23:00", freq="h")).astype("datetime64[us]")
    offsets = list_offsets(ZONE, utc.min(), utc.max())
    table = nw.from_native(duckdb.from_df(pd.DataFrame({"time": utc})))
    moved = table.with_columns(local=to_local(nw.col("time"), offsets)).to_native().df().sort_values("time")
    expected = utc.dt.tz_localize("UTC").dt.tz_convert(ZONE).dt.tz_localize(None)
    assert (moved["local"].to_numpy() == expected.to_numpy()).all()


def test_hours_and_half_hours_are_zones_too():
    time = pd.Timestamp("2023-01-01")
    table = nw.from_native(duckdb.from_df(pd.DataFrame({"time": [time]})))
    offsets = list_offsets(5.5, time, time)
    assert table.select(to_local(nw.col("time"), offsets)).to_native().fetchall()[0][0] == time + pd.Timedelta("5h30m")


@pytest.mark.parametrize(("zone", "says"), [("Mars/Base", "there is no time zone 'Mars/Base'"), (-40, "found -40")])
def test_a_zone_that_is_none_is_refused(zone, says):
    with pytest.raises(TableError, match=says):
        list_offsets(zone, pd.Timestamp("2023-01-01"), pd.Timestamp("2023-01-02"))


def test_all_missing_columns_are_told():
    with pytest.raises(TableError) as error:
        compare_clocks(pd.DataFrame({"customer_id": [1]}), pd.DataFrame({"day": [1]}), -5)
    assert len(error.value.problems) == 3
