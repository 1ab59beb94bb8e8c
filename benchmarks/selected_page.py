"""What `selected` shows of its numbers: the summary on top of the page, the tables, the chart."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import matplotlib.pyplot as plt
import pandas as pd

from loyalty.charts import CONTROL, GREY, HIGHLIGHT, TREATED, house_style

SKIPPED = "84 days, those that decided left out"


def sum_up(table: pd.DataFrame) -> list[str]:
    """What the tables say, for whoever reads no further; every number stands in them as well."""
    did, told, blind = (table.loc[("classes", columns)] for columns in ("did", "profile", "without"))
    within, lottery = table.loc[("classes", "class", "strata (propensity)")], table.loc[("lottery", "", "naive")]
    sure = table.loc["sure"].loc[["profile", "without"]]
    seen, last, half = sure.loc["profile"], did.loc["28 days before"], did.loc["180 days before"]
    match = "matching on covariates, corrected"
    wrong, held = blind.loc[match], told["held"]
    return [
        "- **The change since the days that decided.** With 28 days before, it misses the truth of "
        f"{last['truth']:.2f} € by {last['miss']:+.2f} € and calls the letter a loss in {last['loss']:.1%} of the "
        f"lists. With 180 days it misses by {half['miss']:+.2f} € on average: two errors pull against each other (84 "
        f"days, with those that decided left out: {did.loc[SKIPPED, 'miss']:+.2f} €), and its interval holds the truth "
        f"in {half['held']:.1%}.",
        f"- **What decided is among the columns.** Doubly robust holds the truth in {held['doubly robust']:.1%}, "
        f"weights in {held['weights']:.1%}, strata of the class that decided in {within['held']:.1%}; matching in "
        f"{held[match]:.1%}, regression in {held['regression']:.1%}. A lottery as large: {lottery['held']:.1%}.",
        f"- **What decided is not recorded.** No method holds it in more than {blind['held'].max():.1%}; they miss by "
        f"{blind['miss'].min():+.2f} to {blind['miss'].max():+.2f} €.",
        "- **A passed check can be wrong, and a sound estimate can fail it.** Matching that was not told what decided "
        f"misses by {wrong['miss']:+.2f} €, and passes in {wrong['passed']:.1%} of the lists; strata of the class that "
        f"decided pass in {within['passed']:.1%}.",
        "- **Nobody like the invited was left out.** No adjusted estimate holds the truth in more than "
        f"{sure['held'].max():.1%}. Told what decided, each method warns in at least {seen['warned'].min():.1%} of the "
        f"lists and passes in at most {seen['passed'].max():.1%}.",
    ]


def write_rows(table: pd.DataFrame) -> Iterator[str]:
    """One part of the page: a line an estimate."""
    heads = ("estimate", "truth, €", "bias, €", "typical miss, €", "its own ±, €", "holds the truth", "calls it a loss",
             "no effect: it finds, €", "no effect: false alarms", "checks pass", "warns")  # fmt: skip
    yield f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}"
    for name, row in zip(table.index.get_level_values("name"), table.to_dict("records"), strict=True):
        spans = [f"{row[key]:.2f} (± {1.96 * row[sem]:.2f})" for key, sem in (("miss", "sem"), ("null", "null sem"))]
        shares = [f"{row[key]:.1%}".replace("nan%", "–") for key in ("held", "loss", "alarm", "passed", "warned")]
        cells = [name, f"{row['truth']:.2f}", spans[0], f"{row['far']:.2f}", f"{row['half']:.2f}", shares[0], shares[1],
                 spans[1], *shares[2:]]  # fmt: skip
        yield f"| {' | '.join(cells)} |"


def draw(table: pd.DataFrame, path: Path) -> None:
    """What each estimate finds where the offer changes nothing, list by four classes."""
    house_style()
    table = pd.concat([table.loc[["classes"]], table.loc[["lottery"]]])
    figure, ax = plt.subplots(figsize=(10, 8.4))
    labels = []
    for place, ((design, columns, name), row) in enumerate(table.iterrows()):
        colour = {"profile": TREATED, "class": TREATED, "without": HIGHLIGHT, "did": CONTROL}.get(columns, GREY)
        ax.plot([row["low"], row["high"]], [place, place], color=colour, linewidth=3)
        ax.plot(row["null"], place, "o", color=colour, markersize=7)
        ax.annotate(f"{row['alarm']:.0%}", (1.01, place), xycoords=("axes fraction", "data"), va="center", fontsize=10)
        about = {"profile": "profile: ", "class": "class: ", "without": "28 days missing: ", "did": "DiD, "}
        labels.append("lottery" if design == "lottery" else about.get(columns, "") + name.removesuffix(", corrected"))
    ax.axvline(0, color="#333333", linewidth=1)
    ax.annotate("false\nalarms", (1.01, 1), (0, 4), xycoords="axes fraction", textcoords="offset points", fontsize=10)
    ax.set_yticks(range(len(labels)), labels)
    ax.set_ylim(len(labels) - 0.5, -0.5)
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)
    ax.set_title("What does each estimate find where there is nothing?", loc="left", fontweight="bold", pad=34)
    says = f"€ per invited customer: mean and middle 95 % of {table['waves'].max():.0f} waves that change nothing"
    ax.annotate(
        says, (0, 1), (0, 14), xycoords="axes fraction", textcoords="offset points", fontsize=10, color="#5F6368"
    )
    figure.supxlabel("Source: loyalty.world, list by four classes of recent spend", x=0.01, ha="left", fontsize=9)
    figure.savefig(path)
    plt.close(figure)
