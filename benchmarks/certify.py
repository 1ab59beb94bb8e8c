"""Do the workshop's intervals hold? `python3 workshop.py certify` writes docs/tables/certify.md and its chart.

Ends with code 1 if a cell that does not warn fails to hold, or if what is graded is not what `measure_lift` returns.
`--quick` runs a tenth of the replications and writes nothing. `--strata` and `--tails` grade the strata or the heavy
tails alone, and renew their part of the page and of the chart.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import agreement
import cells
import families
import tails
import unequal
from certify_page import plot_rows, read_lines, renew_page, say_row, write_page
from replications import Pool, build_spiky_pool, build_spread_pool, build_unequal_pool, build_world_pool

DOCS = Path(__file__).resolve().parents[1] / "docs" / "tables"
WORLDS = 10
REPLICATIONS = 200  # in each world
SHARES = {"30 %": 0.3, "10 %": 0.1, "3 %": 0.03}
SEGMENTED = (20_000, 20_000)
MANY_ARMS = (10_000, 10_000, 10_000)
FEW_CONTROLS = (9_500, 9_500, 9_500, 9_500)
Step = tuple[str, Callable[[], list[cells.Row]]]


def list_steps(each: int) -> Iterator[Step]:
    """List all that is graded, in order; each step makes rows when it is called.

    Parameters
    ----------
    each : int
        Replications in each world.
    """
    worlds = [build_world_pool(number) for number in range(WORLDS)]
    yield from _list_closed_forms(worlds, each)
    for share, buyers in SHARES.items():
        yield from _list_spikes(share, buyers, each)
    spread = [build_spread_pool(number) for number in range(WORLDS)]
    for sizes in ((20_000, 1_000), (38_000, 2_000), (1_900, 100), (2_000, 2_000)):
        for offer in ("narrows", "widens"):
            yield "spread", lambda o=offer, s=sizes: cells.grade_spread(spread, o, s, each)
    yield from _list_strata(each)
    yield from _list_tails(worlds, each)
    yield from _list_adjustments(worlds, each)
    for sizes in cells.SIZES:
        for offer in ("basket_discount", "gift", "magazine"):
            yield "money", lambda o=offer, s=sizes: cells.grade_money(worlds, o, s, each)
    yield "families", lambda: families.grade_arms(worlds, MANY_ARMS, 10_000, each)
    yield "families", lambda: families.grade_arms(worlds, FEW_CONTROLS, 2_000, each)
    for offer in ("basket_discount", "reminder", "magazine"):
        yield "segments", lambda o=offer: families.grade_segments(worlds, o, SEGMENTED, each, null=o == "magazine")


def _list_closed_forms(worlds: list[Pool], each: int) -> Iterator[Step]:
    """List the intervals of means, rates and ratios that are formulas."""
    for kind in cells.NAMES:
        for sizes in cells.SIZES:
            for days in cells.BUYERS:
                yield f"{kind}s", lambda k=kind, s=sizes, d=days: cells.grade_closed_forms(worlds, k, d, s, each)
        if kind == "rate":
            yield "rates", lambda: cells.grade_rare_rates(each * WORLDS)


def _list_spikes(share: str, buyers: float, each: int) -> Iterator[Step]:
    """List the means of spend of which only a part `buyers`, in words `share`, is not zero."""
    pools = [build_spiky_pool(number, buyers) for number in range(WORLDS)]
    for sizes in cells.SIZES:
        yield "spiky means", lambda s=sizes: cells.grade_spikes(pools, share, s, each)
    yield "bootstrap", lambda: cells.grade_bootstrap(pools, share, (1_900, 100), each)
    if buyers == min(SHARES.values()):  # a fifth of the replications: bootstraps of 40,000 customers take long
        yield "bootstrap", lambda: cells.grade_bootstrap(pools, share, (38_000, 2_000), max(each // 5, 1))


def _list_strata(each: int) -> Iterator[Step]:
    """List the lifts with unequal chances of control: of 20,000 customers, then of ten times as many."""
    for customers, designs in ((20_000, unequal.DESIGNS), (200_000, unequal.LARGE)):
        for design in designs:
            pools = [unequal.build_strata_pool(number, design) for number in range(WORLDS)]
            for kind in unequal.KINDS if customers == 20_000 else ("mean",):
                yield (
                    "strata",
                    lambda p=pools, d=design, k=kind, c=customers: unequal.grade_strata(p, d, k, c, each),
                )


def _list_tails(worlds: list[Pool], each: int) -> Iterator[Step]:
    """List what may be asked where tails are heavy: of log-normal amounts, then of the world's sales in four days."""
    cheap = (tails.measure_parts, tails.measure_capped)
    even, large, small = tails.SIZES
    designs = (("10 %", even), ("10 %", small), ("3 %", large))
    pools = {share: [tails.build_tail_pool(n, SHARES[share]) for n in range(WORLDS)] for share in ("10 %", "3 %")}
    plan = [("more buyers", *design, measure) for design in designs for measure in cheap]
    plan += [("small buyers", "10 %", even, tails.measure_parts)]
    plan += [
        ("more buyers", *design, tails.measure_dealt) for design in (("3 %", even), ("10 %", small), ("3 %", small))
    ]
    for offer, share, sizes, measure in plan:
        what = (measure, offer, "nothing", "sales", f"log-normal, {share} buy, {offer}")
        yield tails.PART, partial(tails.grade_tails, pools[share], *what, sizes, each)
    for sizes in (even, small):
        for measure in (*cheap, tails.measure_dealt):
            what = (measure, "basket_discount", "magazine", "sales_4", "world, 9 % buy")
            yield tails.PART, partial(tails.grade_tails, worlds, *what, sizes, each)


