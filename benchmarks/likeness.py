"""Likeness: do the world's receipts look like a real chain's? `python benchmarks/likeness.py` writes them.

The preset `cj_like` is held beside the Complete Journey's year; the pharmacy default beside targets of its own.
Tolerance: a share within 5 points; anything else within 25 % or one unit, whichever is larger.
"""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd

from loyalty.charts import GREY, HIGHLIGHT, TREATED, headline, house_style
from loyalty.datasets.loaders import complete_journey
from loyalty.world import World

DOCS = Path(__file__).resolve().parents[1] / "docs"
SHARES = ("share", "rate", "invited", "Gini")
PERIOD = pd.Timedelta(days=28)

# What a pharmacy-and-drugstore chain should look like: low, high. Its customers come about once in 28 days, so two
# neighbouring periods are less alike than at a grocer.
PHARMACY = {
    "sales share of the top fifth": (0.50, 0.70), "Gini of sales": (0.45, 0.70),
    "repeat rate (two days or more)": (0.80, 0.97),
    "visit gap, median days": (12, 30), "visit gap, 90 % quantile": (45, 110), "basket value, median": (10, 25),
    "basket value, mean": (15, 35), "lines on a receipt, mean": (1.5, 3.5), "28-day spend, zero share": (0.35, 0.65),
    "28-day spend, CV": (1.2, 2.5), "28-day spend, skew": (2, 6),
    "28-day spend, correlation of neighbours": (0.25, 0.80),
    "Sunday's share of visits": (0.05, 0.12), "Saturday's share of visits": (0.15, 0.22),
}  # fmt: skip


