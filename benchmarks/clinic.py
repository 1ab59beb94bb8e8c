"""Does the clinic refuse broken campaigns and sign sound ones? Writes docs/tables/clinic.md, its chart and its rows.

200 sound campaigns (seeds 0-199) and 20 of each of ten defects (seeds 1000 k + i), made by `loyalty.tasks.t36.cases`;
each defect at its stated size and at half of it. 200 further sound ones of eight kinds (seeds 0-199) and 20 of each of
eight further defects (seeds 20000 + 1000 k + i), made by `clinic_kinds`. `--part 0.1` for a look: a tenth of the
campaigns, nothing is written.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from time import process_time

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from clinic_kinds import CHAIN, ENOUGH, FURTHER, KINDS, SMALL_CHAIN, make_further, make_kind
from scipy import stats

from loyalty.charts import GREY, HIGHLIGHT, TREATED, headline, house_style
from loyalty.evaluate.clinic.blind import find_smallest_loss
from loyalty.evaluate.clinic.examine import examine_campaign
from loyalty.evaluate.clinic.findings import CHECKS
from loyalty.tasks.t36.cases import DEFECTS, Case, make_case
from loyalty.tasks.t36.mishaps import compare_naively
from loyalty.text import say_money

TABLES = Path(__file__).parents[1] / "docs" / "tables"
SOUND, BROKEN, WORKERS = 200, 20, 2
TARGET = {"false alarms": 0.05, "detection": 0.80}
STATED, HALF, NONE = "stated", "half", "sound"
KIND, AS_LARGE, SMALL = "sound of a kind", "10,000 customers", "3,500 customers"
Job = tuple[int, str | None, str]


def list_jobs(part: float = 1.0) -> Iterator[Job]:
    """Seed, defect and size of all campaigns; fixed before anything was run."""
    for seed in range(round(SOUND * part)):
        yield seed, KINDS[seed % len(KINDS)], KIND
    yield from list_further(part, AS_LARGE)
    for seed in range(round(SOUND * part)):
        yield seed, None, NONE
    yield from list_further(part, SMALL)
    for k, defect in enumerate(DEFECTS, start=1):
        for seed in range(1000 * k, 1000 * k + max(1, round(BROKEN * part))):
            yield seed, defect, STATED
            yield seed, defect, HALF


def list_further(part: float, kind: str) -> Iterator[Job]:
    """Seed, defect and size of the campaigns with a further defect."""
    for k, defect in enumerate(FURTHER, start=1):
        for seed in range(20_000 + 1_000 * k, 20_000 + 1_000 * k + max(1, round(BROKEN * part))):
            yield seed, defect, kind


def run_further(job: Job) -> dict:
    """Examine a sound campaign of a kind, or one with a further defect; also by how much the defect moves its lift."""
    seed, name, kind = job
    start = process_time()
    if kind == KIND:
        found = sound = make_kind(seed, name)
    else:
        found, sound = make_further(seed, name, CHAIN if kind == AS_LARGE else SMALL_CHAIN)
    made = process_time()
    examination = examine_campaign(found.contacts, found.outcomes, found.plan, found.claim, receipts=found.receipts)
    done = process_time()
    shown, fair = (compare_naively(case.contacts, case.outcomes, case.claim) for case in (found, sound))
    row = {"seed": seed, "defect": name, "kind": kind, "refused": examination.verdict == "refuse"}
    row |= {"making": made - start, "looking": done - made, "moved": (shown.effect - fair.effect) / fair.base}
    row |= {"controls": fair.n_control, "look": examination["control chosen afterwards"].advice.startswith("Read the")}
    return row | {f.check: f.state for f in examination.findings}


def run_job(job: Job) -> dict:
    """Make a campaign, examine it, and compare its report with the truth."""
    if job[2] in (KIND, AS_LARGE, SMALL):
        return run_further(job)
    seed, defect, kind = job
    start = process_time()
    size = DEFECTS[defect].default / 2 if kind == HALF else None
    case = make_case(seed, defect, size=size)
    made = process_time()
    examination = examine_campaign(case.contacts, case.outcomes, case.plan, case.claim)
    found = compare_naively(case.contacts, case.outcomes, case.claim)
    off = found.effect - case.claimed_truth
    late = bool((case.contacts["assigned_at"] > case.plan["end"].item()).any())
    row = {"seed": seed, "defect": defect or NONE, "kind": kind, "feature": case.feature, "late": late}
    row |= {"refused": examination.verdict == "refuse", "making": made - start, "looking": process_time() - made}
    row |= {f.check: f.state for f in examination.findings}
    row |= {f"{f.check} follows": f.follows != "" for f in examination.findings}
    row |= {"claimed": found.relative, "true": case.claimed_truth / found.base, "naive": count_naively(case)}
    money = case.claim.outcome in ("sales", "margin")
    row |= {"off": off / found.base, "mishap": (found.effect - case.fair) / found.base}
    return row | {"euros": off * found.n_treated if money else np.nan}


def count_naively(case: Case) -> int:
    """How many of eight usual tests are below 5 %, none of them corrected: what a careful analyst may do."""
    people = case.contacts.assign(treated=case.contacts["arm"] != "control")
    shares = dict(part.split("=") for part in case.plan["planned_shares"].item().split(", "))
    n, treated = len(people), int(people["treated"].sum())
    planned = n * float(shares["control"])
    before = case.outcomes[case.outcomes["window"] == "pre"].merge(people[["customer_id", "treated"]], on="customer_id")
    sides = before[before["treated"]], before[~before["treated"]]
    sent = people[people["treated"]].merge(
        case.outcomes[case.outcomes["window"] == "main"][["customer_id", "redeemed"]], on="customer_id"
    )
    tables = [pd.crosstab(people["treated"], people[name]) for name in ("operator", "segment")]
    tables += [pd.crosstab(sent["operator"], sent[name]) for name in ("delivered", "redeemed")]
    p = [stats.chisquare([n - treated, treated], [planned, n - planned]).pvalue]
    p += [stats.ttest_ind(*(s[name] for s in sides), equal_var=False).pvalue for name in ("sales", "orders", "margin")]
    p += [stats.chi2_contingency(table).pvalue for table in tables if table.shape[1] > 1]
    return int((np.array(p) < 0.05).sum())


def find_interval(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Exact interval of a rate (Clopper and Pearson, 1934)."""
    found = stats.binomtest(hits, n).proportion_ci(level, method="exact")
    return float(found.low), float(found.high)


