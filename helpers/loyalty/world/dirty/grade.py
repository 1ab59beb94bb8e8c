"""Grade a cleaning against what was planted: found and missed of each fault, and good lines that were harmed."""

from __future__ import annotations

import pandas as pd

from loyalty.world.dirty.plan import FAULTS
from loyalty.world.fields import WorldError

PLACE = ["file", "file_line"]
CENT = 0.015  # adding a tax to a rounded amount may miss by a cent
TIMED = ("UTC clock", "day and month")
MONEY = ("return", "negative quantity", "no VAT", "unit price")
GOOD = "a good line"


def grade_cleaning(
    defects: pd.DataFrame,
    truth: pd.DataFrame,
    clean: pd.DataFrame,
    removed: pd.DataFrame,
    missing_days: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Grade; see `DirtyTruth.grade`."""
    absent = [
        f"`{name}` is missing in {table}: keep it through the cleaning"
        for table, frame in (("clean", clean), ("removed", removed))
        for name in PLACE
        if name not in frame
    ]
    if not absent:
        places = pd.concat([clean[PLACE], removed[PLACE]])
        if twice := int(places.duplicated().sum()):
            absent = [
                f"{twice:,} lines of the files stand twice in clean and removed: each stands in one of them, once"
            ]
    if absent:
        raise WorldError(absent, "the grade")
    lines = _lay_beside(truth, clean, removed)
    lines["alone"] = _stand_alone(lines)
    rows = {}
    for name in FAULTS:
        planted = defects[defects["defect"] == name]
        if name == "missing day":
            found = _find_days(planted, missing_days)
        else:
            found = _judge(
                name, lines.reindex(pd.MultiIndex.from_frame(planted[["file", "line"]].astype({"line": "int64"})))
            )
        rows[name] = (len(planted), found)
    faulty = defects.loc[~defects["defect"].isin(["repeat purchase"]) & defects["line"].notna(), ["file", "line"]]
    good = lines[~lines.index.isin(pd.MultiIndex.from_frame(faulty.astype({"line": "int64"})))]
    whole = good["kept"] & _is_near(good) & (good["time"] == good["right_time"])
    rows[GOOD] = (len(good), int(whole.sum()))
    table = pd.DataFrame(rows, index=["planted", "found"]).T
    table.index.name = "defect"
    return table.assign(missed=table["planted"] - table["found"], share=table["found"] / table["planted"])


def count_wrongly_removed(truth: pd.DataFrame, removed: pd.DataFrame) -> int:
    """Count lines that were removed although they belong to the clean table; those nobody can judge are left out."""
    return len(truth.loc[~truth["ask"], PLACE].merge(removed[PLACE], on=PLACE))


def _lay_beside(truth: pd.DataFrame, clean: pd.DataFrame, removed: pd.DataFrame) -> pd.DataFrame:
    """One row a line of the files: what is right, and what the cleaning made of it."""
    right = truth[[*PLACE, "sales", "time", "basket_id"]].rename(
        columns={"sales": "right_sales", "time": "right_time", "basket_id": "right_basket"}
    )
    columns = [
        name for name in ("sales", "time", "basket_id", "line_no", "ask", "store_id", "till_id") if name in clean
    ]
    ours = clean[[*PLACE, *columns]].assign(kept=True)
    gone = removed[PLACE].assign(kept=False)
    lines = pd.concat([ours, gone], ignore_index=True).merge(right, on=PLACE, how="outer")
    lines["kept"] = lines["kept"].astype("boolean").fillna(False).astype("bool")
    lines["belongs"] = lines["right_sales"].notna()
    return lines.drop_duplicates(PLACE).set_index(PLACE).sort_index()


def _is_near(lines: pd.DataFrame) -> pd.Series:
    return (lines["sales"] - lines["right_sales"]).abs() <= CENT


def _judge(name: str, lines: pd.DataFrame) -> int:
    """Count the lines on which a fault was found; what does not belong has to be gone."""
    if name == "repeat purchase":
        return int(lines["kept"].sum())
    gone = ~lines["belongs"] & ~lines["kept"]
    if name in TIMED:
        found = lines["time"] == lines["right_time"]
    elif name in MONEY:
        found = _is_near(lines)
    elif name == "number anew":
        found = lines["alone"]
    elif name == "no line number":
        found = lines["line_no"].notna()
    elif name == "ask":
        found = lines["ask"].fillna("").astype("str") != ""
    else:
        found = pd.Series(False, lines.index)
    return int((gone | (lines["belongs"] & lines["kept"] & found)).sum())


def _stand_alone(lines: pd.DataFrame) -> pd.Series:
    """Whether the number under which a line now stands is that of one receipt only, at its till."""
    names = [name for name in ("store_id", "till_id", "basket_id") if name in lines]
    receipts = lines.groupby(names, dropna=False)["right_basket"].nunique()
    counts = lines[names].merge(receipts.rename("receipts").reset_index(), on=names, how="left")["receipts"]
    return (counts == 1).set_axis(lines.index)


def _find_days(planted: pd.DataFrame, missing_days: pd.DataFrame | None) -> int:
    if missing_days is None or not len(missing_days):
        return 0
    stores = pd.to_numeric(missing_days["store_id"], errors="coerce")
    days = "no line of " + pd.to_datetime(missing_days["day"]).dt.strftime("%Y-%m-%d")
    found = set(zip(stores, days, strict=True))
    return sum((row.store_id, row.found) in found for row in planted.itertuples())
