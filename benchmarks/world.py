"""Acceptance of the world: truth, known failures, speed, memory, growth. `python benchmarks/world.py` writes tables.

`truth` or `speed` make only that; `--quick` leaves out the million customers.

Replications draw customers with replacement from the cached potential outcomes of large worlds (10 worlds × 200), then
split them at random; the target is that world's mean effect; the seeds are 0, 1, 2, … and were never picked.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from loyalty.charts import CONTROL, TREATED, headline, house_style
from loyalty.stats.intervals import compare_means
from loyalty.world import World

DOCS = Path(__file__).resolve().parents[1] / "docs" / "tables"
WORLDS, REPLICATIONS, CUSTOMERS = 10, 200, 50_000
CELLS = ((2_000, 2_000), (38_000, 2_000))


def outcomes_of(world: World, offer: str | None) -> pd.DataFrame:
    """Outcomes of the main window if everybody, or nobody, gets an offer."""
    wave, _ = world.run(world.customers[["customer_id"]].assign(offer_id=offer), pre=0, post=0)
    table = wave.outcomes
    return table.assign(profit=table["margin"] - table["reward_paid"])[
        ["responded", "orders", "sales", "profit"]
    ].astype(float)


def accept_truth() -> pd.DataFrame:
    """Coverage of the population effect, and false alarms of the null offer."""
    counts: dict[tuple[str, str, str], list[bool]] = {}
    for number in range(WORLDS):
        world = World(customers=CUSTOMERS, months=12, seed=number)
        nobody = outcomes_of(world, None)
        for offer in ("basket_discount", "reminder", "magazine"):
            everybody = outcomes_of(world, offer)
            for treated, control in CELLS:
                for measure in ("orders", "sales", "profit"):
                    having, without = everybody[measure].to_numpy(), nobody[measure].to_numpy()
                    target = (having - without).mean()
                    hits = counts.setdefault((offer, f"{treated:,} / {control:,}", measure), [])
                    for seed in range(REPLICATIONS):
                        draw = np.random.default_rng([number, seed]).integers(0, len(having), treated + control)
                        result = compare_means(having[draw[:treated]], without[draw[treated:]])
                        hits.append(result.low <= target <= result.high)
    rows = []
    for (offer, cell, measure), hits in counts.items():
        rate = float(np.mean(hits))
        null = offer == "magazine"
        shown = 1 - rate if null else rate
        # The careful interval is too wide where an offer widens the spread among the treated: no upper limit there.
        careful = cell.startswith("38,000")
        low, high = (0.03, 0.07) if null else (0.93, 1.0 if careful else 0.97)
        rows.append((offer, cell, measure, "false alarms" if null else "coverage", shown, low <= shown <= high))
    return pd.DataFrame(rows, columns=["offer", "treated / control", "measure", "rate of", "rate", "accepted"])


def known_failures() -> tuple[pd.DataFrame, pd.DataFrame]:
    """What careless estimators say, beside the truth."""
    world = World(customers=20_000, months=36, seed=7)
    card = world.truth.card_effect
    trial, other = World(customers=40_000, months=36, seed=7).randomise_card_invitation(0.5)
    main = trial.outcomes.query("window == 'main'").set_index("customer_id")["sales"]
    before = trial.outcomes.query("window == 'pre'").set_index("customer_id")["sales"]
    asked = (trial.contacts.set_index("customer_id")["arm"] == "invited").to_numpy()
    adjusted = main - np.cov(main, before)[0, 1] / before.var() * (before - before.mean())
    estimate = compare_means(adjusted[asked], adjusted[~asked])
    took = trial.contacts["took_card"].to_numpy() == 1
    share, truth = took[asked].mean() - took[~asked].mean(), other.truth.card_effect
    naive = main[took].mean() - main[~took].mean()
    cards = pd.DataFrame([
        ("naive gap, holders less others, € in 28 days", card.naive),
        ("true effect on holders, € in 28 days", card.effect),
        ("naive gap against true effect", card.ratio),
        ("true effect against holders' own spend without card", card.relative),
        ("trial of 40,000: invitation, estimated (adjusted for the year before), € in 24 months", estimate.effect),
        ("trial: invitation, lower end", estimate.low), ("trial: invitation, upper end", estimate.high),
        ("trial: invitation, true", truth.invitation),
        ("trial: compliers, lower end", estimate.low / share), ("trial: compliers, upper end", estimate.high / share),
        ("trial: compliers, true", truth.complier), ("trial: naive gap of takers, same unit", naive),
    ], columns=["card (20,000 customers, 36 months, seed 7)", "value"])  # fmt: skip
    rows, likely = [], world.receipts
    likely = likely[likely["time"] >= world.end - pd.Timedelta(days=84)].groupby("customer_id")["basket_id"].nunique()
    for offer in world.offers["offer_id"]:
        plan = world.customers[["customer_id"]]
        plan = plan.assign(
            offer_id=pd.Series(np.where(np.random.default_rng(0).random(len(plan)) < 0.5, offer, None), dtype="str")
        )
        wave, _ = world.run(plan)
        table = wave.outcomes.query("window == 'main'").merge(wave.contacts[["customer_id", "arm"]], on="customer_id")
        profit, control = table["margin"] - table["reward_paid"], table["arm"] == "control"
        used = ~control & (table["redeemed"] == 1)
        effect = world.truth.effect(offer).set_index("customer_id")["profit"]
        tenth = len(effect) // 10
        top = effect[likely.reindex(effect.index).fillna(0).nlargest(tenth).index].mean()
        row = world.truth.lift(wave).loc[(offer, "both")]
        naive = profit[used].mean() - profit[control].mean() if used.any() else np.nan
        rows.append(
            (
                offer,
                row["orders"],
                row["profit"],
                naive,
                bool(naive > 0 > row["profit"]),
                top,
                effect.nlargest(tenth).mean(),
            )
        )
    names = ["offer", "true orders", "true profit, €", "redeemers less control, €", "verdict flips",
             "profit of the tenth likeliest to come, €", "profit of the tenth with the largest effect, €"]  # fmt: skip
    return cards, pd.DataFrame(rows, columns=names)


def _clock(action: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and seconds of the processor."""
    start, busy = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - start, time.process_time() - busy


