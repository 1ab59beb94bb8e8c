"""Who finds the customers that an offer changes? Writes docs/tables/uplift.md and its chart.

Each seed is a world of its own: a wave offers to a random half, the learners see half of the wave's customers with
their profit, and rank the other half. Judged by the expected true effect, which no chain knows. `--seeds 3` for a look.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from scipy import stats
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from loyalty.charts import CONTROL, GREY, TREATED, house_style
from loyalty.evaluate.uplift.experiment import Experiment, open_trial
from loyalty.evaluate.uplift.meta_learners import fit_uplift
from loyalty.evaluate.uplift.policy_value import choose_offers
from loyalty.evaluate.uplift.qini import measure_gains
from loyalty.prepare.profile import build_profile
from loyalty.segment.rules.rfm import name_segments, score_rfm
from loyalty.world import World

TABLES = Path(__file__).parents[1] / "docs" / "tables"
OFFERS = ("basket_discount", "reminder", "win_back")
CUSTOMERS, MONTHS, SEEDS, PART = 20_000, 24, 40, 0.2
LEAST = 0.02  # euros per customer of the base: of less no share is shown
NAMES = {
    "s": "S-learner", "t": "T-learner", "x": "X-learner", "dr": "DR-learner", "segments": "effect by RFM segment",
    "response": "response model", "random": "random", "oracle": "oracle that sees the same columns",
}  # fmt: skip
EFFECTS = ("s", "t", "x", "dr", "segments", "oracle")  # their height is money, so that they have a cut-off of their own


def describe(world: World) -> pd.DataFrame:
    """What the chain sees at the start: the profile, each customer's mix of departments, the RFM segment."""
    profile = build_profile(world.receipts, world.end, customers=world.customers, products=world.products)
    segment = name_segments(score_rfm(profile)).set_index("customer_id")["segment"]
    lines = world.receipts[["customer_id", "product_id", "sales"]]
    lines = lines.assign(department=lines["product_id"].map(world.products.set_index("product_id")["department"]))
    mix = lines.groupby(["customer_id", "department"], observed=True)["sales"].sum().unstack()
    mix = mix.div(mix.sum(axis=1), axis=0).add_prefix("share of ")
    profile["segment"] = profile["customer_id"].map(segment).astype(object).fillna("(none)").astype(str)
    return profile.merge(mix, left_on="customer_id", right_index=True, how="left")


def imagine(learn: Experiment, judge: Experiment, effect: pd.Series) -> pd.Series:
    """The best that these columns allow: trained on the true effects of the learners' own customers."""
    model = HistGradientBoostingRegressor(max_iter=150, min_samples_leaf=40, early_stopping=False, random_state=0)
    columns = learn.features.columns.drop("segment")
    model.fit(learn.features[columns], effect.loc[learn.arm.index])
    return pd.Series(model.predict(judge.features[columns]), judge.arm.index)


def find_area(score: pd.Series, effect: pd.Series) -> float:
    """True area of a ranking above random; equal scores count together."""
    groups = effect.groupby(-score).agg(["sum", "count"])
    share = np.append(0, groups["count"].cumsum() / len(score))
    gain = np.append(0, groups["sum"].cumsum() / len(score))
    return float(np.trapezoid(gain, share) - gain[-1] / 2)