def say_rate(hits: int, n: int) -> str:
    """Hits of all, and the exact interval."""
    low, high = find_interval(hits, n)
    return f"{hits} of {n} = {hits / n:.1%} ({low:.1%} to {high:.1%})"


def say_mean(values: pd.Series, digits: int, times: float = 1.0, unit: str = "") -> str:
    """Mean over campaigns with its 95 % interval."""
    values = times * values.dropna()
    half = stats.t.ppf(0.975, len(values) - 1) * values.sem() if len(values) > 1 else np.nan
    parts = [say_money(v, unit, digits) for v in (values.mean(), values.mean() - half, values.mean() + half)]
    return f"{parts[0]} ({parts[1]} to {parts[2]})"


def count_hits(rows: pd.DataFrame, defect: str) -> int:
    """Campaigns in which the check of their own defect rang."""
    return int((rows[defect] == "broken").sum())


def write_sound(rows: pd.DataFrame) -> Iterator[str]:
    """What happens to sound campaigns."""
    mine = rows[rows["kind"] == NONE]
    n = len(mine)
    yield "\n## Sound campaigns\n"
    yield f"Refused, by any check: **{say_rate(int(mine['refused'].sum()), n)}**. Wanted: at most 5 %.\n"
    yield f"| check | rang | not seen |\n|{'---|' * 3}"
    for check in CHECKS:
        unseen = int((mine[check] == "not seen").sum())
        yield f"| {check} | {say_rate(count_hits(mine, check), n)} | {unseen} |"
    share, odd = mine["naive"] > 0, mine["feature"].isin(["odd split", "slow operator"])
    naive = int(share.sum())
    yield (
        "\nEight usual tests at 5 % each, uncorrected (sample ratio; sales, orders, margin before; split by operator "
        "and by segment; delivery and redemption by operator), would have flagged "
        f"**{say_rate(naive, n)}** of the same sound campaigns; more than the {1 - 0.95**8:.0%} of eight independent "
        "tests (1 − .95⁸), because some are made to look odd: of those with an odd split or a slow operator a test "
        f"flags {share[odd].mean():.0%}, of the others {share[~odd].mean():.0%}."
    )
    yield f"\n| what is odd about it, though sound | campaigns | refused | flagged by a usual test |\n|{'---|' * 4}"
    for feature, part in mine.groupby("feature"):
        yield f"| {feature} | {len(part)} | {int(part['refused'].sum())} | {int((part['naive'] > 0).sum())} |"


