"""Coverage, reduced: what `workshop.py certify` grades with 2,000 replications a cell, here with a few hundred.

The region is exact: 99.9 % of correct 95 % intervals fall into it. Seeds are 0, 1, 2, …
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parents[4]
sys.path.append(str(ROOT / "benchmarks"))

import adjusted  # noqa: E402
import agreement  # noqa: E402
import cells  # noqa: E402
import certify  # noqa: E402
import certify_page  # noqa: E402
import families  # noqa: E402
import replications  # noqa: E402
import tails  # noqa: E402
import unequal  # noqa: E402
from intervals import powers  # noqa: E402

from loyalty.launch import verbs  # noqa: E402

EACH = 100  # replications in each of two worlds
EVEN, LARGE, SMALL = (2_000, 2_000), (38_000, 2_000), (1_900, 100)


@pytest.fixture(scope="module")
def worlds():
    offers = ("basket_discount", "magazine")
    return [replications.build_world_pool(number, offers, 20_000, parts=not number) for number in range(2)]


@pytest.fixture(scope="module")
def spikes():
    return [replications.build_spiky_pool(number, 0.03, customers=50_000) for number in range(2)]


@pytest.mark.parametrize("sizes", [EVEN, LARGE, SMALL])
@pytest.mark.parametrize("kind", ["rate", "mean", "ratio"])
def test_what_does_not_warn_holds_its_coverage_and_its_false_alarms(worlds, kind, sizes):
    own = cells.grade_closed_forms(worlds, kind, 14, sizes, EACH)[0]
    assert own.replications == 2 * EACH
    assert own.warns or own.holds, own


def test_with_3_percent_buyers_nothing_warns_at_2000_against_2000_and_every_mean_warns_at_1900_against_100(spikes):
    even, small = (cells.grade_spikes(spikes, "3 %", sizes, EACH)[0] for sizes in (EVEN, SMALL))
    assert even.warned == 0 and even.holds
    assert small.warned == 1 and small.holds  # the larger variance


@pytest.mark.slow
def test_the_peers_fail_where_the_page_says_that_they_do(spikes):
    _, pooled, welch = cells.grade_spikes(spikes, "3 %", SMALL, EACH)
    bootstraps = cells.grade_bootstrap(spikes, "3 %", SMALL, EACH, draws=200)
    newcombe, wald = cells.grade_rare_rates(1_000)
    assert [row.verdict for row in (welch, *bootstraps, wald)] == ["peer: fails"] * 4
    assert wald.coverage < 0.7 and newcombe.holds


@pytest.mark.slow
def test_the_adjustment_holds_and_saves_where_effects_are_unequal_and_one_slope_does_not():
    pools = [replications.build_unequal_pool(number, customers=20_000) for number in range(2)]
    plain, fixed, lin, ancova = cells.grade_adjustment(pools, "unequal", "sales", (9_500, 1_000), EACH, "unequal")
    assert lin.holds and fixed.holds and "Lin" in lin.method
    assert not ancova.holds
    saved = [float(row.note.split()[2]) for row in (fixed, lin, ancova)]
    assert min(saved[:2]) > 40 and saved[2] < 0


def test_the_interval_of_profit_holds(worlds):
    assert all(cells.grade_money(worlds, "basket_discount", sizes, EACH)[0].holds for sizes in (EVEN, LARGE))


def test_the_issues_strata_hold_and_the_weights_of_before_do_not_where_control_is_rare_in_most():
    pools = [unequal.build_strata_pool(number, unequal.ISSUE) for number in range(2)]
    own, peer = unequal.grade_strata(pools, unequal.ISSUE, "mean", 20_000, EACH)
    assert own.holds and own.careful and own.hits > peer.hits


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(unequal.KINDS))
@pytest.mark.parametrize("design", unequal.DESIGNS, ids=lambda design: design.name)
def test_strata_with_unequal_chances_hold_their_coverage_and_their_false_alarms(design, kind):
    pools = [unequal.build_strata_pool(number, design) for number in range(4)]
    own = unequal.grade_strata(pools, design, kind, 20_000, EACH)[0]
    assert own.replications == 4 * EACH
    assert own.warns or own.holds, own


@pytest.mark.slow
@pytest.mark.parametrize("design", unequal.LARGE, ids=lambda design: design.name)
def test_strata_of_many_customers_hold_without_a_warning(design):
    pools = [unequal.build_strata_pool(number, design) for number in range(4)]
    own = unequal.grade_strata(pools, design, "mean", 200_000, EACH)[0]
    assert own.holds, own


@pytest.mark.slow
def test_the_strata_that_are_graded_are_what_measure_lift_returns():
    count, wrong = unequal.find_differences()
    assert count == len(unequal.DESIGNS) * len(unequal.KINDS) and wrong == []


@pytest.mark.slow
@pytest.mark.parametrize("sizes", [EVEN, SMALL])
def test_what_may_be_asked_where_tails_are_heavy_holds(sizes):
    pools = [tails.build_tail_pool(number, 0.1, customers=50_000) for number in range(2)]
    for measure in (tails.measure_parts, tails.measure_capped, tails.measure_dealt):
        for row in tails.grade_tails(pools, measure, "more buyers", "nothing", "sales", "10 % buy", sizes, EACH):
            assert row.holds, row


def test_an_offer_that_brings_small_buyers_has_a_basket_part_below_zero_in_truth_and_nobody_spends_less():
    pool = tails.build_tail_pool(0, 0.1, customers=20_000)
    offer, without = pool.having["small buyers"]["sales"], pool.without["sales"]
    targets = tails.find_targets(offer, without)
    assert targets["bigger baskets"] < 0 < targets["more buyers"] and (offer >= without).all()
    assert targets["more buyers"] + targets["bigger baskets"] == pytest.approx(targets["permutation"])


@pytest.mark.parametrize(("sizes", "warns"), [((300, 300), False), ((40, 2), True)])
def test_a_group_with_hardly_any_buyers_has_no_basket_which_counts_as_a_warning(sizes, warns):
    pool = tails.build_tail_pool(0, 0.1, customers=2_000)
    buyers, baskets = tails.grade_tails(
        [pool], tails.measure_parts, "more buyers", "nothing", "sales", "10 % buy", sizes, 20
    )
    assert buyers.warns == baskets.warns == warns


@pytest.mark.slow
def test_corrected_families_raise_few_false_alarms_and_uncorrected_ones_many(worlds):
    holm, raw = families.grade_arms(worlds, (2_000,) * 6, 2_000, EACH)
    assert holm.holds and not raw.holds


@pytest.mark.slow
def test_shrunken_lifts_hold_on_average_over_segments(worlds):
    rows = families.grade_segments(worlds, "magazine", (8_000, 8_000), EACH // 2, null=True)
    by_name = {(row.metric, row.method): row for row in rows}
    assert by_name["magazine, all segments", "shrunken"].holds
    assert by_name["no segment has an effect", "Benjamini-Hochberg"].holds


@pytest.mark.slow
def test_what_is_graded_is_what_the_public_functions_return(worlds):
    count, wrong = agreement.find_disagreements(worlds[0], 1, (EVEN, SMALL), (28,))
    assert count == 10 and wrong == []


def test_an_answer_that_differs_is_named(worlds, monkeypatch):
    honest = agreement.measure_lift
    monkeypatch.setattr(agreement, "measure_lift", lambda *a, **k: replace(honest(*a, **k), low=-9.0))
    _, wrong = agreement.find_disagreements(worlds[0], 1, (EVEN,), (2,))
    assert len(wrong) == 3 and "-9 to" in wrong[0]


def test_the_sums_of_a_replication_are_those_of_its_customers(worlds):
    pool, (treated, control) = worlds[1], replications.draw_customers(worlds[1], 300, 50, 3)
    table = powers(pool.without["sales_28"], pool.without["orders_28"])
    sums = replications.sum_up(pool, {"a": (300, table), "b": (50, table)}, 4)
    assert sums["a"][3] == pytest.approx(table[treated].sum(axis=0))
    assert sums["b"][3] == pytest.approx(table[control].sum(axis=0))
    parts = replications.sum_up(pool, {"a": (300, table)}, 4, pool.segment)["a"]
    assert parts.shape[:2] == (4, 8) and parts[3].sum(axis=0) == pytest.approx(sums["a"][3])


def test_an_adjusted_customer_without_purchases_still_counts_as_one(worlds):
    column = adjusted.fixed_columns(worlds[0], worlds[0].without["sales_2"])[:, 0]
    assert column.sum() == np.count_nonzero(worlds[0].without["sales_2"])


ROW = cells.Row("means", "a / b", "sales, few buy", "Welch", 1_900, 2_000, quiet=(2_000, 1_900), alarms=100)


@pytest.mark.parametrize(
    ("change", "verdict"),
    [
        ({}, "holds"),
        ({"hits": 1_859}, "DOES NOT HOLD"),
        ({"hits": 1_941}, "DOES NOT HOLD"),
        ({"hits": 1_941, "careful": True}, "holds"),
        ({"hits": 1_859, "careful": True}, "DOES NOT HOLD"),
        ({"alarms": 141}, "DOES NOT HOLD"),
        ({"alarms": 59}, "DOES NOT HOLD"),
        ({"alarms": 59, "careful": True}, "holds"),
        ({"hits": 1_500, "warned": 0.5}, "warns, and cannot hold"),
        ({"hits": 1_500, "warned": 0.49}, "DOES NOT HOLD"),
        ({"hits": 1_500, "peer": True}, "peer: fails"),
    ],
)
def test_the_verdict_follows_the_rule(change, verdict):
    assert replace(ROW, **change).verdict == verdict


def test_with_few_replications_the_exact_region_of_99_9_percent_counts():
    few = replace(ROW, replications=200, alarms=None)
    assert [replace(few, hits=hits).holds for hits in (178, 179, 198, 199)] == [False, True, True, False]


@pytest.mark.parametrize(("hits", "wrong", "code"), [(1_900, [], 0), (1_700, [], 1), (1_900, ["rates differ"], 1)])
def test_certify_ends_with_1_and_names_what_does_not_hold(hits, wrong, code, tmp_path, monkeypatch, capsys):
    row = replace(ROW, hits=hits)
    monkeypatch.setattr(certify, "certify", lambda each: ([row], {"means": 1.0}, (7, wrong)))
    monkeypatch.setattr(certify, "DOCS", tmp_path)
    assert certify.main([]) == code
    page, said = (tmp_path / "certify.md").read_text(encoding="utf-8"), capsys.readouterr().out
    assert ("does not hold: means" in said) == ("DOES NOT HOLD" in page) == (hits == 1_700)
    assert ("rates differ" in said) == ("other answers in 1 cases" in page) == bool(wrong)
    assert (tmp_path / "certify.png").stat().st_size > 10_000


def test_strata_that_are_graded_alone_renew_their_part_of_the_page_and_nothing_else(tmp_path, monkeypatch):
    strata = replace(ROW, part="strata", cell="20,000 customers", metric="sales a customer")
    every = ([ROW, strata], {"means": 1.0, "strata": 2.0}, (7, []))
    again = ([replace(strata, hits=1_700)], {"strata": 5.0}, (9, ["rates differ"]))
    monkeypatch.setattr(certify, "certify", lambda each: every)
    monkeypatch.setattr(certify, "certify_strata", lambda each: again)
    monkeypatch.setattr(certify, "DOCS", tmp_path)
    assert certify.main([]) == 0
    before = (tmp_path / "certify.md").read_text(encoding="utf-8")
    assert certify.main(["--strata"]) == 1
    page = (tmp_path / "certify.md").read_text(encoding="utf-8")
    parts = [text.split("## Means: sales")[1].split("## ")[0] for text in (before, page)]
    assert parts[0] == parts[1]
    assert "Of 2 cells 2 do not warn; all of these hold" in before
    assert "Of 2 cells 2 do not warn; 1 of these do **not** hold" in page and "- strata 20,000 customers" in page
    assert "other answers in 1 cases" in page and page.endswith(
        "6 seconds of one processor core, 3.0 a cell: means 1, strata 5.\n"
    )


def test_the_lines_of_a_page_are_the_rows_that_it_was_written_from():
    rows = [replace(ROW, hits=hits, peer=peer) for hits, peer in ((1_900, False), (1_700, True), (1_700, False))]
    lines = certify_page.read_lines(certify_page.write_page(rows, {"means": 1.0}, 1, []))
    for line, row in zip(lines, rows, strict=True):
        for name in ("part", "cell", "metric", "method", "replications", "coverage", "verdict", "peer", "warns"):
            assert getattr(line, name) == pytest.approx(getattr(row, name)), name


def test_the_verb_runs_certify_with_its_options_and_hands_on_how_it_ended(monkeypatch):
    started = []
    monkeypatch.setattr(verbs, "prepare_venv", lambda project, *, tests=False: "test tools" if tests else "lessons")
    monkeypatch.setattr(verbs, "run_child", lambda command, *_: started.append(command) or 1)
    assert verbs.main(["certify", "--quick"], object()) == 1
    assert started == [["test tools", "benchmarks/certify.py", "--quick"]]


def test_the_committed_page_was_written_by_this_code_and_names_all_that_fails():
    page = (ROOT / "docs" / "tables" / "certify.md").read_text(encoding="utf-8")
    assert all(f"## {title}" in page for title in certify_page.PARTS.values())
    named = page.split("Unwarned, and does not hold:")[1].split("\n\n")[1] if "Unwarned, and" in page else ""
    assert page.count("| **DOES NOT HOLD** |") == named.count("\n- ") + bool(named)
    assert "the very same intervals, and warned in the very same cases" in page