def _peak_gigabytes() -> float:
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6)


def measure_speed(large: bool, threads: int) -> pd.DataFrame:
    """Seconds and gigabytes against what is asked."""

    def receipts_of(customers: int, months: int) -> Callable[[], object]:
        return lambda: World(customers, months, 1).receipts

    rows: list[tuple[str, float, float, float]] = []
    receipts_of(100, 12)()  # imports and first calls are not what is measured
    rows.append(
        ("receipts of 5,000 customers × 24 months, s", *min(_clock(receipts_of(5_000, 24)) for _ in range(3)), 1)
    )
    rows.append(
        ("receipts of 20,000 customers × 36 months, s", *min(_clock(receipts_of(20_000, 36)) for _ in range(2)), 5)
    )
    world = World(100_000, 12, 1)
    plan = world.customers[["customer_id"]]
    plan = plan.assign(offer_id=pd.Series(np.where(plan["customer_id"] % 2, "gift", None), dtype="str"))
    rows.append(("a wave for 100,000 customers, s", *min(_clock(lambda: world.run(plan)) for _ in range(3)), 1))
    if large:
        with tempfile.TemporaryDirectory() as folder:
            found = _clock(lambda: World(1_000_000, 12, 1).write_parquet(folder, threads=threads))
            size = sum(f.stat().st_size for f in Path(folder).rglob("*.parquet")) / 1e9
        rows.append((f"1,000,000 customers × 12 months to Parquet, {threads} thread(s), s", *found, 90))
        rows.append(("peak memory of all this, GB", _peak_gigabytes(), np.nan, 8))
        rows.append(("size of the Parquet files, GB", size, np.nan, np.nan))
    table = pd.DataFrame(rows, columns=["what", "found", "of the processor", "asked: below"])
    return table.assign(kept=table["found"] < table["asked: below"].fillna(np.inf))


