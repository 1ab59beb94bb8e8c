"""What the page of conventions quotes stands on the page that a command made."""

from __future__ import annotations

import re

import pytest

from loyalty.segment.drift import measure_stability_index

SHARE = re.compile(r"(\d+\.\d) \(")


@pytest.fixture(scope="module")
def pages(root):
    return [(root / "docs" / name).read_text(encoding="utf-8") for name in ("statistics.md", "tables/certify.md")]


def find_row(page: str, *cells: str) -> list[str]:
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in page.splitlines() if line[:1] == "|"]
    (row,) = [row for row in rows if tuple(row[: len(cells)]) == cells]
    return row


SMALL, USUAL = "1,900 / 100", "38,000 / 2,000"
SALES, RATE, RATIO = "sales a customer, 3 % buy", "1.2 % against 0.6 %", "sales an order"
NARROWS = "log-normal, 30 % buy, the offer narrows spend"
QUOTED = [
    ("1,900 / 100, 3 % buy: pooled {} %", (SMALL, SALES, "pooled variance")),
    ("3 % buy: pooled 97.2 %, Welch {} %", (SMALL, SALES, "Welch")),
    ("narrows spend, 20,000 / 1,000: {} %", ("20,000 / 1,000", NARROWS, "larger variance")),
    ("94.8 %, pooled {} %. 1,900", ("20,000 / 1,000", NARROWS, "pooled variance")),
    ("1.2 against .6 %: {} %", (SMALL, RATE, "Newcombe")),
    ("Wald {} %", (SMALL, RATE, "Wald")),
    ("38,000 / 2,000, 30 % buy: {} %", (USUAL, f"{RATIO}, 30 % buy", "delta, pooled variance")),
    ("Welch {} %. 1,900 / 100, 3 % buy", (USUAL, f"{RATIO}, 30 % buy", "delta, Welch")),
    ("1,900 / 100, 3 % buy: {}, 88.1", (SMALL, f"{RATIO}, 3 % buy", "delta, pooled variance")),
    ("90.0, {} % at 30, 10, 3 % buyers", (SMALL, "log-normal, 3 % buy", "bootstrap-t")),
    ("97.0, {} % |", (SMALL, "log-normal, 3 % buy", "pooled variance")),
]


@pytest.mark.parametrize(("words", "cells"), QUOTED)
def test_a_quoted_coverage_is_the_certified_one(pages, words, cells):
    conventions, certified = pages
    coverage = SHARE.match(find_row(certified, *cells)[4])[1]
    assert words.format(coverage) in conventions


def test_the_quoted_coverage_of_profit_is_the_range_of_the_unwarned_cells(pages):
    conventions, certified = pages
    rows = re.findall(r"\| profit a customer, .*\|", certified)
    held = [float(SHARE.search(row)[1]) for row in rows if row.endswith("| holds |")]
    assert len(held) == 9 and f"unwarned cells cover {min(held)}–{max(held)} %" in conventions


def test_the_quoted_false_alarms_of_families_are_the_certified_ones(pages):
    conventions, certified = pages
    holm = find_row(certified, "3 arms of 10,000 / 10,000", "no arm has an effect", "Holm")
    many = find_row(certified, "20,000 / 20,000 in 8 segments", "no segment has an effect", "Benjamini-Hochberg")
    alarms = [SHARE.match(row[5])[1] for row in (holm, many)]
    assert "Family-wise false alarms {} % (3 arms) and {} % (8 segments)".format(*alarms) in conventions


def test_no_cell_of_the_committed_page_fails_without_a_warning(pages):
    verdicts = re.findall(r"\| \**(holds|DOES NOT HOLD)\** \|$", pages[1], re.M)
    assert verdicts.count("holds") >= 90 and "DOES NOT HOLD" not in verdicts


