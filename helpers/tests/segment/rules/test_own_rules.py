"""Own rules from a file: a small grammar that is read and never run, all problems at once, the first match wins."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from loyalty.datasets import DATA
from loyalty.segment.rules.conditions import COLUMNS, Condition, hold_all, judge_reach, read_condition
from loyalty.segment.rules.own_rules import assign_rules, read_rules
from loyalty.tables.check import TableError

THERE = list(COLUMNS)
REST = {"name": "others", "action": "Write."}
DAY = pd.Timestamp("2026-03-01")


def write(*rules: tuple[str, object], **more: object) -> dict[str, object]:
    segments = [{"name": name, "when": when, "action": "Do."} for name, when in rules]
    return {"name": "own", "version": 1, "segments": segments, "rest": REST} | more


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("recency_days > 60", "recency_days > 60"),
        ("monetary>=1234.5", "monetary >= 1234.5"),
        ("trend < -0.5", "trend < -0.5"),
        ("trend < −0.5", "trend < -0.5"),
        ("frequency == 1", "frequency = 1"),
        ("frequency ≥ 2", "frequency >= 2"),
        ("gap_days is empty", "gap_days is empty"),
        (" gap_days  is not empty ", "gap_days is not empty"),
    ],
)
def test_a_condition_is_a_column_a_sign_and_a_number(text, read):
    assert str(read_condition(text, THERE)[0]) == read


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("recency > 60", "did you mean `recency_days`"),
        ("colour > 60", "there are: recency_days, frequency"),
        ("monetary > 1 234,50", "write the number as 1234.50"),
        ("promo_share > 50%", "write 0.5: shares are fractions"),
        ("frequency > 2 and monetary > 5", "one condition a line"),
        ("frequency", "is no condition: write a column, a sign and a number"),
        ("frequency ~ 2", "is no condition"),
        ("frequency >< 2", "there is no sign ><"),
        ("__import__('os').system('rm')", "is no condition"),
        ("frequency > monetary", "is no condition"),
        (7, "is no condition"),
        (None, "is no condition"),
        (["frequency > 1"], "is no condition"),
    ],
)
def test_what_is_no_condition_is_refused_with_what_to_write(text, says):
    found, problem = read_condition(text, THERE)
    assert found is None and says in problem


def test_a_column_that_the_receipts_cannot_give_is_told_apart_from_an_unknown_one():
    assert "the receipts have no column for it" in read_condition("margin > 3", ["monetary"])[1]


def test_an_empty_value_fails_every_comparison():
    values = {"gap_days": np.array([np.nan, 3.0])}
    for sign in ("<", "<=", ">", ">=", "=", "!="):
        assert not hold_all([Condition("gap_days", sign, 4.0)], values, 2)[0]
    assert hold_all([Condition("gap_days", "empty")], values, 2).tolist() == [True, False]
    assert hold_all([Condition("gap_days", "not empty")], values, 2).tolist() == [False, True]


def test_reach_agrees_with_trying_a_fine_grid_of_customers():
    """200 random files: the made-up customers find what a grid finds that is four times finer than the numbers."""
    money, receipts = np.arange(-2, 8.01, 0.25), np.arange(0, 9.0)
    share = np.append(np.arange(0, 1.001, 0.0625), np.nan)
    grid = np.meshgrid(money, receipts, share, indexing="ij")
    table = {n: g.ravel() for n, g in zip(("monetary", "frequency", "promo_share"), grid, strict=True)}
    rng = np.random.default_rng(0)
    signs = ["<", "<=", ">", ">=", "=", "!="]
    seen = set()
    for _ in range(200):
        rules = []
        for _ in range(rng.integers(1, 5)):
            rule = [Condition("monetary", signs[rng.integers(6)], float(rng.integers(0, 6))) for _ in range(2)]
            rule = rule[: rng.integers(0, 3)]
            if rng.random() < 0.5:
                rule.append(Condition("frequency", signs[rng.integers(6)], float(rng.integers(0, 6))))
            if rng.random() < 0.3:
                rule.append(Condition("promo_share", signs[rng.integers(6)], float(rng.integers(0, 5)) / 4))
            rules.append(rule or [Condition("promo_share", "empty")])
        size = len(table["monetary"])
        met = np.zeros(size, dtype=bool)
        for rule, found in zip(rules, judge_reach(rules), strict=True):
            held = hold_all(rule, table, size)
            wanted = "never" if not held.any() else ("before" if not (held & ~met).any() else "")
            assert found == wanted
            met |= held
            seen.add(found)
    assert seen == {"", "never", "before"}


def test_every_problem_of_a_file_is_listed_at_once(tmp_path):
    path = tmp_path / "rules.yml"
    path.write_text(
        "name: own\nsegmets: []\nsegments:\n"
        "  - {name: a, when: [recency > 5, 'monetary > 1 000'], action: Do.}\n"
        "  - {name: a, when: frequency > 1}\n"
        "  - {name: yes, when: frequency > 1, action: Do., colour: red}\n",
        encoding="utf-8",
    )
    with pytest.raises(TableError) as caught:
        read_rules(path)
    told = "\n".join(caught.value.problems)
    for says in (
        "there is no key `segmets`: did you mean `segments`?",
        "`version`, to be changed with every change of a rule, is missing",
        "`rest` is missing",
        "segment 1, 'a': there is no column `recency`",
        "write the number as 1000",
        "segment 2, 'a': `action`, what to do with these customers, is missing",
        "segment 3, 'True': there is no key `colour`",
        "should be a text, found True: put it in quotes",
        "two segments are called 'a'",
    ):
        assert says in told, told


def test_a_rule_that_nobody_can_reach_is_refused():
    with pytest.raises(TableError) as caught:
        read_rules(write(
            ("wide", "recency_days > 30"), ("narrow", "recency_days > 60"),
            ("torn", ["frequency > 3", "frequency < 4"]), ("low", "recency_days <= 30"),
            ("both", "recency_days >= 1"), ("left", "recency_days is empty"),
        ))  # fmt: skip
    covered = "nobody can reach it, because earlier rules take all of its customers: move it up, or take it out"
    assert caught.value.problems == [
        f"segment 2, 'narrow': {covered}",
        "segment 3, 'torn': its conditions can never hold together",
        f"segment 5, 'both': {covered}",
    ]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("", "is empty"),
        ("- a", "a list"),
        ("name: [", "is not YAML"),
        ("name: &a b\nversion: *a", "holds an anchor or an alias"),
        ("name: a\nname: b", "twice"),
        ("!!python/object/apply:os.system ['x']", "is not YAML"),
        ("name: own\nversion: 1\nsegments: many\nrest: {name: r, action: R}", "`segments` should be a list"),
        ("name: own\nversion: 1\nsegments: [3]\nrest: 4", "segment 1 should hold name, when, action"),
    ],
)
def test_odd_files_are_refused_in_words(tmp_path, given, says):
    path = tmp_path / "rules.yml"
    path.write_text(given, encoding="utf-8")
    with pytest.raises(TableError, match=says):
        read_rules(path)


def draw_profile(n: int, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frequency = rng.poisson(2, n)
    recency = np.where(frequency > 0, rng.integers(1, 200, n), np.nan)
    money = (frequency * rng.gamma(2, 20, n)).round(2)
    return pd.DataFrame({"customer_id": np.arange(n), "as_of": DAY, "recency_days": recency,
                         "frequency": frequency, "monetary": money})  # fmt: skip


def test_everybody_is_in_the_first_segment_that_holds_or_in_the_rest():
    rules = read_rules(write(("big", "monetary >= 60"), ("fresh", ["recency_days <= 30", "frequency >= 1"])))
    profile = draw_profile(500)
    found = assign_rules(rules, profile)
    by_hand = ["big" if m >= 60 else "fresh" if r <= 30 and f >= 1 else "others"
               for m, r, f in zip(profile.monetary, profile.recency_days, profile.frequency, strict=True)]  # fmt: skip
    assert found["segment"].tolist() == by_hand and set(by_hand) == {"big", "fresh", "others"}
    both = int(((profile.monetary >= 60) & (profile.recency_days <= 30)).sum())
    assert found.attrs["warnings"] == (
        f"{both} customers meet the rules of both “big” and “fresh”: the first one takes them",
    )


def test_neither_the_order_of_rows_nor_the_kind_of_ids_matters():
    rules = read_rules(write(("big", "monetary >= 60"), ("fresh", "recency_days <= 30")))
    profile = draw_profile(300)
    first = assign_rules(rules, profile)
    shuffled = assign_rules(rules, profile.sample(frac=1, random_state=1))
    pd.testing.assert_frame_equal(first, shuffled)
    texts = assign_rules(rules, profile.assign(customer_id=profile["customer_id"].map("{:05d}".format)))
    assert texts["segment"].tolist() == first["segment"].tolist()


@pytest.mark.parametrize("rows", [1, 2])
def test_one_customer_and_customers_who_are_all_zero(rows):
    rules = read_rules(write(("big", "monetary > 0"), ("none", "recency_days is empty")))
    profile = draw_profile(rows).assign(frequency=0, monetary=0.0, recency_days=np.nan)
    assert assign_rules(rules, profile)["segment"].tolist() == ["none"] * rows


def test_rules_survive_the_way_through_plain_values():
    rules = read_rules(write(("big", ["monetary >= 60.1", "gap_days is not empty"]), ("fresh", "recency_days <= 30")))
    assert read_rules(rules.to_plain()) == rules
    assert len(rules.to_frame()) == 3 and "monetary &gt;= 60.1" in rules._repr_html_()


def test_the_example_file_can_be_used():
    rules = read_rules(DATA / "examples" / "rules.yml")
    assert len(rules.rules) == 4 and list(rules.actions)[-1] == "everybody else"


def test_many_columns_and_numbers_fall_back_to_pairs_of_rules():
    wide = [[Condition(name, ">", float(place)) for name in THERE[:8]] for place in range(8)]
    found = judge_reach([wide[0], *wide[1:]])
    assert found[0] == "" and set(found[1:]) == {"before"}
    assert set(itertools.chain(found)) == {"", "before"}
