"""The scheme `clusters` of the report `segments`: learned once, and used again for the customers of other days."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

import narwhals as nw
import numpy as np
import pandas as pd

from loyalty.prepare.profile import build_profile
from loyalty.report.output.html import Section
from loyalty.report.output.privacy import SMALL, suppress_small
from loyalty.report.segments.base import LEAST, Asked, ReportScheme
from loyalty.segment.clusters.choice import choose_k
from loyalty.segment.clusters.fitting import find_nearest
from loyalty.segment.clusters.grouping import Clustering, cluster_customers
from loyalty.segment.clusters.groups import VERDICTS, find_groups
from loyalty.segment.clusters.profiles import TOLD, name_clusters, profile_clusters
from loyalty.segment.clusters.scaling import ScaledFeatures, scale_features
from loyalty.segment.clusters.stability import measure_stability
from loyalty.tables.check import TableError
from loyalty.tables.days import write_moment
from loyalty.tables.sources import AnyTable, open_table
from loyalty.text import count_of, find_near, say_p

NOTHING = "nothing bought"
WORDS = {
    "recency_days": "days since the last purchase",
    "frequency": "receipts",
    "monetary": "sales",
    "basket_value": "sales a receipt",
    "margin": "margin",
    "breadth": "categories",
    "promo_share": "share on offer",
    "online_share": "share online",
}
SPOKEN = {
    "recency_days": ("long silent", "came lately"),
    "frequency": ("many receipts", "few receipts"),
    "monetary": ("high sales", "low sales"),
    "basket_value": ("large receipts", "small receipts"),
    "margin": ("high margin", "low margin"),
    "breadth": ("many categories", "few categories"),
    "promo_share": ("often on offer", "seldom on offer"),
    "online_share": ("often online", "seldom online"),
}
USUAL = ("recency_days", "frequency", "monetary")
FEWEST = 50  # customers who bought: of fewer nobody can say whether there are groups
DRAWS = 99  # null clouds
REDRAWS = 20  # of the customers, for the stability
CONVENIENT = 4  # parts of a cloud: as many as most teams can treat differently
MOST = 12
SEED = 16
ACTIONS = {
    ("silent", "much"): "They spent much and are silent: find out what went wrong, and test one personal offer.",
    ("silent", ""): "Find out with one cheap test who comes back, and spend little on the others.",
    ("", "much"): "Know them; give attention before discounts, and offer the next category.",
    ("", "little"): "Give one reason for one visit more, and test it against nothing.",
    ("", ""): "Relevant news; no costly offer without a test.",
}
LEFT_OUT = "Find out with one cheap test who comes back, and stop paying for mail to the others."
CUT = (
    "Careful: these clusters are no groups. They cut a cloud into parts that are handy to treat; a name of a part says "
    "where it lies, and its borders could as well lie elsewhere."
)


def make_clusters(asked: Asked) -> ReportScheme:
    """Clusters of those who bought in a window; learned on the day of the report, or taken from an earlier run.

    Customers of other days go to the nearest of the stored centres. Nothing is learned anew, so that a change between
    two days is a change of customers.

    Raises
    ------
    TableError
        Too few customers, features that are not there or empty for some, receipts that are shorter than the window.
    """
    rule = dict(asked.rule) if asked.rule is not None else _learn(asked)
    window = int(rule["window"])
    if asked.length < window:
        says = f"the receipts cover {asked.length:,} days, and the clusters in the store look at {window:,}"
        raise TableError([f"{says}: take longer receipts, or set new_rule=yes"], "receipts")
    version = _name_version(rule)

    def assign(then: pd.Timestamp, profile: pd.DataFrame) -> pd.DataFrame:
        people = _look_back(asked.receipts, then, window)
        bought = people[people["frequency"] > 0]
        named = dict(zip(bought["customer_id"], _place(bought, rule), strict=True)) if len(bought) else {}
        table = profile[["customer_id", "as_of"]].reset_index(drop=True)
        segment = table["customer_id"].map(named).fillna(NOTHING).astype("str")
        sales = table["customer_id"].map(people.set_index("customer_id")["monetary"]).fillna(0.0)
        return table.assign(scheme="clusters", version=version, segment=segment, sales=sales.astype(float))

    actions = dict(zip(rule["names"], rule["actions"], strict=True)) | {NOTHING: LEFT_OUT}
    is_cloud = rule["verdict"] != "groups"
    says = (
        f"Clusters (k-means) of those who bought in the {window:,} days before each day, by "
        f"{', '.join(WORDS[name] for name in rule['columns'])}; made on {rule['made_on']}, customers of other days go "
        "to the nearest centre. Named after what lies farthest from everybody. Nothing bought: no purchase in these "
        "days."
    )
    return ReportScheme(
        "clusters",
        actions,
        assign,
        False,
        max(LEAST, window),
        says,
        tuple(rule["warnings"]),
        window=window,
        rule=rule,
        cautions=(CUT,) if is_cloud else (),
        shown=_show_groups(rule),
    )


def _look_back(receipts: AnyTable, then: pd.Timestamp, window: int) -> pd.DataFrame:
    """The profile of a day from the receipts of a window before it; nobody where there are none."""
    start = then - pd.Timedelta(days=window)
    recent = open_table(receipts).filter(nw.col("time") >= write_moment(start))
    return build_profile(recent, f"{then:%Y-%m-%d}")


def _learn(asked: Asked) -> dict[str, Any]:
    """Ask whether there are groups, choose their number, make and name them; all in plain values."""
    window = asked.find_window()
    people = _look_back(asked.receipts, asked.day, window)
    bought = people[people["frequency"] > 0].reset_index(drop=True)
    if len(bought) < FEWEST:
        says = f"{count_of(len(bought), 'customer')} bought in the {window:,} days before the report"
        raise TableError([f"{says}: of fewer than {FEWEST} nobody can say whether there are groups"], "receipts")
    columns = _choose_columns(asked.features, bought)
    for name in ("monetary", "basket_value"):
        if name in columns:
            bought[name] = bought[name].clip(lower=0)  # who brought back more than was bought in these days
    features = scale_features(bought, columns)
    groups = find_groups(features, draws=DRAWS, seed=SEED)
    k, why = _choose_number(asked.k, features, groups.verdict)
    made = cluster_customers(features, k, seed=SEED)
    names, actions, means = _name(made, bought, features.columns)
    steady = measure_stability(features, k, draws=REDRAWS, seed=SEED)
    return {
        "made_on": f"{asked.day:%Y-%m-%d}",
        "window": window,
        "columns": features.columns,
        "recipe": features.recipe.to_dict("records"),
        "centres": _order_centres(made).tolist(),
        "names": names,
        "actions": actions,
        "verdict": groups.verdict,
        "p": groups.p,
        "why_k": why,
        "sizes": made.table["cluster"].value_counts().sort_index().tolist(),
        "means": means,
        "together": steady.table["jaccard"].tolist(),
        "together_low": steady.table["low"].tolist(),
        "together_high": steady.table["high"].tolist(),
        "warnings": [*features.warnings, *made.warnings, *groups.warnings],
    }


def _choose_columns(said: str | None, bought: pd.DataFrame) -> list[str]:
    """The features that are asked for, or the usual three; TableError with all that cannot be used."""
    names = list(dict.fromkeys(part.strip() for part in said.split(",") if part.strip())) if said else list(USUAL)
    problems = []
    for name in names:
        near = find_near(name, WORDS)
        if name not in WORDS:
            mend = f"did you mean `{near}`?" if near else f"there are: {', '.join(WORDS)}"
            problems.append(f"`features`: there is no feature `{name}`: {mend}")
        elif name not in bought:
            problems.append(f"`features`: the receipts have no column for `{name}` ({WORDS[name]})")
        elif bought[name].isna().any():
            count = int(bought[name].isna().sum())
            problems.append(f"`features`: `{name}` is empty for {count:,} of {len(bought):,} customers who bought")
    if len(names) < 2:
        problems.append("`features`: two or more are needed: with one there are no clusters, but a ranking")
    if problems:
        raise TableError(problems, "settings")
    return names


def _choose_number(k: int | None, features: ScaledFeatures, verdict: str) -> tuple[int, str]:
    """The number of clusters, and why so many."""
    if k is not None:
        return k, "as set"
    found = choose_k(features, seed=SEED).k if verdict == "groups" else None
    if found is not None:
        return found, "the largest number with valleys between the clusters that stay together"
    return CONVENIENT, "a convenient number, because none is given by the customers"


def _order_centres(made: Clustering) -> np.ndarray:
    """The centres in the order of the clusters' numbers."""
    order = np.argsort(made.numbers[: len(made.fitted.centres)])
    return np.asarray(made.fitted.centres)[order]