def write_defects(rows: pd.DataFrame) -> Iterator[str]:
    """What is found of each defect."""
    heads = ("defect", "size", "found", "report refused", "half the size", "found", "report refused",
             "other checks that rang (stated size)", "a usual test flags")  # fmt: skip
    yield "\n## Broken campaigns\n"
    yield (
        "*Found*: the check of this very defect rang. *Refused*: any check did. A star marks what the clinic itself "
        "calls a probable consequence. Wanted at the stated size: 80 % found.\n"
    )
    yield f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}"
    for defect, (size, meaning) in DEFECTS.items():
        cells = [f"**{defect}**: {meaning}"]
        for kind, scale in ((STATED, 1.0), (HALF, 0.5)):
            mine = rows[(rows["defect"] == defect) & (rows["kind"] == kind)]
            cells += [f"{size * scale:.3g}", say_rate(count_hits(mine, defect), len(mine))]
            cells += [f"{mine['refused'].sum()} of {len(mine)}"]
        stated = rows[(rows["defect"] == defect) & (rows["kind"] == STATED)]
        others = Counter(
            f"{check}{'*' * int(row[f'{check} follows'])}"
            for row in stated.to_dict("records")
            for check in CHECKS
            if check != defect and row[check] == "broken"
        )
        cells += [", ".join(f"{name} {count}" for name, count in others.most_common()) or "none"]
        cells += [f"{int((stated['naive'] > 0).sum())} of {len(stated)}"]
        yield f"| {' | '.join(cells)} |"
    after = rows[(rows["defect"] == "control chosen afterwards") & ~rows["late"]]
    said = [
        f"at {kind} size {say_rate(count_hits(part, 'control chosen afterwards'), len(part))}"
        for kind, part in after.groupby("kind", sort=False)
    ]
    if said:
        yield (
            f"\nOf the controls chosen afterwards, those whose list hides the day of the choice: {'; '.join(said)}. "
            "They can be told by what was bought before only."
        )


def write_harm(rows: pd.DataFrame) -> Iterator[str]:
    """By how much the reports were off."""
    heads = (
        "campaigns",
        "report",
        "truth",
        "report − truth, points of control's level",
        "after the draw, points",
        "report − truth, € a campaign",
    )
    yield "\n## What would have been believed\n"
    yield (
        "Means over campaigns at the stated size, 95 % interval in brackets. *Report*: the claimed effect as a part of "
        "control's level; *truth*: what the campaign, carried out as planned, did to the same metric, the same "
        "customers or segment, in the days that were measured (realised, so that only the lottery is left between the "
        "two in a sound campaign). *After the draw*: the report less what the same draw would have shown had nothing "
        "gone wrong after it; the rest is the draw, the choice and luck. Euros: the difference times the treated in "
        "the claim, where it speaks of sales or margin.\n"
    )
    yield f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}"
    for name in (NONE, *DEFECTS):
        mine = rows[(rows["defect"] == name) & (rows["kind"] != HALF)]
        cells = [name, f"{mine['claimed'].mean():+.1%}", f"{mine['true'].mean():+.1%}"]
        euros = mine["euros"]
        money = say_mean(euros, 0, unit="€") if euros.notna().sum() > 1 else "–"
        cells += [say_mean(mine["off"], 1, 100), say_mean(mine["mishap"], 1, 100), money]
        yield f"| {' | '.join(cells)} |"