OTHERS = [  # the page, what leads to the figure there, how the conventions quote it
    ("selected", r"misses the truth of ([\d.]+) € by", "where the truth is {} €"),
    ("selected", r"misses the truth of [\d.]+ € by -([\d.]+) €", "misses by −{} €"),
    ("selected", r"its interval holds the truth in ([\d.]+)%", "from 180 days it holds the truth in {} %"),
    ("selected", r"Doubly robust holds the truth in ([\d.]+)%", "doubly robust holds the truth in {} %"),
    ("selected", r"weights in ([\d.]+)%", "weights in {} %"),
    ("selected", r"regression in ([\d.]+)%", "regression alone in {} %"),
    ("selected", r"No method holds it in more than ([\d.]+)%", "without it no method in more than {} %"),
    ("selected", r"passes in ([\d.]+)% of the lists", "passes its checks in {} % of the lists"),
    ("selected", r"class that decided pass in ([\d.]+)%", "sound strata in {} %"),
    (
        "selected",
        r"No adjusted estimate holds the truth in more than ([\d.]+)%",
        "no adjusted estimate holds the truth in more than {} %.",
    ),
    ("clinic", r"Refused, by any check: \*\*\d+ of 200 = ([\d.]+)%", "200 sound campaigns: {} % refused"),
    ("clinic", r"would have flagged \*\*\d+ of 200 = ([\d.]+)%", "would have flagged {} %"),
    ("clinic", r"\*\*winner's curse\*\*.*?\| (\d+ of 20) =", "with both {}."),
    ("clinic_further", r"Refused, by any check: \*\*\d+ of 200 = ([\d.]+)%", "other kinds, sound: {} % refused"),
    ("clinic_further", r"\*\*best moved\*\*.*?\| (\d+ of 20) =", "is found in {} campaigns of 10,000"),
    ("clinic_further", r"\*\*best moved\*\*.*?\| \d+ of 20 =.*?\| (\d+ of 20) =", "and in {} of 3,500"),
    ("uplift", r"## `basket_discount`.*?\| DR-learner .*?(\d+)% \([^|]*\) \|\n", "its own cut-off earns {} % of what"),
    ("uplift", r"## `basket_discount`.*?\| everybody .*?(\d+)%", "a letter to everybody {} %"),
    ("segment_clusters", r"uniform ball \| 200 \| \d+ \| (\d+) \|", "the worst of six kinds, {} are called groups"),
    ("segment_clusters", r"equal groups, 4 SD apart \| 60 \| \d+ \| (\d+) \|", "apart are found in {} of 60 tables"),
    ("segment_clusters", r"of 3 %, 6 SD apart \| 60 \| \d+ \| (\d+) \|", "apart, groups are claimed in {} of 60,"),
    ("segment_clusters", r"of 3 %, 10 SD apart \| 60 \| \d+ \| (\d+) \|", "at 10 standard deviations in {}."),
    ("segment_clusters", r"a ring \(one group with a hole\) \| 60 \| \d+ \| (\d+) \|", "is called groups in {} of 60."),
    ("segment_clusters", r"hdbscan, what they buy \| ([\d.]+) ", "HDBSCAN on what they buy agrees to {}:"),
    ("segment_clusters", r"RFM rules \(11 names\) \| ([\d.]+) ", "and RFM rules to {}."),
    ("segment_clusters", r"k-means, what they buy \| ([\d.]+) ", "with the planted types to {} (adjusted Rand index)"),
    ("segment_clusters", r"k-means, RFM \| ([\d.]+) ", "frequency and money to {}, and RFM rules"),
    ("communities", r"dealt by lot .*?\| 200 \| (\d+) \|", "200 tables each, {} dealt by lot"),
    ("communities", r"without tastes \| 200 \| (\d+) \|", "dealt by lot, {} of Poisson shoppers"),
    ("communities", r"no shared ones \| 200 \| (\d+) \|", "and {} of habits that nobody shares"),
    ("communities", r"60 purchases, links above chance \| 200 \| (\d+) \|", "none was claimed; then {} and"),
    ("communities", r"200 purchases, links above chance \| 200 \| (\d+) \|", "and {} of 200. `segment/micro/links.py`"),
    ("communities", r"\| 200 \| 6 \| all \| 60 \| (\d+) \|", "are found in {} of 60 tables of 200 customers"),
    ("communities", r"\| 200 \| 3 \| all \| 60 \| (\d+) \|", "at three times in {} of 60,"),
    ("communities", r"\| 800 \| 3 \| all \| 60 \| (\d+) \|", "with 800 customers in {}."),
    ("communities", r"\| products \| ([\d.]+) ", "to {} at resolution 1"),
    ("communities", r"products, resolution 2 \| ([\d.]+) ", "to {} at resolution 2"),
    ("communities", r"types, communities \| ([\d.]+) ", "types communities agree to {},"),
    ("communities", r"types, k-means \| ([\d.]+) ", "k-means on shares of spend to {}."),
    ("communities", r"\| (\+[\d.]+) \(-[\d.]+ to", "no gain is seen ({},"),
    ("communities", r"\n(\d+) times as fast", "takes a {}th of its"),
    ("clusters", r"\| 20 \| 40 \| heavy .*?\| ([\d.]+)%", "20 and 20 stores whose luck is heavy cover {} of 100"),
    ("clusters", r"\| 20 \| 40 \| heavy .*?% \| ([\d.]+)%", "of 100; as clusters {} ("),
    (
        "clusters",
        r"\| 20 \| 40 \| heavy .*?% \| [\d.]+% \| ([\d.]+)%",
        "the less skewed half of the draws covers {} of 100",
    ),
    ("clusters", r"\| 20 \| 40 \| heavy .*?% \| [\d.]+% \| [\d.]+% \| ([\d.]+)%", "the more skewed one {}."),
    ("drift", r"but the season \(home\) \| 1,000 \| 1,000 \| (\d+) ", "that rang: {} of 1,000 (1,000 customers,"),
    ("drift", r"but the season \(world\) \| 2,000 \| 200 \| (\d+) ", "{} of 200 (a steady world, 2,000 customers)"),
    ("drift", r"few move \(sticky\) \| 200 \| 1,000 \| (\d+) ", "{} of 1,000 (200 customers who seldom change)"),
    ("drift", r"five points .*?: shares \| 2,000 \| 200 \| (\d+) ", "five points of 2,000 customers in {} of 200,"),
    ("drift", r"places \(home\): moves \| 2,000 \| 200 \| (\d+) ", "changes places in {} of 200 and"),
    ("drift", r"places \(world\): moves \| 5,000 \| 40 \| (\d+) ", "of 200 and {} of 40, a rival"),
    ("drift", r"beauty visits \(world\): shares \| 5,000 \| 40 \| (\d+) ", "four of five beauty visits in {} of 40;"),
    ("drift", r"with another flu \(world\) \| 5,000 \| 40 \| (\d+) ", "with another flu rang in {} of 40 ("),
    ("drift", r"August to December \| 5,000 \| 40 \| (\d+) ", "from August to December it rang in {} of 40."),
    ("drift", r"\| usual \| 97 % \| 2,000 \| \d+ \(([\d.]+) %\)", "{} % of pairs rang with usual segments"),
    ("drift", r"\| rare \| 97 % \| 2,000 \| \d+ \(([\d.]+) %\)", "usual segments, {} and"),
    ("drift", r"\| rare \| 99 % \| 2,000 \| \d+ \(([\d.]+) %\)", "and {} % with rare ones"),
]