def _name(
    made: Clustering, bought: pd.DataFrame, columns: Sequence[str]
) -> tuple[list[str], list[str], dict[str, list[float]]]:
    """Names, actions and means of the clusters, in the order of their numbers."""
    told = bought[["customer_id", *columns]].rename(columns=WORDS)
    profiles = profile_clusters(made, told, [WORDS[name] for name in columns])
    named = name_clusters(profiles)["segment"]
    by_number = dict(zip(made.table["cluster"], named, strict=True))
    names = [_speak(by_number[number]) for number in sorted(by_number)]
    means = profiles.pivot()
    shifts = profiles.pivot("shift")
    actions = [_propose(shifts[number]) for number in means.columns]
    return names, actions, {str(name): means.loc[name].tolist() for name in means.index}


def _speak(name: str) -> str:
    """Say a name as a person would: "1: high receipts" is "1: many receipts".

    Examples
    --------
    >>> _speak("4: high days since the last purchase, low receipts"), _speak("2: like everybody")
    ('4: long silent, few receipts', '2: like everybody')
    """
    number, _, words = name.partition(": ")
    spoken: dict[str, str] = {}
    for column, (high, low) in SPOKEN.items():
        spoken |= {f"high {WORDS[column]}": high, f"low {WORDS[column]}": low}
    return f"{number}: {', '.join(spoken.get(word, word) for word in words.split(', '))}"