def write_kinds(rows: pd.DataFrame) -> Iterator[str]:
    """Sound campaigns of other kinds, and further defects: found or unseen, and what they do to the lift."""
    mine = rows[rows["kind"] == KIND]
    n, refused = len(mine), int(mine["refused"].sum())
    both = rows[rows["kind"].isin([NONE, KIND])]
    if len(both) > n:
        both_refused = say_rate(int(both["refused"].sum()), len(both))
        together = f"; together with the sound campaigns of the other page **{both_refused}**"
    else:
        together = ""
    yield "\n## Sound campaigns of other kinds\n"
    yield (
        f"{n} campaigns of 4,000 customers, made without the world (`benchmarks/clinic_kinds.py`). Refused, by any "
        f"check: **{say_rate(refused, n)}**{together}. Wanted: at most 5 %.\n"
    )
    yield f"| kind | refused | checks that rang | told to read the adjusted lift |\n|{'---|' * 4}"
    for name, part in mine.groupby("defect"):
        rang = Counter(check for check in CHECKS for state in part[check] if state == "broken")
        said = ", ".join(f"{check} {count}" for check, count in rang.items()) or "none"
        yield f"| {name} | {int(part['refused'].sum())} of {len(part)} | {said} | {int(part['look'].sum())} |"
    yield "\n## Further defects, sizes fixed before they were run\n"
    yield (
        f"Sound campaigns of the world with one more fault; about 10,000 customers with {ENOUGH:,} or more in control "
        "(the stated size), and about 3,500 with whatever control they have. *Found*: the check named rang. *Moved*: "
        "by how much, up or down, the fault alone moves the lift, in points of control's level. Wanted at the stated "
        "size: 80 % found, else it is listed as unseen.\n"
    )
    heads = ("defect", "size", "check", "found at 10,000", "report refused", "moved", "found at 3,500",
             "report refused", "seen?")  # fmt: skip
    yield f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}"
    least = rows[rows["kind"] == AS_LARGE].groupby("defect").size().max()
    for name, rule in FURTHER.items():
        seen = False
        cells = [f"**{name}**: {rule.meaning}", f"{rule.size:g}", rule.check]
        for kind in (AS_LARGE, SMALL):
            part = rows[(rows["defect"] == name) & (rows["kind"] == kind)]
            if len(part) < least:
                cells += ["not run", "–", *["–"] * (kind == AS_LARGE)]
                continue
            cells += [say_rate(count_hits(part, rule.check), len(part)), f"{part['refused'].sum()} of {len(part)}"]
            if kind == AS_LARGE:
                seen = count_hits(part, rule.check) / len(part) >= TARGET["detection"]
                cells.append(say_mean(part["moved"].abs(), 1, 100))
        yield f"| {' | '.join([*cells, 'seen' if seen else '**unseen**'])} |"
    yield (
        "\nFrom which size a loss at random shows, in 80 of 100 campaigns (`find_smallest_loss`, alarm at p < .001):\n"
    )
    yield f"| customers drawn | control | of control | of the treated |\n|{'---|' * 4}"
    for customers in (3_500, 10_000, 50_000, 200_000):
        for share in (0.05, 0.2, 0.5):
            losses = [find_smallest_loss(customers, part) for part in (share, 1 - share)]
            shown = ["no loss" if np.isnan(loss) else f"{loss:.1%}" for loss in losses]
            yield f"| {customers:,} | {share:.0%} | {' | '.join(shown)} |"
    yield (
        "\nWhat no table shows at any size: prices or taxes counted in one group only and only since the start, which "
        "look as a lift does; a second campaign in control's letter boxes."
    )


