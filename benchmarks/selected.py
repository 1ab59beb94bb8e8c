"""Invited for having just spent much: which estimate tells the truth? Writes docs/tables/selected.md and its chart.

Each seed is a world of its own, its list drawn by what each customer spent in the last 28 days; every estimator of
`loyalty.evaluate.observational` is laid beside the expected effect on the invited. `--seeds 4` for a look.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
from selected_page import SKIPPED, draw, sum_up, write_rows
from threadpoolctl import threadpool_limits

from loyalty.evaluate.observational.aipw import adjust_doubly  # fmt: skip
from loyalty.evaluate.observational.conclusion import say_what_is_allowed  # fmt: skip
from loyalty.evaluate.observational.did import difference_in_differences  # fmt: skip
from loyalty.evaluate.observational.matching import match_customers  # fmt: skip
from loyalty.evaluate.observational.naive import compare_naively  # fmt: skip
from loyalty.evaluate.observational.placebo import compare_all, placebo_outcome  # fmt: skip
from loyalty.evaluate.observational.regression import adjust_by_regression  # fmt: skip
from loyalty.evaluate.observational.weighting import weight_by_propensity  # fmt: skip
from loyalty.stats.estimate import Estimate
from loyalty.tables.check import TableError
from loyalty.world import World

TABLES = Path(__file__).parents[1] / "docs" / "tables"
CUSTOMERS, MONTHS, SEEDS, DAYS = 6_000, 24, 200, 28
OFFER, NOTHING = "basket_discount", "magazine"
BORDERS, CHANCES, SURE = (0.0, 20.0, 60.0), (0.05, 0.20, 0.50, 0.80), 20.0
EARLIER = ["log spend, 84 days before", "log spend, year before"]
COLUMNS = {
    "profile": ["log spend, last 28 days", *EARLIER],
    "class": ["class"],
    "without": EARLIER,
}  # fmt: skip
LISTS = {
    "profile": "Adjusted for the profile, the last 28 days among it",
    "class": "Adjusted for the class that decided",
    "without": "Adjusted for the profile, the last 28 days not recorded",
}
SAME = "With one column of classes all but the overlap weights give one and the same estimate."
DESIGNS = {"classes": "Four classes, four chances", "sure": "All above a border, nobody below", "lottery": "A lottery"}
SERIOUS = ("overlap:", "overlap (", "effective sample size", "extreme weights", "unbalanced", "left out")


def describe(world: World) -> tuple[pd.DataFrame, pd.DataFrame]:
    """What is known of each customer on the day of the send, and the last 300 days of his receipts, a row a day."""
    lines, ids = world.receipts, world.customers["customer_id"]
    ago = (world.end - lines["time"].dt.normalize()).dt.days  # 1 is the last day

    def add(first: int, last: int) -> np.ndarray:
        found = lines[(ago > last) & (ago <= first)].groupby("customer_id")["sales"]
        return found.sum().reindex(ids, fill_value=0).to_numpy(float)

    spend = add(DAYS, 0)
    known = pd.DataFrame({
        "customer_id": ids, "spend": spend, "earlier": add(112, DAYS) / 3,
        COLUMNS["profile"][0]: np.log1p(spend), EARLIER[0]: np.log1p(add(112, DAYS)),
        EARLIER[1]: np.log1p(add(392 + DAYS, 112 + DAYS)),
        "class": pd.Series(np.searchsorted(BORDERS, spend)).map(str), "placebo": add(112 + DAYS, 112),
    })  # fmt: skip
    near = lines[ago <= 300]
    days = near.groupby(["customer_id", near["time"].dt.normalize()])["sales"].sum().reset_index()
    return known, days


def choose(known: pd.DataFrame, design: str, seed: int) -> np.ndarray:
    """Who is invited. The lottery draws as many as the four classes invite."""
    lots = np.random.default_rng(seed)
    chance = np.array(CHANCES)[known["class"].astype(int)]
    invited = lots.random(len(known)) < chance
    if design == "sure":
        return (known["spend"] >= SURE).to_numpy()
    return invited if design == "classes" else lots.permutation(invited)


def estimate(known: pd.DataFrame, days: pd.DataFrame, invited: np.ndarray, sales: np.ndarray, end: pd.Timestamp,
             design: str) -> Iterator[tuple[str, str, Estimate, str]]:  # fmt: skip
    """Each estimate: its list of covariates, its name, the estimate, and what the checks beside it say."""
    table = known.assign(invited=invited, sales=sales)
    plain = {"treated": "invited", "outcome": "sales"}
    if design == "lottery":
        yield "", "naive", compare_naively(table, **plain), ""
        return
    ids, span = known["customer_id"], pd.Timedelta(days=DAYS)
    now = pd.DataFrame({"customer_id": ids, "time": end, "sales": sales})
    did = difference_in_differences(
        pd.concat([days, now], ignore_index=True), treated=ids[invited], start=end, end=end + span,
        customers=ids, covered=(end - pd.Timedelta(days=300), end + span),
    )  # fmt: skip
    says = say_what_is_allowed(did).level
    yield "", "naive", did.naive, ""
    for one in did.estimates:
        yield "did", f"{one.details['pre_days']} days before", one, says
    change = table.assign(change=table["sales"] - table["earlier"])
    yield "did", SKIPPED, compare_naively(change, treated="invited", outcome="change"), ""
    for name, columns in COLUMNS.items():
        if name == "class" and design == "sure":
            continue  # there the class is the invitation itself
        for one, placebo in compare(table, columns, plain):
            yield name, one.method, one, say_what_is_allowed(one, placebos=[placebo]).level


def compare(table: pd.DataFrame, columns: list[str], plain: dict[str, str]) -> list[tuple[Estimate, Estimate]]:
    """Each adjusted estimate with its placebo; strata are missing where they refuse to compare."""
    try:
        both = compare_all(table, covariates=columns, placebo="placebo", **plain)
        return list(zip(both.estimates[1:], both.placebos[1:], strict=True))
    except TableError:  # the list tells invited from others without error: no block holds both
        pass
    options, found = {"treated": plain["treated"], "covariates": columns}, []
    for method in (adjust_by_regression, match_customers, weight_by_propensity, adjust_doubly):
        asked = options | {"target": "att"}
        found.append((method(table, outcome=plain["outcome"], **asked),
                      placebo_outcome(table, estimator=method, placebo="placebo", **asked)))  # fmt: skip
    return found


def run_seed(seed: int) -> list[dict]:
    """One row an offer, design and estimate; money is per invited customer and 28 days, in euros."""
    with threadpool_limits(1):
        world = World(customers=CUSTOMERS, months=MONTHS, seed=seed)
        known, days = describe(world)
        everybody, ids = world.customers[["customer_id"]], known["customer_id"]

        def live(offer: str | None) -> np.ndarray:
            lives = world.run(everybody.assign(offer_id=offer), days=DAYS, post=0)[0].outcomes
            return lives[lives["window"] == "main"].set_index("customer_id")["sales"].loc[ids].to_numpy()

        without, rows = live(None), []
        for offer in (OFFER, NOTHING):
            # A customer's two lives share their luck, so a wave is each customer's life under his own plan.
            having = live(offer)
            effect = world.truth.effect(offer, days=DAYS, post=0).set_index("customer_id")["sales"].loc[ids].to_numpy()
            for design in DESIGNS:
                invited = choose(known, design, seed)
                sales = np.where(invited, having, without)
                chance = np.array(CHANCES)[known["class"].astype(int)]
                either = np.average(effect, weights=chance * (1 - chance))
                for columns, name, one, says in estimate(known, days, invited, sales, world.end, design):
                    if name == "overlap weights" and design == "sure":
                        continue  # nobody could have been in either group
                    truth = either if name == "overlap weights" else effect[invited].mean()
                    warned = (
                        any(word in text for text in one.warnings for word in SERIOUS) if columns in LISTS else None
                    )
                    rows.append({
                        "seed": seed, "offer": offer, "design": design, "columns": columns, "name": name,
                        "effect": one.effect, "low": one.low, "high": one.high, "truth": truth,
                        "realised": (having - without)[invited].mean(),
                        "warned": warned, "says": says, "invited": invited.sum(),
                    })  # fmt: skip
        return rows


def summarise(rows: pd.DataFrame) -> pd.DataFrame:
    """A line a design and estimate: with the offer, and with the one that changes nothing."""
    miss = rows["effect"] - rows["truth"]
    rows = rows.assign(
        miss=miss, far=miss.abs(), held=(rows["low"] <= rows["truth"]) & (rows["truth"] <= rows["high"]),
        held_real=(rows["low"] <= rows["realised"]) & (rows["realised"] <= rows["high"]), loss=rows["high"] < 0,
        found=(rows["high"] < 0) | (rows["low"] > 0), half=(rows["high"] - rows["low"]) / 2,
        passed=(rows["says"] == "suggests").where(rows["says"] != "").astype(float),
        bought=rows["offer"] == OFFER, warned=rows["warned"].astype(float),
    )  # fmt: skip
    keys = ["design", "columns", "name"]
    real, null = (rows[rows["bought"] == bought].groupby(keys, sort=False) for bought in (True, False))
    table = real[["truth", "miss", "held", "held_real", "loss", "passed", "warned"]].mean()
    table["far"], table["half"], table["sem"] = real["far"].median(), real["half"].median(), real["miss"].sem()
    table["null"], table["null sem"] = null["miss"].mean(), null["miss"].sem()
    table["low"], table["high"] = null["effect"].quantile(0.025), null["effect"].quantile(0.975)
    table["alarm"], table["null passed"], table["waves"] = null["found"].mean(), null["passed"].mean(), null.size()
    return table


def write_page(rows: pd.DataFrame, table: pd.DataFrame, seeds: int) -> str:
    """The page: the rules, then a part a design and list of columns."""
    chances, borders = [f"{chance:.0%}" for chance in CHANCES], [f"{border:.0f} €" for border in BORDERS[1:]]
    share = rows.groupby("design")["invited"].mean() / CUSTOMERS
    refused = rows[rows["design"] == "sure"].pivot_table(
        index="name", columns="columns", values="seed", aggfunc="nunique"
    )
    missing = seeds - refused["profile"].get("strata (propensity)", 0)
    both = {kind: table.loc[("classes", "class", "doubly robust"), kind] for kind in ("held", "held_real")}
    text = [
        "# Invited for having just spent much: which estimate tells the truth?", "",
        f"Made by `python benchmarks/selected.py`: {seeds} worlds, in each a letter to customers who were chosen for "
        "what they had just spent, and every estimate beside the truth.", "",
        "**What was found.**", "", *sum_up(table), "",
        "![What each estimate finds where there is nothing](selected.png)", "",
        "## The rules", "",
        f"{seeds} worlds (seeds 0, 1, 2, …, never picked) of {CUSTOMERS:,} customers and {MONTHS} months each. A list "
        f"is drawn by what each customer spent in the {DAYS} days before the send; the offer is `{OFFER}`, and once "
        f"more `{NOTHING}`, which changes nothing. Two lists and a lottery:", "",
        f"- *{DESIGNS['classes']}*: of those who spent nothing {chances[0]} are invited, up to {borders[0]} "
        f"{chances[1]}, up to {borders[1]} {chances[2]}, above {chances[3]}, by chance. {share['classes']:.0%} are "
        "invited, and of every class some are not.",
        f"- *{DESIGNS['sure']}*: {SURE:.0f} € or more are invited surely, the others never ({share['sure']:.0%}). "
        "No overlap.",
        "- *A lottery* among all customers, with as many invited as in the first list.", "",
        "**The truth** is the expected effect on sales in the 28 days from the send, mean of those who were invited "
        "(ATT); for overlap weights the mean of those who could have been in either group, by the known chances; for "
        "the lottery that of the customers drawn. All estimates are for the invited, with 95 % intervals. The "
        "covariates are logarithms of sales in the last 28 days, of sales in the 84 days before those, and of sales in "
        "the year before; the placebo is the sales of the 28 days that end 112 days before the send.", "",
        "The columns:", "",
        "- *Bias*: mean of estimate less truth (± its 95 % interval over worlds). *Typical miss*: half of the waves "
        "miss by more. *Its own ±*: median half width of the intervals.",
        "- *Holds the truth*: share of the intervals that do. *Calls it a loss*: the whole interval is below zero, "
        "while the truth is a gain. A share near 95 % is known to "
        f"± {1.96 * (0.95 * 0.05 / seeds) ** 0.5:.1%}.",
        "- *No effect*: the same with the offer that changes nothing; a *false alarm* is an interval without zero.",
        "- *Checks pass*: `say_what_is_allowed` says \"suggests\" of the estimate beside its placebo (differences in "
        "differences: beside placebo dates and the other windows), for the offer with an effect. *Warns*: of missing "
        "overlap, extreme weights or imbalance that is left.",
    ]  # fmt: skip
    for design, title in DESIGNS.items():
        text += ["", f"## {title}"]
        for columns in table.loc[design].index.unique("columns"):
            name = "Differences in differences, by what counts as before" if columns == "did" else LISTS.get(columns)
            text += [
                "",
                *([f"### {name}", ""] if name else []),
                *([SAME, ""] if columns == "class" else []),
                *write_rows(table.loc[[design]].loc[(design, columns)]),
            ]
    text += [
        "", f"With no overlap strata refuse to compare in {missing:.0f} of {seeds} worlds (no block holds both groups) "
        "and are left out there; overlap weights have nobody to speak for, and are left out altogether.", "",
        f"The realised effect, with the luck that these customers had, is held by {both['held_real']:.1%} of the "
        f"intervals, the expected one by {both['held']:.1%} (doubly robust, by the class that decided).", "",
    ]  # fmt: skip
    return "\n".join(text)


def main() -> None:
    """Run all seeds and write docs/tables/selected.md and docs/tables/selected.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--folder", type=Path, default=TABLES)
    asked = parser.parse_args()
    with ProcessPoolExecutor(2) as pool:
        rows = pd.DataFrame([row for part in pool.map(run_seed, range(asked.seeds)) for row in part])
    table = summarise(rows)
    text = write_page(rows, table, asked.seeds)
    (asked.folder / "selected.md").write_text(text, encoding="utf-8")
    draw(table, asked.folder / "selected.png")
    print(text)


if __name__ == "__main__":
    main()