def _propose(shift: pd.Series) -> str:
    """Propose an action from where a cluster lies: silent or not, much or little."""
    silent = "silent" if shift.get(WORDS["recency_days"], 0.0) >= TOLD else ""
    spends = [shift[WORDS[name]] for name in ("monetary", "frequency") if WORDS[name] in shift]
    size = ""
    if spends and max(spends) >= TOLD:
        size = "much"
    elif spends and min(spends) <= -TOLD:
        size = "little"
    return ACTIONS.get((silent, size), ACTIONS[silent, ""])


def _place(bought: pd.DataFrame, rule: Mapping[str, Any]) -> np.ndarray:
    """The names of the nearest centres."""
    recipe = pd.DataFrame(rule["recipe"])
    problems = []
    people = bought.copy()
    for line in rule["recipe"]:
        name = line["column"]
        if name not in people or people[name].isna().any():
            problems.append(f"the clusters need `{name}` of every customer who bought, and it is not in these receipts")
        elif line["how"] != "plain":
            people[name] = people[name].clip(lower=0)
    if problems:
        raise TableError([*problems, "give the column, or set new_rule=yes"], "receipts")
    ruler = ScaledFeatures(pd.DataFrame(), recipe)
    scaled = scale_features(people, ruler=ruler)
    order = pd.Index(scaled.table["customer_id"]).get_indexer(bought["customer_id"])
    places = find_nearest(scaled.values, np.array(rule["centres"], dtype=float))
    return np.array(rule["names"], dtype=object)[places[order]]


def _name_version(rule: Mapping[str, Any]) -> str:
    """The day on which the clusters were made, and a mark of what they are made of."""
    made = {name: rule[name] for name in ("window", "columns", "recipe", "centres", "names")}
    mark = hashlib.sha256(json.dumps(made, sort_keys=True).encode("utf-8")).hexdigest()[:6]
    return f"made {rule['made_on']}, {mark}"


def _show_groups(rule: Mapping[str, Any]) -> Section:
    """Whether there are groups at all, and what the clusters are like."""
    k = len(rule["names"])
    words = (
        VERDICTS[rule["verdict"]] + f" ({say_p(rule['p'])}, {DRAWS} clouds without groups that keep each column and "
        f"the rank correlations; tested on the day of the clusters, {rule['made_on']}.)",
        f"{count_of(k, 'cluster')}: {rule['why_k']}.",
    )
    table = pd.DataFrame({"segment": rule["names"], "customers": rule["sizes"]})
    for name, means in rule["means"].items():
        table[f"{name}, mean"] = means
    ends = zip(rule["together_low"], rule["together_high"], strict=True)
    table["stays together"] = [f"{100 * share:.0f} %" for share in rule["together"]]
    table["middle 95 % of redraws"] = [f"{100 * low:.0f} to {100 * high:.0f} %" for low, high in ends]
    shown = suppress_small(table, ["customers"], ["segment"])
    note = (
        f"Stays together: the share of a cluster that is found again when the customers are drawn again, {REDRAWS} "
        f"times (Jaccard). Under 75 % is doubtful, under 60 % it dissolves. Groups under {SMALL} are not shown."
    )
    return Section(words, shown, (note,), decimals=0, title="Are there groups?")