def certify_tails(each: int = REPLICATIONS) -> tuple[list[cells.Row], dict[str, float], tuple[int, list[str]]]:
    """Grade the heavy tails alone; parameters and results are those of `certify`."""
    return _grade(_list_tails([build_world_pool(number) for number in range(WORLDS)], each))


def _list_adjustments(worlds: list[Pool], each: int) -> Iterator[Step]:
    """List the adjusted lifts: in the world, and with made-up effects except for two sizes."""
    unequal = [build_unequal_pool(number) for number in range(WORLDS)]
    for sizes in (*cells.SIZES, (500, 500)):
        name = "world, sales of 28 days"
        yield (
            "adjustment",
            lambda s=sizes, n=name: cells.grade_adjustment(worlds, "basket_discount", "sales_28", s, each, n),
        )
        if sizes in ((50_000, 50_000), (1_900, 100)):
            continue
        for offer in ("equal", "proportional", "unequal"):
            name = f"made up, effect {offer}"
            yield "adjustment", lambda s=sizes, o=offer, n=name: cells.grade_adjustment(unequal, o, "sales", s, each, n)


def certify(each: int = REPLICATIONS) -> tuple[list[cells.Row], dict[str, float], tuple[int, list[str]]]:
    """Grade everything.

    Parameters
    ----------
    each : int
        Replications in each world.

    Returns
    -------
    tuple
        Rows; processor seconds of each part; how many intervals were compared with `measure_lift`, and what differed.
    """
    return _grade(list_steps(each))


def certify_strata(each: int = REPLICATIONS) -> tuple[list[cells.Row], dict[str, float], tuple[int, list[str]]]:
    """Grade the strata alone; parameters and results are those of `certify`."""
    return _grade(_list_strata(each))


def _grade(steps: Iterator[Step]) -> tuple[list[cells.Row], dict[str, float], tuple[int, list[str]]]:
    rows: list[cells.Row] = []
    seconds: dict[str, float] = {}
    start = time.process_time()
    for part, step in steps:
        found = step()
        rows += found
        now = time.process_time()
        seconds[part] = seconds.get(part, 0.0) + now - start  # making the pools belongs to the step after it
        print(
            f"{now - start:6.1f} s  {found[0].part}, {found[0].cell}, {found[0].metric}: {found[0].verdict}", flush=True
        )
        start = now
    count, wrong = agreement.find_disagreements(build_world_pool(0, ("basket_discount",), parts=True), 2)
    more, others = unequal.find_differences()
    seconds["the same by tables"] = time.process_time() - start
    return rows, seconds, (count + more, wrong + others)


def main(arguments: list[str]) -> int:
    """Grade, write the page and the chart, say what does not hold."""
    quick = "--quick" in arguments
    alone = next((part for part in ("strata", "tails") if f"--{part}" in arguments), "")
    grade_all = {"strata": certify_strata, "tails": certify_tails, "": certify}[alone]
    rows, seconds, (count, wrong) = grade_all(REPLICATIONS // 10 if quick else REPLICATIONS)
    if not quick:
        DOCS.mkdir(parents=True, exist_ok=True)
        path = DOCS / "certify.md"
        if alone:
            page = renew_page(path.read_text(encoding="utf-8"), alone, rows, seconds, count, wrong)
        else:
            page = write_page(rows, seconds, count, wrong)
        path.write_text(page, encoding="utf-8")
        plot_rows(read_lines(page) if alone else rows, DOCS / "certify.png")
    failed = [row for row in rows if row.verdict == "DOES NOT HOLD"]
    for row in failed:
        print(f"does not hold: {say_row(row)}, false alarms {100 * row.false_alarms:.1f} %")
    for text in wrong:
        print(f"differs: {text}")
    print(f"{len(rows)} rows, {sum(seconds.values()):.0f} s")
    return int(bool((failed and not quick) or wrong))  # a tenth of the replications decides nothing


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
