"""Should this report be signed? Ten ways in which a campaign's numbers go wrong, each with its evidence.

One entrance to the modules beside this one:

- `examine_campaign` looks for all ten and says "sign" or "refuse".
- `Claim` is what the report says; `Examination` and `Finding` are what comes back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from loyalty.evaluate.clinic import checks_claims as claims
from loyalty.evaluate.clinic import checks_groups as groups
from loyalty.evaluate.clinic.blind import list_blind, measure_earlier
from loyalty.evaluate.clinic.checks_receipts import read_lines
from loyalty.evaluate.clinic.findings import BROKEN, CHECKS, FINE, SOUND, Claim, Examination
from loyalty.evaluate.clinic.record import open_record
from loyalty.evaluate.design.sample_ratio import ALARM
from loyalty.tables.arguments import check_arguments
from loyalty.tables.sources import AnyTable
from loyalty.tables.wave.contacts import say_universal

LOOKS = (
    groups.check_split,
    groups.check_leaks,
    groups.check_draw,
    claims.check_seasons,
    claims.check_end,
    groups.check_survivors,
    claims.check_winner,
    groups.check_delivery,
    claims.check_metric,
    groups.check_join,
)
DRAW = "control chosen afterwards"
FIXED = 4  # looks that alarm at .001 each
SHARED = 3  # checks that share what the fixed alarms leave of the level
# A fault of the first kind also makes the second check alarm
LEADS = (
    ("unequal seasons", DRAW),
    ("broken join", DRAW),
    ("survivors", DRAW),
    ("sample ratio", DRAW),
    ("broken join", "survivors"),
)


@check_arguments
def examine_campaign(
    contacts: AnyTable,
    outcomes: AnyTable = None,
    plan: Any = None,
    claim: Claim | None = None,
    *,
    receipts: AnyTable = None,
    control: str = "control",
    level: float = 0.05,
    say: Callable[[int], str] = "{:,}".format,
) -> Examination:
    """Look for ten faults of a campaign before its lift is believed.

    Not a proof of soundness: what no table shows, such as a second campaign in the control's letter boxes, stays
    unseen; `.blind` names the commonest, and from which size on it would show. A check without its columns says so and
    which would unlock it.

    Parameters
    ----------
    contacts : table under CONTACTS, any source of `open_table`
        One wave, control included. Used where present: assigned_at, sent_at, delivered, offer_id, channel, operator
        (any text), segment, stratum, propensity.
    outcomes : table under OUTCOMES, optional
        Without it `contacts` holds what was measured too. Rows may be missing, repeated or strange: that is what is
        looked for.
    plan : table of one row under CAMPAIGNS, or mapping, optional
        start and end are what was measured; planned_start, planned_end, planned_shares, primary_metric, hypothesis,
        registered_on are what was planned; mode "blocks" if the groups were drawn with exact quotas.
    claim : Claim, optional
        What the report says; without it the planned metric for everybody.
    receipts : table under RECEIPTS, optional
        What the outcomes were made of, and from before the start. With it the clinic sees receipts of one group that
        repeat, come to nothing or do not add up to its outcomes, and measures the lift of earlier days
        (`measure_placebo_lift`).
    control : str
        Name of the control group.
    level : float
        Chance that a sound campaign fails any of the checks that leave something to chance (family-wise error rate);
        .01 or more.
    say : callable
        Writes a number of customers, for reports that hide small ones.

    Returns
    -------
    Examination

    Raises
    ------
    TableError
        Nothing can be examined: no arm, no customers, nobody in control, several waves, a plan that cannot be read.

    Examples
    --------
    >>> import pandas as pd
    >>> contacts = pd.DataFrame({"customer_id": range(400), "arm": ["mail", "control"] * 200})
    >>> contacts["delivered"] = [True, False] * 190 + [True] * 20
    >>> outcomes = contacts[["customer_id"]].assign(window="main", sales=1.0)
    >>> examination = examine_campaign(contacts, outcomes, {"planned_shares": "control=0.5, mail=0.5"})
    >>> examination.verdict, [finding.check for finding in examination.problems]
    ('refuse', ['contamination'])

    Source: Dunn (1961), Journal of the American Statistical Association 56, 52-64 (how the checks share the level).
    """
    record = open_record(contacts, outcomes, plan, claim, control=control, level=level, say=say)
    if receipts is not None:
        record = replace(record, lines=read_lines(receipts, record))
    symptoms = {check: look(record) for check, look in zip(CHECKS, LOOKS, strict=True)}
    # Sizes, dates that vary, silent ids and odd receipts alarm at .001 each; three checks share the rest of the level
    # in equal parts (Bonferroni). Holm's steps are not used: one fault that is found should not make the others alarm
    # sooner.
    alarm = (level - FIXED * ALARM) / SHARED
    found = {check: symptom.judge(check, alarm) for check, symptom in symptoms.items()}
    joined = symptoms["broken join"]
    if found["survivors"].state == BROKEN and joined.broken and not joined.large:
        says = f"{joined.bad}, and nothing else is wrong with the ids: see survivors."
        found["broken join"] = replace(found["broken join"], state=SOUND, evidence=says, advice=FINE)
    # A late day of the draw explains itself, and then it may explain the sample ratio
    leads = ((DRAW, "sample ratio"), ("broken join", "survivors")) if symptoms[DRAW].broken else LEADS
    for cause, effect in leads:
        if {found[cause].state, found[effect].state} == {BROKEN} and not found[effect].follows:
            says = f"{found[effect].evidence} Probably a consequence of: {cause}."
            found[effect] = replace(found[effect], evidence=says, follows=cause)
    warnings = (say_universal(record.universal, say),) if record.universal else ()
    placebo, why = measure_earlier(record, receipts)
    notes = (*warnings, *record.warnings)
    return Examination(tuple(found.values()), notes, placebo, list_blind(record), no_placebo=why)