def draw(rows: pd.DataFrame, path: Path) -> None:
    """Detection of each defect at both sizes, and the false alarms, with exact intervals."""
    house_style()
    names = [NONE, *DEFECTS]
    ax = plt.subplots(figsize=(9, 6.2))[1]
    for place, name in enumerate(names):
        for kind, shift, colour in ((STATED, -0.17, TREATED), (HALF, 0.17, GREY)):
            mine = rows[(rows["defect"] == name) & (rows["kind"] == (NONE if name == NONE else kind))]
            if not len(mine) or (name == NONE and kind == HALF):
                continue
            hits = int(mine["refused"].sum()) if name == NONE else count_hits(mine, name)
            low, high = find_interval(hits, len(mine))
            shade, row = (HIGHLIGHT, place) if name == NONE else (colour, place + shift)
            ax.plot([100 * low, 100 * high], [row, row], color=shade, linewidth=3, solid_capstyle="round")
            ax.plot(100 * hits / len(mine), row, "o", color=shade, markersize=8)
            if place == 3:
                box = {"facecolor": "white", "edgecolor": "none", "pad": 0.5}
                side = {"textcoords": "offset points", "ha": "right", "va": "center", "fontsize": 9.5, "bbox": box}
                ax.annotate(f"{kind} size", (100 * low, row), (-8, 0), color=shade, **side)
    for value, label in ((5, "at most 5 %"), (80, "at least 80 %")):
        ax.axvline(value, color="#333333", linewidth=1, linestyle=":")
        ax.annotate(label, (value, len(names) - 0.55), (4, 0), textcoords="offset points", fontsize=9)
    ax.set_yticks(range(len(names)), ["sound: refused", *DEFECTS])
    ax.set(xlim=(-2, 102), ylim=(len(names) - 0.4, -0.6), xlabel="% of campaigns")
    ax.grid(axis="y", visible=False)
    ax.grid(axis="x", visible=True)
    subtitle = "campaigns in which the check of their own defect rang, with exact 95 % interval"
    headline(ax, "How often the clinic finds what is broken", subtitle, "loyalty.world, loyalty.tasks.t36.cases")
    ax.figure.savefig(path)
    plt.close(ax.figure)


def keep_rows(rows: pd.DataFrame) -> pd.DataFrame:
    """What lesson 36 reads: a row a campaign, its own check, its refusal, and how far its report was off."""
    rows = rows[rows["kind"].isin([NONE, STATED, HALF])]
    own = [row.get(row["defect"]) == "broken" for row in rows.to_dict("records")]
    kept = ["seed", "defect", "kind", "refused", "found", "naive", "claimed", "true", "off", "euros"]
    return rows.assign(found=own)[kept].round(6)


def write_page(rows: pd.DataFrame) -> str:
    """The page docs/tables/clinic.md."""
    sound, stated = rows[rows["kind"] == NONE], rows[rows["kind"] == STATED]
    alarms = sound["refused"].mean()
    rates = {name: count_hits(part, name) / len(part) for name, part in stated.groupby("defect")}
    missed = [f"{name} {rate:.0%}" for name, rate in rates.items() if rate < TARGET["detection"]]
    verdict = [
        f"False alarms are {'within' if alarms <= TARGET['false alarms'] else 'ABOVE'} the 5 % that were allowed.",
        f"Found in less than 80 %: {', '.join(missed)}." if missed else "Every defect is found in at least 80 %.",
    ]
    seconds = rows[["making", "looking"]].mean()
    parts = [
        "# Does the clinic refuse what is broken, and sign what is sound?", "",
        f"Made by `python benchmarks/clinic.py`: {len(sound)} sound campaigns (seeds 0, 1, 2, …) and "
        f"{len(stated)} broken ones, as many of each defect k = 1 … {len(DEFECTS)} (seeds 1000 k, 1000 k + 1, …; never "
        "picked), of chains of 12,000 customers; the same broken seeds again at half the size. Defects are made by "
        "mechanisms (`loyalty.tasks.t36.mishaps`); each campaign is examined once by `examine_campaign` with plan and "
        f"claim. Making one takes {seconds['making']:.2f} s of a processor, examining it {seconds['looking']:.2f} s. "
        "In brackets: exact 95 % intervals (Clopper and Pearson).", "", " ".join(verdict),
        *write_sound(rows), *write_defects(rows), *write_harm(rows),
        "\n![Detection of each defect, with exact intervals](clinic.png)", "",
    ]  # fmt: skip
    return "\n".join(parts)