@pytest.mark.parametrize(("page", "found", "words"), OTHERS)
def test_a_quoted_figure_is_that_of_its_table(pages, root, page, found, words):
    table = (root / "docs" / "tables" / f"{page}.md").read_text(encoding="utf-8")
    assert words.format(re.search(found, table, re.S)[1]) in pages[0]


def test_the_quoted_rule_of_ten_movers_is_that_of_the_drift_page(pages, root):
    page = (root / "docs" / "tables" / "drift.md").read_text(encoding="utf-8")
    rows = re.findall(r"\| ([\d.]+) % \| [\d.]+ % \| [\d.]+ % \| ([\d.]+) \| ([\d.]+) \|$", page, re.M)
    assert len(rows) == 6
    below = [float(bare) for tested, bare, _ in rows if float(tested) < 10]  # percent: too few movers in nearly all
    most = max(float(ruled) for _, _, ruled in rows)
    words = "the normal distribution rang {} to {} times as often as promised; with the rule at most {} times"
    assert words.format(min(below), max(below), most) in pages[0]


def test_the_index_quotes_its_false_alarms_from_the_drift_page(root):
    page = (root / "docs" / "tables" / "drift.md").read_text(encoding="utf-8")
    low, high = sorted(re.findall(r"\| rare \| 9[79] % \| 2,000 \| \d+ \(([\d.]+) %\)", page), key=float)
    said = " ".join(measure_stability_index.__doc__.split())
    assert f"false alarms of {low} to {high} % were measured there at a promised 5 % (docs/tables/drift.md)" in said


def test_every_bound_of_the_drift_page_is_kept_or_said(root):
    page = (root / "docs" / "tables" / "drift.md").read_text(encoding="utf-8")
    bounds = re.findall(r"\| ([\d,]+) \([\d.]+ %\) \| at (most|least) ([\d,]+)( \*\*not kept\*\*)? \|$", page, re.M)
    assert len(bounds) == 16
    wrong = 0
    for rings, which, bound, mark in bounds:
        count, edge = (int(one.replace(",", "")) for one in (rings, bound))
        is_kept = count <= edge if which == "most" else count >= edge
        assert is_kept == (not mark)
        wrong += not is_kept
    assert ("All are kept." in page) == (wrong == 0)


def test_the_quoted_coverage_of_forecasts_is_that_of_the_simulated_chains(root):
    conventions, page = (
        (root / "docs" / name).read_text(encoding="utf-8") for name in ("statistics.md", "tables/value.md")
    )
    chains = page[page.index("## Where it is not") :]
    rows = {name: find_row(chains, name) for name in ("BG/NBD", "MBG/NBD", "Pareto/NBD")}
    sums = [row[1].removesuffix(" of 12") for row in rows.values()]
    assert sums[0] == sums[1]
    assert f"held what came in {sums[0]} (BG/NBD and MBG/NBD) or {sums[2]} (Pareto/NBD)" in conventions
    shares = sorted(float(row[2].removesuffix("%")) for row in rows.values())
    assert f"that of single customers in {shares[0]} to {shares[-1]} %" in conventions