def describe_receipts(receipts: pd.DataFrame, start: pd.Timestamp) -> dict[str, float]:
    """Describe 364 days of receipts by the numbers that the likeness is judged by."""
    year = receipts[(receipts["time"] >= start) & (receipts["time"] < start + 13 * PERIOD)]
    baskets = (
        year.groupby(["customer_id", "basket_id"])
        .agg(time=("time", "min"), value=("sales", "sum"), lines=("line_no", "size"))
        .reset_index()
    )
    spend = np.sort(baskets.groupby("customer_id")["value"].sum().to_numpy())
    days = (
        baskets.assign(day=baskets["time"].dt.normalize())
        .drop_duplicates(["customer_id", "day"])
        .sort_values(["customer_id", "day"])
    )
    gap = days.groupby("customer_id")["day"].diff().dt.days.dropna()
    baskets["period"] = (baskets["time"] - start) // PERIOD
    wide = (
        baskets.pivot_table(index="customer_id", columns="period", values="value", aggfunc="sum")
        .reindex(columns=range(13))
        .fillna(0)
        .to_numpy()
    )
    lorenz = np.r_[0, spend.cumsum() / spend.sum()]
    visit_days = days.groupby("customer_id").size()
    weekday = days["day"].dt.day_of_week.value_counts(normalize=True)
    found = {
        "sales share of the top fifth": spend[-len(spend) // 5 :].sum() / spend.sum(),
        "Gini of sales": 1 - 2 * np.trapezoid(lorenz, dx=1 / len(spend)),
        "repeat rate (two days or more)": (visit_days > 1).mean(),
        "visit days a customer, mean": visit_days.mean(),
    }
    shown = (0.25, 0.5, 0.75, 0.9)
    columns = {"visit gap": gap, "basket value": baskets["value"], "lines on a receipt": baskets["lines"]}
    for name, values in columns.items():
        for q in shown:
            label = (
                "median" + (" days" if name == "visit gap" else "")
                if q == 0.5
                else f"{q:.0%} quantile".replace("%", " %")
            )
            found[f"{name}, {label}"] = float(values.quantile(q))
        found[f"{name}, mean"] = float(values.mean())
    flat = wide.ravel()
    found |= {
        "28-day spend, mean": flat.mean(), "28-day spend, zero share": (flat == 0).mean(),
        "28-day spend, CV": flat.std() / flat.mean(),
        "28-day spend, skew": float(pd.Series(flat).skew()),
        "28-day spend, correlation of neighbours": np.corrcoef(wide[:, :-1].ravel(), wide[:, 1:].ravel())[0, 1],
    }  # fmt: skip
    names = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
    return {k: float(v) for k, v in found.items()} | {
        f"{n}'s share of visits": float(weekday.get(d, 0.0)) for d, n in enumerate(names)
    }


def describe_selection(receipts: pd.DataFrame, invited: pd.Series, start: pd.Timestamp) -> dict[str, float]:
    """Who was invited, by decile of spend in the 28 days before a campaign."""
    before = (
        receipts[(receipts["time"] >= start - PERIOD) & (receipts["time"] < start)]
        .groupby("customer_id")["sales"]
        .sum()
    )
    everyone = np.sort(receipts["customer_id"].unique())
    spend = before.reindex(everyone).fillna(0)
    decile = np.ceil(spend.rank(method="average", pct=True) * 10).astype(int)
    share = pd.Series(np.isin(everyone, invited), index=everyone).groupby(decile.to_numpy()).mean()
    return {"invited, lowest decile of spend": float(share.iloc[0]),
            "invited, middle deciles": float(share.loc[5:6].mean()),
            "invited, highest decile of spend": float(share.iloc[-1])}  # fmt: skip


def within(name: str, found: float, real: float) -> bool:
    """Whether a number is within the tolerance."""
    if any(word in name for word in SHARES):
        return abs(found - real) <= 0.05
    return abs(found - real) <= max(
        1.0 if "days" in name or "gap" in name or "lines" in name else 0.0, 0.25 * abs(real)
    )


def compare_journey(seed: int = 7) -> tuple[pd.DataFrame, dict[str, np.ndarray]]:
    """Compare `cj_like` with the Complete Journey."""
    data = complete_journey()
    campaign = data.campaigns[data.campaigns["campaign_id"].astype(str) == "13"].iloc[0]
    contacts = data.contacts
    invited = contacts[contacts["campaign_id"] == campaign["campaign_id"]]["customer_id"]
    real = describe_receipts(data.receipts, pd.Timestamp("2017-01-01")) | describe_selection(
        data.receipts, invited, campaign["start"]
    )
    world = World(customers=2_500, months=12, seed=seed, preset="cj_like")
    receipts, sent = world.receipts, world.contacts
    last = sent[sent["campaign_id"] == "habit-3"]
    start = last["sent_at"].iloc[0].normalize()
    found = describe_receipts(receipts, pd.Timestamp("2017-01-01")) | describe_selection(
        receipts, last["customer_id"], start
    )
    rows = [(name, real[name], found[name], within(name, found[name], real[name])) for name in real]
    curves = {}
    for label, table in (("Complete Journey", data.receipts), ("cj_like", receipts)):
        curves[label] = (
            table.groupby("basket_id")["sales"].sum().to_numpy(),
            table.groupby("customer_id")["sales"].sum().to_numpy(),
        )
    return pd.DataFrame(rows, columns=["measure", "Complete Journey", "cj_like", "within"]), curves


def compare_pharmacy(seed: int = 7) -> pd.DataFrame:
    """Compare the default preset with its documented targets."""
    world = World(customers=10_000, months=24, seed=seed)
    found = describe_receipts(world.receipts, world.end - 13 * PERIOD)
    rows = [(name, low, high, found[name], low <= found[name] <= high) for name, (low, high) in PHARMACY.items()]
    return pd.DataFrame(rows, columns=["measure", "low", "high", "default", "within"])


def _markdown(table: pd.DataFrame) -> str:
    def say(value: object) -> str:
        return (
            ("yes" if value else "**no**")
            if isinstance(value, bool | np.bool_)
            else value
            if isinstance(value, str)
            else f"{value:.3g}"
        )

    rows = ["| " + " | ".join(say(v) for v in row) + " |" for row in table.itertuples(index=False)]
    return "\n".join(["| " + " | ".join(table.columns) + " |", "|" + "---|" * len(table.columns), *rows])


def _plot(curves: dict[str, tuple[np.ndarray, np.ndarray]], path: Path) -> None:
    house_style()
    figure, axes = plt.subplots(1, 2)
    for (label, (baskets, spend)), colour in zip(curves.items(), (GREY, TREATED), strict=True):
        edges = np.geomspace(0.5, 500, 60)
        axes[0].step(edges[:-1], np.histogram(baskets, edges)[0] / len(baskets), color=colour, label=label, linewidth=2)
        ordered = np.sort(spend)
        axes[1].plot(np.linspace(0, 1, len(ordered)), ordered.cumsum() / ordered.sum(), color=colour, linewidth=2)
    axes[1].plot([0, 1], [0, 1], color=HIGHLIGHT, linewidth=1, linestyle=":")
    axes[0].set_xscale("log")
    axes[0].legend()
    headline(
        axes[0],
        "Receipts look alike",
        "share of receipts by value, $",
        "The Complete Journey; loyalty.world, preset cj_like",
    )
    headline(axes[1], "and so does the inequality", "share of sales by share of customers, poorest first")
    figure.savefig(path)
    plt.close(figure)


def main() -> None:
    """Write docs/tables/likeness.md and docs/tables/likeness.png."""
    journey, curves = compare_journey()
    pharmacy = compare_pharmacy()
    kept = [compare_journey(seed)[0]["within"].sum() for seed in range(8)]
    text = [
        "# Likeness of the simulated receipts", "",
        "Made by `python benchmarks/likeness.py`. A share must lie within 5 points, anything else within 25 % or "
        "one unit (days and lines).", "",
        "## The preset `cj_like` beside the Complete Journey (2,500 customers, 2017, seed 7)", "",
        _markdown(journey), "",
        f"Over the seeds 0 to 7, {min(kept)} to {max(kept)} of the {len(journey)} measures are within the tolerance, "
        f"all of them for {sum(k == len(journey) for k in kept)} seeds of 8: a selection's rates rest on 250 customers "
        "a decile.",
        "", "![Receipt values and Lorenz curves](likeness.png)", "",
        "## The pharmacy default beside its own targets (10,000 customers, the last 364 of 24 months, seed 7)", "",
        _markdown(pharmacy), "",
    ]  # fmt: skip
    (DOCS / "tables").mkdir(parents=True, exist_ok=True)
    (DOCS / "tables" / "likeness.md").write_text("\n".join(text), encoding="utf-8")
    _plot(curves, DOCS / "tables" / "likeness.png")
    print("\n".join(text))


if __name__ == "__main__":
    main()