def run_all(jobs: list[Job], kept: Path | None, wanted: list[Job]) -> list[dict]:
    """Run jobs, and keep each row as it comes, so that a run that was stopped can be taken up again."""
    lines = kept.read_text(encoding="utf-8").splitlines() if kept and kept.exists() else []
    done = {(row["seed"], row["name"], row["kind"]): row for row in map(json.loads, lines)}
    left = [job for job in jobs if job not in done]
    with ProcessPoolExecutor(WORKERS) as pool:
        for job, row in zip(left, pool.map(run_job, left, chunksize=2), strict=True):
            done[job] = row | {"name": job[1]}
            if kept:
                with kept.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(done[job], default=lambda value: value.item()) + "\n")
    return [done[job] for job in wanted if job in done]


def write_further(rows: pd.DataFrame) -> str:
    """The page docs/tables/clinic_further.md."""
    further = rows[rows["kind"] == AS_LARGE]
    unseen = [
        name
        for name, rule in FURTHER.items()
        if (further.loc[further["defect"] == name, rule.check] == "broken").mean() < TARGET["detection"]
    ]
    head = (
        "# What the clinic sees beyond lesson 36, and what it cannot see\n\nMade by `python benchmarks/clinic.py "
        "--further`. Sizes, seeds and kinds stood in `benchmarks/clinic_kinds.py`, committed, before any of them was "
        "run; seeds 0, 1, 2, … of the sound kinds, 20000 + 1000 k, … of the defects. In brackets: exact 95 % intervals "
        f"(Clopper and Pearson).\n\nUnseen at their stated size: {', '.join(unseen) or 'none'}."
    )
    return "\n".join([head, *write_kinds(rows), ""])


def main() -> None:
    """Run all campaigns and write docs/tables/clinic.md, clinic.png and clinic.csv."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--part", type=float, default=1.0)
    parser.add_argument("--folder", type=Path, default=None)
    parser.add_argument("--keep", type=Path, default=None, help="a file of rows: what stands in it is not run again")
    parser.add_argument("--further", action="store_true", help="only what is beyond lesson 36")
    parser.add_argument("--now", action="store_true", help="run nothing: write what stands in the file of --keep")
    asked = parser.parse_args()
    jobs = list(list_jobs(asked.part))
    if asked.further:
        jobs = [job for job in jobs if job[2] in (KIND, AS_LARGE, SMALL)]
    rows = pd.DataFrame(run_all([] if asked.now else jobs, asked.keep, jobs))
    folder = asked.folder or (TABLES if asked.part == 1 else None)
    further = write_further(rows)
    if folder:
        (folder / "clinic_further.md").write_text(further, encoding="utf-8")
    print(further)
    if asked.further:
        return
    rows = rows[rows["kind"].isin([NONE, STATED, HALF])].astype({"late": bool})
    page = write_page(rows)
    if folder:
        (folder / "clinic.md").write_text(page, encoding="utf-8")
        draw(rows, folder / "clinic.png")
        keep_rows(rows).to_csv(folder / "clinic.csv", index=False)
    print(page)


if __name__ == "__main__":
    main()