def plot_growth(path: Path) -> None:
    """Draw processor seconds against customers and against months."""
    house_style()
    figure, axes = plt.subplots(1, 2)
    sizes, months = (5_000, 10_000, 20_000, 40_000), (6, 12, 24, 36)
    by_size = [min(_clock(lambda n=n: World(n, 12, 1).receipts)[1] for _ in range(2)) for n in sizes]
    by_month = [min(_clock(lambda m=m: World(10_000, m, 1).receipts)[1] for _ in range(2)) for m in months]
    axes[0].plot(sizes, by_size, "o-", color=TREATED)
    axes[1].plot(months, by_month, "o-", color=CONTROL)
    for ax in axes:
        ax.set(xlim=(0, None), ylim=(0, None))
    headline(
        axes[0],
        "Twice the customers, twice the time",
        "processor seconds for 12 months, by customers",
        "benchmarks/world.py",
    )
    headline(axes[1], "and so with months", "processor seconds for 10,000 customers, by months")
    figure.savefig(path)
    plt.close(figure)


def to_markdown(table: pd.DataFrame) -> str:
    """Write a table as Markdown."""

    def say(value: object) -> str:
        if isinstance(value, bool | np.bool_):
            return "yes" if value else "no"
        return value if isinstance(value, str) else "" if value != value else f"{value:.4g}"

    lines = ["| " + " | ".join(say(v) for v in row) + " |" for row in table.itertuples(index=False)]
    return "\n".join(["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns), *lines])


def judge_truth() -> str:
    """Write the page on truth and on known failures."""
    cards, flips = known_failures()
    return "\n".join([
        "# Acceptance of the world", "", "Made by `python benchmarks/world.py truth`.", "",
        f"## Is its truth right? {WORLDS} worlds × {REPLICATIONS} replications, {CUSTOMERS:,} customers each", "",
        "Orders, sales and profit (before contact cost and points) per customer of the main window; the interval is "
        "`compare_means`. Where the control is under 20 % it is careful: the control takes the larger of its own and "
        "the pooled variance. Accepted: coverage 93–97 % (careful: at least 93 %, because it is too wide where an "
        "offer widens the spread among the treated), false alarms 3–7 %.",
        "", to_markdown(accept_truth()), "",
        "## Do careless estimators fail where they should?", "", to_markdown(cards), "",
        "Each offer to a random half of 20,000 customers (36 months, seed 7). The truth is per customer assigned, main "
        "and post window, contact cost paid; redeemers against control are compared in the main window. Last two "
        "columns: true profit per customer in the tenth that is likeliest to come, and in the tenth whose true effect "
        "is largest.", "", to_markdown(flips), "",
    ])  # fmt: skip


def judge_speed(*, large: bool, threads: int) -> str:
    """Write the page on speed, memory and growth."""
    table = measure_speed(large, threads)
    plot_growth(DOCS / "world_growth.png")
    return "\n".join([
        "# Speed and memory of the world", "",
        "Made by `python benchmarks/world.py speed` on a machine with two cores, shared with other work; processor "
        "seconds are counted over all threads.", "", to_markdown(table), "",
        "![Growth with customers and months](world_growth.png)", "",
    ])  # fmt: skip


def main(arguments: list[str]) -> None:
    """Write what is asked for; everything otherwise."""
    asked = [name for name in ("truth", "speed") if name in arguments] or ["truth", "speed"]
    DOCS.mkdir(parents=True, exist_ok=True)
    if "speed" in asked:
        text = judge_speed(large="--quick" not in arguments, threads=2 if "--two-threads" in arguments else 1)
        (DOCS / "world_speed.md").write_text(text, encoding="utf-8")
    if "truth" in asked:
        (DOCS / "world_acceptance.md").write_text(judge_truth(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