def run_seed(seed: int) -> Iterator[dict]:
    """One row a candidate and offer; money is per customer of the base, in euros."""
    world = World(customers=CUSTOMERS, months=MONTHS, seed=seed)
    profile, offers = describe(world), world.offers
    for offer in OFFERS:
        chosen = np.random.default_rng(seed).random(CUSTOMERS) < 0.5
        plan = world.customers[["customer_id"]].assign(offer_id=np.where(chosen, offer, None), propensity=0.5)
        wave, _ = world.run(plan)
        truth = world.truth.effect(offer).set_index("customer_id")
        cost = float(offers.set_index("offer_id").loc[offer, "contact_cost"])
        money = open_trial(profile, wave.contacts, wave.outcomes, "profit", window=("main", "post"), offers=offers)
        came = open_trial(profile, wave.contacts, wave.outcomes, "responded").outcome
        learn, judge = money.split(seed=seed)
        net = truth["profit"].loc[judge.arm.index]
        scores = {"oracle": imagine(learn, judge, truth["profit"] + cost)}
        for learner in ("s", "t", "x", "dr", "random"):
            scores[learner] = drop(learn, "segment", learner).score(drop(judge, "segment"))[offer]
        scores["segments"] = fit_uplift(learn, "segments", by="segment").score(judge)[offer]
        replied = replace(learn, outcome=came.loc[learn.arm.index])
        scores["response"] = drop(replied, "segment", "response").score(drop(judge, "segment"))[offer]
        gains = measure_gains(judge, scores)
        for name, score in scores.items():
            area, said = find_area(score, net), gains.estimates[name]
            best = choose_offers(score.rename(offer), share=PART) == offer
            row = {"seed": seed, "offer": offer, "name": name}
            ranks = score.nunique() > 1  # one score for all ranks nobody
            row["rank"] = score.corr(net, "spearman") if ranks else 0.0
            row["held"] = said.low <= area <= said.high if ranks else np.nan
            row |= {"best": net.where(best, 0).mean(), "all": net.mean()}
            if name in EFFECTS:
                row["cut"] = net.where(score > cost, 0).mean()
            yield row


def drop(trial: Experiment, name: str, learner: str = "") -> object:
    """The trial without a column, or a model of it."""
    less = replace(trial, features=trial.features.drop(columns=name))
    return fit_uplift(less, learner) if learner else less


def say_mean(values: pd.Series, digits: int) -> str:
    """Mean over seeds with its 95 % interval."""
    values = values.dropna()
    half = stats.t.ppf(0.975, len(values) - 1) * values.std() / len(values) ** 0.5 if len(values) > 1 else np.nan
    return f"{values.mean():.{digits}f} ({values.mean() - half:.{digits}f} to {values.mean() + half:.{digits}f})"


def say_ratio(values: pd.Series, oracle: pd.Series) -> str:
    """Ratio of two means over seeds with its 95 % interval (delta method)."""
    ratio, n = values.mean() / oracle.mean(), len(values)
    rest = (values - ratio * oracle) / oracle.mean()
    half = stats.t.ppf(0.975, n - 1) * rest.std() / n**0.5 if n > 1 else np.nan
    return f"{ratio:.0%} ({ratio - half:.0%} to {ratio + half:.0%})"


def say_share(values: pd.Series, oracle: pd.Series) -> str:
    """Share of the oracle's value, where that is worth sharing."""
    return say_ratio(values, oracle) if oracle.mean() > LEAST else "–"


def write_table(rows: pd.DataFrame, offer: str) -> Iterator[str]:
    """One offer: a line a candidate."""
    mine = rows[rows["offer"] == offer].pivot(index="seed", columns="name")
    best, cut, whole = mine["best"], mine["cut"], mine["all"]["random"]
    yield f"\n## `{offer}`\n"
    heads = ("", "rank correlation", "best 20 %: € per contact", "share", "own cut-off: € per customer", "share")
    yield f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}"
    for name, label in NAMES.items():
        own = f"{say_mean(cut[name], 3)} | {say_share(cut[name], cut['oracle'])}" if name in EFFECTS else "|"
        share = say_share(best[name], best["oracle"])
        yield f"| {label} | {say_mean(mine['rank'][name], 3)} | {say_mean(best[name] / PART, 2)} | {share} | {own} |"
    yield f"| everybody | | | | {say_mean(whole, 3)} | {say_share(whole, cut['oracle'])} |"


