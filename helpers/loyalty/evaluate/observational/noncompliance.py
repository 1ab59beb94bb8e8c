"""A lottery that not everybody obeyed: the effect of being invited, and of the thing itself on those who followed.

Cards, apps and programmes cannot be handed out by force: one can only invite by lottery. Some invited do not take it,
some others take it uninvited. Whoever compares takers with the rest is back at selected groups; here the lottery stays
the comparison.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from loyalty.stats.estimate import Estimate, make_estimate
from loyalty.stats.intervals import compare_means
from loyalty.tables.arguments import check_arguments
from loyalty.tables.check import TableError
from loyalty.tables.sources import AnyTable
from loyalty.tables.wave.assigned import Assigned, open_assigned

WEAK = 10.0  # first-stage F below which the ratio's interval is not to be trusted (Staiger and Stock 1997)


@check_arguments
def measure_complier_effect(
    contacts: AnyTable,
    outcomes: AnyTable = None,
    took: str = "took_card",
    outcome: str = "sales",
    *,
    control: str = "control",
    window: str = "main",
    level: float = 0.95,
) -> Estimate:
    """Measure the complier effect (CACE, LATE): that of taking something on those who take it only when invited.

    The effect of the invitation (intention to treat) divided by what the invitation did to take-up: Wald's
    estimator, which two-stage least squares (2SLS) gives as well. Not when the invitation itself changes sales (a
    coupon in the letter), nor when it drives anybody away from taking it. It says nothing of those who take it in any
    case, or never.

    Parameters
    ----------
    contacts : table under CONTACTS, any source of `loyalty.tables.sources.open_table`
        One row a customer of one wave, with two arms; customers of the universal control are left out.
    outcomes : table under OUTCOMES, optional
        Without it `contacts` is the joined table, and needs only arm, `took` and `outcome`.
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
    if took == outcome:
        says = f"`{took}` is the outcome itself: name the column that says who took it"
        raise TableError([says], "contacts")
    wave = open_assigned(contacts, outcomes, [outcome, took], control=control, window=window, prefer_contacts=(took,))
    if len(wave.arms) > 1:
        found = ", ".join(f"{name} {count:,}" for name, count in wave.arms.items())
        raise TableError([f"two arms are needed, `{control}` and one other; treated are: {found}"], "contacts")
    rows = _read(wave, took, outcome)
    invited = (rows["arm"] != control).to_numpy()
    arms = (invited, ~invited)
    takes = rows[took].to_numpy(float)
    value = rows[outcome].to_numpy(float)
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
        effect,
        rest.se / abs(share.effect),
        df=rest.details["df"],
        level=level,
        details=details,
        method="complier effect (2SLS)",
        estimand=f"those who take it only when invited ({abs(share.effect):.0%})",
        base=(without[1] - without[0]) / share.effect,
        n_treated=itt.n_treated,
        n_control=itt.n_control,
        warnings=(*_find_doubts(share, details["first_stage_f"], took), *wave.warnings, *rest.warnings),
    )


def _find_doubts(share: Estimate, f: float, took: str) -> Iterator[str]:
    if f < WEAK:
        yield f"weak take-up: the invitation moved it by {share.effect:.1%} (F {f:.1f}); the interval may miss far"
    if share.effect < 0:
        yield "fewer of the invited took it than of the control group: are the arms the right way round?"
    if share.base == 0:
        alone = f"one-sided: nobody in control has `{took}`. If nobody could, this is the effect on all who took it"
        yield f"{alone}; if nobody wrote it down, it is too small"


def _read(wave: Assigned, took: str, outcome: str) -> pd.DataFrame:
    """Read who took it and what came of it, one row a customer."""
    known = [name for name in ("customer_id",) if name in wave.table.collect_schema()]
    rows = wave.fetch([*known, took, outcome])
    if known:
        rows = rows.sort_values("customer_id", ignore_index=True)
    others = int((~rows[took].isin([0, 1])).sum())
    if others:
        text = f"`{took}` should be True/False or 1/0; {others:,} of {len(rows):,} rows hold something else"
        raise TableError([text], wave.source)
    return rows
