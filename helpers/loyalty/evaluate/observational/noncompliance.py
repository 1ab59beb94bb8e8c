"""A lottery that not everybody obeyed: the effect of being invited, and of the thing itself on those who followed.

Cards, apps and programmes cannot be handed out by force: one can only invite by lottery. Some invited do not take it,
some others take it uninvited. Whoever compares takers with the rest is back at selected groups; here the lottery stays
the comparison.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from loyalty.stats.estimate import Estimate, make_estimate
from loyalty.stats.intervals import compare_means
from loyalty.tables.check import TableError, check_table
from loyalty.tables.contracts import CONTRACTS
from loyalty.tables.sample import Sample, read_sample
from loyalty.tables.sources import as_frame

WEAK = 10.0  # first-stage F below which the ratio's interval is not to be trusted (Staiger and Stock 1997)


def measure_complier_effect(
    contacts: Any, outcomes: Any = None, took: str = "took_card", outcome: str = "sales", *, control: str = "control",
    window: str = "main", level: float = 0.95,
) -> Estimate:  # fmt: skip
    """Measure the effect of taking something on those who take it when invited, and only then (Wald, 2SLS).

    The effect of the invitation (intention to treat) divided by what the invitation did to take-up. Not when the
    invitation itself changes sales (a coupon in the letter), nor when it drives anybody away from taking it. It says
    nothing of those who take it in any case, or never.

    Parameters
    ----------
    contacts : pandas.DataFrame, or any source of `loyalty.tables.sources.open_table`
        One row a customer of one wave, under the contract of contacts, with two arms and a column `took`; customers
        of the universal control are left out.
    outcomes : the same, optional
        Under the contract of outcomes. Without it `contacts` holds the outcome too: columns arm, `took`, `outcome`.
    took, outcome : str
        Columns: 1/0 or True/False, whether the customer took it; a number, in its own unit.
    control : str
        The arm that was not invited.
    window : str
        Which window of `outcomes` counts.
    level : float
        Coverage of the interval, a fraction.

    Returns
    -------
    Estimate
        `base` is what these customers have without it. `details`: itt, itt_low, itt_high, take_up (by how much the
        invitation raised it, a fraction), took_treated, took_control, first_stage_f. Control under 20 % of all: pooled
        variance.

    Raises
    ------
    TableError
        With all problems; also where the invitation changed nobody's take-up, for then the ratio is not defined.

    Examples
    --------
    >>> table = pd.DataFrame({"arm": ["invited"] * 4 + ["control"] * 4, "took_card": [1, 1, 1, 0, 1, 0, 0, 0],
    ...                       "sales": [9.0, 8, 7, 2, 8, 4, 3, 3]})
    >>> found = measure_complier_effect(table)
    >>> found.effect, found.details["itt"], found.details["take_up"]
    (4.0, 2.0, 0.5)

    Source: Imbens and Angrist (1994), Econometrica 62, 467-475; Angrist, Imbens and Rubin (1996), JASA 91, 444-455.
    """
    people = as_frame(contacts)
    if "control_kind" in people:
        people = people[(people["control_kind"] != "universal").fillna(True)].reset_index(drop=True)
    frame = people if outcomes is None else _join(people, outcomes, window)
    sample, takes = _read(frame, took, outcome, control)
    arms, value = (sample.treated, ~sample.treated), sample.outcome
    share = compare_means(*(takes[arm] for arm in arms), variance="welch")
    itt = compare_means(*(value[arm] for arm in arms), level=level)
    if share.effect == 0:
        text = f"`{took}` is {share.base:.1%} in both arms: the invitation moved nobody, the ratio is not defined"
        raise TableError([f"{text} (effect of the invitation: {itt.effect:,.2f}, {itt.low:,.2f} to {itt.high:,.2f})"])
    effect = itt.effect / share.effect
    # What is left of the outcome once the effect is taken off; the gap between the arms is then zero by construction.
    rest = compare_means(*((value - effect * takes)[arm] for arm in arms), level=level)
    without = [(value * (1 - takes))[arm].mean() for arm in arms]
    details = {"itt": itt.effect, "itt_low": itt.low, "itt_high": itt.high, "take_up": share.effect}
    details |= {"took_treated": share.base + share.effect, "took_control": share.base}
    details["first_stage_f"] = (share.effect / share.se) ** 2 if share.se else np.inf
    return make_estimate(
        effect, rest.se / abs(share.effect), df=rest.details["df"], level=level, details=details,
        method="complier effect (2SLS)", estimand=f"those who take it only when invited ({abs(share.effect):.0%})",
        base=(without[1] - without[0]) / share.effect, n_treated=itt.n_treated, n_control=itt.n_control,
        warnings=(*_find_doubts(share, details["first_stage_f"], took), *sample.warnings, *rest.warnings),
    )  # fmt: skip


def _find_doubts(share: Estimate, f: float, took: str) -> Iterator[str]:
    if f < WEAK:
        yield f"weak take-up: the invitation moved it by {share.effect:.1%} (F {f:.1f}); the interval may miss far"
    if share.effect < 0:
        yield "fewer of the invited took it than of the control group: are the arms the right way round?"
    if share.base == 0:
        alone = f"one-sided: nobody in control has `{took}`. If nobody could, this is the effect on all who took it"
        yield f"{alone}; if nobody wrote it down, it is too small"


def _join(contacts: pd.DataFrame, outcomes: Any, window: str) -> pd.DataFrame:
    left, right = contacts, as_frame(outcomes)
    check_table(left, CONTRACTS["contacts"])
    check_table(right, CONTRACTS["outcomes"])
    joined = left.merge(
        right[right["window"] == window], on=CONTRACTS["contacts"].key, how="left", suffixes=("", " of outcomes")
    )
    if lost := int(joined["window"].isna().sum()):
        mend = "a customer who bought nothing needs a row with zeros"
        who = f"{lost:,} of {len(left):,} contacts have no row in the window {window!r}"
        raise TableError([f"{who}: {mend}"], "outcomes")
    return joined


def _read(frame: pd.DataFrame, took: str, outcome: str, control: str) -> tuple[Sample, np.ndarray]:
    arms = frame["arm"].value_counts(dropna=False) if "arm" in frame else pd.Series(dtype=int)
    if len(arms) != 2 or control not in arms.index or arms.index.isna().any():
        said = ", ".join(f"{name} {count:,}" for name, count in arms.items()) or "no column `arm`"
        raise TableError([f"two arms are needed, `{control}` and one other; found: {said}"], "contacts")
    sample = read_sample(frame.assign(_not_control=frame["arm"] != control), treated="_not_control", outcome=outcome,
                         covariates=took)  # fmt: skip
    takes = sample.covariates.get(took, pd.Series(np.nan, frame.index)).to_numpy(float)
    if others := int((~np.isin(takes, (0, 1))).sum()):
        text = f"`{took}` should be True/False or 1/0; {others:,} of {len(frame):,} rows hold something else"
        raise TableError([text], "contacts")
    return sample, takes