def say_losses(rows: pd.DataFrame) -> Iterator[str]:
    """Where the response model loses money, and by how much."""
    yield "\n## Where the response model loses money\n"
    for offer in OFFERS:
        mine = rows[(rows["offer"] == offer)].pivot(index="seed", columns="name", values="best") / PART
        found, rival = mine["response"], mine["random"]
        yield (
            f"- `{offer}`: a contact to its best 20 % brings {say_mean(found, 2)} €, a contact at random "
            f"{say_mean(rival, 2)} €; it loses money in {(found < 0).sum()} of {len(found)} worlds."
        )


def draw(rows: pd.DataFrame, path: Path) -> None:
    """Rank correlations, one panel an offer."""
    house_style()
    figure, axes = plt.subplots(1, len(OFFERS), figsize=(11, 4.6), sharey=True)
    order = list(NAMES)
    for ax, offer in zip(axes, OFFERS, strict=True):
        mine = rows[rows["offer"] == offer].groupby("name")["rank"].agg(["mean", "sem"]).loc[order]
        for place, name in enumerate(order):
            colour = {"oracle": CONTROL, "response": GREY, "random": GREY}.get(name, TREATED)
            half = 1.96 * mine["sem"].iloc[place]
            ax.errorbar(mine["mean"].iloc[place], place, xerr=half, fmt="o", color=colour, linewidth=3, markersize=7)
        ax.axvline(0, color="#333333", linewidth=1)
        ax.set_yticks(range(len(order)), [NAMES[name] for name in order])
        ax.set_title(offer, fontsize=11)
    axes[0].invert_yaxis()
    figure.suptitle("How well is the true effect ranked?", x=0.01, ha="left", fontsize=14, fontweight="bold")
    subtitle = "Spearman's correlation of score and expected true effect, mean over worlds with 95 % interval"
    figure.supxlabel(f"{subtitle}. Source: loyalty.world", x=0.01, ha="left", fontsize=9)
    figure.savefig(path)
    plt.close(figure)


def main() -> None:
    """Run all seeds and write docs/tables/uplift.md and docs/tables/uplift.png."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--folder", type=Path, default=TABLES)
    asked = parser.parse_args()
    found = []
    with threadpool_limits(1):  # two cores gain nothing from threads that wait for each other
        for seed in range(asked.seeds):
            found += run_seed(seed)
            print(f"seed {seed}", flush=True)
    rows = pd.DataFrame(found)
    held = rows[rows["name"] != "random"]["held"].dropna().astype(float)
    text = [
        "# Who finds the customers that an offer changes?", "",
        f"Made by `python benchmarks/uplift.py`: {asked.seeds} worlds (seeds 0, 1, 2, …, never picked) of "
        f"{CUSTOMERS:,} customers and {MONTHS} months each. A wave offers to a random half; the learners see one half "
        "of its customers with their profit (both windows, contacts not counted) and rank the other half. All models "
        "are the default of `fit_uplift`, on the profile and each customer's mix of departments.", "",
        "Rankings are judged by the *expected* true effect on profit, contact included. The oracle has the same "
        "columns and the true effects of the learners' customers; the response model predicts who buys in the main "
        "window with the offer. In brackets: 95 % intervals over worlds. *Best 20 %*: the highest-scored "
        "fifth is contacted; *own cut-off*: whoever's predicted effect exceeds the cost of a contact; *per customer*: "
        "of the base. *Share* "
        "is that of the oracle's money, a ratio of means over worlds; left out where the oracle itself gains less than "
        "0.02 € a customer.",
        *(line for offer in OFFERS for line in write_table(rows, offer)), *say_losses(rows),
        "\n## Do the intervals of the areas hold?\n",
        f"Of {len(held):,} intervals of `measure_gains` (the random ranking and scores that are all equal left out) "
        f"{held.mean():.1%} held the ranking's true area among the very customers that were judged, "
        "of which they promise at least 95 %.",
        "\n![Rank correlation with the true effect](uplift.png)", "",
    ]  # fmt: skip
    (asked.folder / "uplift.md").write_text("\n".join(text), encoding="utf-8")
    draw(rows, asked.folder / "uplift.png")
    print("\n".join(text))


if __name__ == "__main__":
    main()
