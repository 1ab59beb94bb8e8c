"""Exercise 41, the last waves of the year: right answers and the usual wrong ones, all computed from the data."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from loyalty.datasets.loaders import checkpoint, complete_journey
from loyalty.evaluate.lift.measure import measure_lift
from loyalty.evaluate.lift.result import Lift, Lifts
from loyalty.learn.history.prediction import predict_from_past
from loyalty.learn.history.response_rates import Rates, measure_rates
from loyalty.stats.shrinkage import shrink_normal
from loyalty.tasks.checking.answers import read_letter
from loyalty.tasks.checking.cells import Part
from loyalty.tasks.checking.diagnosis import find_generic_mistake
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.t41.scene import OFFERS, load_summer

LIFT_TOLERANCE = 0.01


@cache
def _rows() -> pd.DataFrame:
    """All invitations with their outcome; `coupons` counts redeemed coupons, `now` is the segment at the year's end."""
    chain = complete_journey()
    coupons = chain.redemptions.groupby(["campaign_id", "customer_id"]).size().rename("coupons").reset_index()
    rows = checkpoint("contacts_cj").merge(coupons, how="left").fillna({"coupons": 0})
    last = chain.receipts[chain.receipts.time >= pd.Timestamp("2017-10-09")].groupby("customer_id").sales.sum()
    spent = last.reindex(chain.customers.customer_id, fill_value=0.0)
    cuts = spent[spent > 0].quantile([1 / 3, 2 / 3])
    now = pd.cut(spent, [-1, 0, *cuts, float("inf")], labels=["bought nothing", "low", "middle", "high"])
    return rows.assign(
        responded=(rows.coupons > 0).astype("int64"), window="main", now=rows.customer_id.map(now).astype("str")
    )


@cache
def _cells() -> Rates:
    rows = _rows()
    return measure_rates(rows[rows.offer_id != "Type A"], by=["campaign_id", "segment"], min_size=1)


def _hit() -> pd.Series:
    table = _cells().table
    return table[(table.campaign_id == 4) & (table.segment == "low")].iloc[0]


def _rate_by(invitations: pd.DataFrame, segment: pd.Series) -> float:
    """Response rate in "high", when each household has one segment for all its invitations."""
    return float(invitations[invitations.customer_id.map(segment) == "high"].responded.mean())


def _shrink_hit(
    rows: pd.DataFrame, by: tuple[str, ...] = ("campaign_id", "segment"), within: str | None = None
) -> float:
    """Shrunken rate of the agency's hit, or of the cell that holds it, when the cells are made in this way."""
    table = measure_rates(rows, by=list(by), min_size=1, within=within).table
    for column, value in (("campaign_id", 4), ("segment", "low"), ("offer_id", "Type B")):
        table = table[table[column] == value] if column in table else table
    return float(table.shrunken.iloc[0])


@cache
def _answer_rate() -> Answers:
    rows = _rows()
    rows = rows.sort_values(["start", "campaign_id"])
    type_b = rows[rows.offer_id == "Type B"]
    cell = type_b[type_b.segment == "high"]
    right = float(cell.responded.mean())
    return Answers(
        right=right,
        praise=f"{cell.responded.sum()} of {len(cell):,} invitations.",
        mistakes=(
            Mistake(
                "non_responders_dropped",
                "Everybody responded? An inner join keeps only those who redeemed. The silent ones are the larger part of what we know: `how='left'`, then 0.",
                float(cell[cell.responded == 1].responded.mean()),
            ),
            Mistake(
                "coupons_for_households",
                "You counted coupons. A household that redeems five has responded once.",
                float(cell.coupons.mean()),
            ),
            Mistake(
                "segment_of_today",
                "You used the segment of today. Other households were in the top third on the day of the campaign: take the segment that stands in the contacts.",
                float(type_b[type_b.now == "high"].responded.mean()),
            ),
            Mistake(
                "segment_of_the_last_contact",
                "You gave each household the segment of its last contact. Take the segment that stands in the row: that of the day.",
                _rate_by(type_b, rows.groupby("customer_id").segment.last()),
            ),
            Mistake(
                "segment_of_the_last_letter_b",
                "You gave each household the segment of its last invitation of type B. Take the segment that stands in the row: that of the day.",
                _rate_by(type_b, type_b.groupby("customer_id").segment.last()),
            ),
            Mistake(
                "segment_of_the_first_contact",
                "You gave each household the segment of its first contact. Take the segment that stands in the row: that of the day.",
                _rate_by(type_b, rows.groupby("customer_id").segment.first()),
            ),
            Mistake(
                "segment_of_the_first_letter_b",
                "You gave each household the segment of its first invitation of type B. Take the segment that stands in the row: that of the day.",
                _rate_by(type_b, type_b.groupby("customer_id").segment.first()),
            ),
            Mistake(
                "ever_high",
                'You took all invitations of households that were "high" at some time. Take the invitations that were "high" on their day.',
                float(type_b[type_b.customer_id.isin(cell.customer_id)].responded.mean()),
            ),
            Mistake(
                "first_invitation_only",
                "You kept one invitation a household, the first. Every invitation counts.",
                float(cell.drop_duplicates("customer_id").responded.mean()),
            ),
            Mistake(
                "last_invitation_only",
                "You kept one invitation a household, the last. Every invitation counts.",
                float(cell.drop_duplicates("customer_id", keep="last").responded.mean()),
            ),
            Mistake(
                "mean_of_campaigns",
                "That is the mean of the campaigns' rates. The campaigns differ in size: add the responses, add the invitations, divide once.",
                float(cell.groupby("campaign_id").responded.mean().mean()),
            ),
            Mistake(
                "mean_of_households",
                "That is the mean of the households' own rates. The question is about invitations: divide once.",
                float(cell.groupby("customer_id").responded.mean().mean()),
            ),
            Mistake("silent_share", "That is the share that stayed silent.", 1 - right),
            Mistake(
                "responses_for_each_household",
                "You divided by the households. Divide by the invitations: a household may have several.",
                float(cell.responded.sum() / cell.customer_id.nunique()),
            ),
            Mistake(
                "number_of_responses",
                "That is the number of responses. Divide by the invitations.",
                float(cell.responded.sum()),
            ),
            Mistake("all_segments", 'That is type B in all segments. Keep "high".', float(type_b.responded.mean())),
            Mistake(
                "all_types",
                'That is segment "high" in the campaigns of all types. Keep type B.',
                float(rows[rows.segment == "high"].responded.mean()),
            ),
            Mistake(
                "households_for_invitations",
                "You counted households: which share ever responded. The question is about invitations; a household invited three times counts three times.",
                float(cell.groupby("customer_id").responded.max().mean()),
            ),
            Mistake(
                "any_campaign",
                "You counted coupons of other campaigns too. Join on `campaign_id` *and* `customer_id`.",
                float(cell.customer_id.isin(rows[rows.responded == 1].customer_id).mean()),
            ),
            Mistake(
                "invitations_repeated",
                "Your join repeats an invitation for each coupon. Keep campaign and household once before you join: `drop_duplicates()`.",
                float(cell.coupons.clip(lower=1)[cell.responded == 1].sum() / cell.coupons.clip(lower=1).sum()),
            ),
            Mistake(
                "share_of_responses",
                'That is the share of type B\'s *responses* that came from segment "high". Divide by the invitations to that segment.',
                float(cell.responded.sum() / type_b.responded.sum()),
            ),
        ),
    )


@cache
def _answer_hit() -> Answers:
    hit = _hit()
    rows = _rows()
    coupons = rows[rows.offer_id != "Type A"]
    prior = _cells().priors[None]
    right = float(hit.shrunken)
    return Answers(
        right=right,
        praise=f"From {hit.rate:.0%} to {right:.1%} ({hit.shrunken_low:.1%} to {hit.shrunken_high:.1%}).",
        mistakes=(
            Mistake(
                "raw_rate", "That is the raw rate, one of four. The task asks for the shrunken one.", float(hit.rate)
            ),
            Mistake(
                "one_rate_for_all",
                "That is the usual rate of all cells. The cell's own response should move it a little.",
                prior.mean,
            ),
            Mistake(
                "raw_rate_of_all",
                "That is the rate of all invitations of types B and C, without shrinking. The shrunken rate of the cell is its own rate, pulled towards the usual one.",
                float(coupons.responded.mean()),
            ),
            Mistake(
                "share_kept",
                "That is the column `kept`: how much of its own distance to the mean the cell keeps. Asked is the column `shrunken`.",
                float(hit.kept),
            ),
            Mistake(
                "type_a_in_the_bank",
                "You shrank with type A in the bank; its sixteen chosen coupons are another kind of campaign. Types B and C only.",
                _shrink_hit(rows),
            ),
            Mistake(
                "lower_end",
                "That is the lower end of the interval; the rate itself was asked.",
                float(hit.shrunken_low),
            ),
            Mistake(
                "upper_end",
                "That is the upper end of the interval; the rate itself was asked.",
                float(hit.shrunken_high),
            ),
            Mistake(
                "cells_of_offers",
                "Your cells are offer × segment. The agency speaks of one campaign: cells of campaign × segment.",
                _shrink_hit(coupons, ("offer_id", "segment")),
            ),
            Mistake(
                "unknown_dropped",
                'You left out the invitations without a segment. They are cells too, called "unknown": `measure_rates` keeps them, `groupby` and `dropna` lose them.',
                _shrink_hit(coupons[coupons.segment.notna()]),
            ),
            Mistake(
                "only_b_in_the_bank",
                "You shrank the cells of type B with a bank of their own. Types B and C share one bank here.",
                _shrink_hit(rows[rows.offer_id == "Type B"]),
            ),
            Mistake(
                "bank_of_the_segment",
                'You gave each segment a bank of its own (`within="segment"`). All cells share one bank here.',
                _shrink_hit(coupons, within="segment"),
            ),
            Mistake(
                "bank_of_the_campaign",
                'You gave each campaign a bank of its own (`within="campaign_id"`). All cells share one bank here.',
                _shrink_hit(coupons, within="campaign_id"),
            ),
            Mistake(
                "whole_segment",
                'That is the segment "low" over all campaigns. The cells are campaign × segment.',
                _shrink_hit(coupons, ("segment",)),
            ),
            Mistake(
                "raw_lower_end",
                "That is the lower end of the raw interval; the shrunken rate was asked.",
                float(hit.low),
            ),
            Mistake(
                "raw_upper_end",
                "That is the upper end of the raw interval; the shrunken rate was asked.",
                float(hit.high),
            ),
            Mistake(
                "one_imagined_response",
                "You added one response and one silence, (1 + 1) / (4 + 2). How many are in the bank, the spread of all cells tells.",
                (hit.responses + 1) / (hit.n + 2),
            ),
        ),
    )


@cache
def _answer_best() -> Answers:
    table = _cells().table
    best = _cells().best
    raw = table.loc[table.rate.idxmax()]
    others = table[(table.campaign_id != best.campaign_id) | (table.segment != best.segment)]
    most = others.loc[others.responses.idxmax()]
    shrunk = table.loc[table.shrunken.idxmax()]
    candidates = {
        "tiny_cell_crowned": (
            raw,
            f"{raw.responses} response{'s' if raw.responses > 1 else ''} out of {raw.n}: the luckiest of many small cells. Sort by the lower end of the shrunken interval.",
        ),
        "most_responses": (
            most,
            f"{most.responses} responses are many, but out of {most.n} invitations. A rate was asked, not a number of responses.",
        ),
        "highest_middle": (
            shrunk,
            "This cell has the highest shrunken rate, and its raw interval has the highest lower end. But asked is the lower end of the *shrunken* interval: `shrunken_low`.",
        ),
    }
    right = (int(best.campaign_id), best.segment)
    answers = {name: ((int(cell.campaign_id), cell.segment), says) for name, (cell, says) in candidates.items()}
    seen = {right}
    mistakes = []
    for name, (value, says) in answers.items():
        if value not in seen:
            mistakes.append(Mistake(name, says, value))
            seen.add(value)
    swapped = (right[0], "middle" if right[1] != "middle" else "high")
    if swapped not in seen:
        says = "Right campaign, but the responses came from another segment of it."
        mistakes.append(Mistake("other_segment", says, swapped))
    return Answers(
        right=right,
        praise=f"{best.responses} of {best.n}, shrunken {best.shrunken:.1%} ({best.shrunken_low:.1%} to {best.shrunken_high:.1%}).",
        mistakes=tuple(mistakes),
    )


def _read_cell(answer: Any) -> Any:
    """A cell may come as a list, with its campaign as a text of digits, or with the segment first."""
    if not isinstance(answer, (tuple, list)) or len(answer) != 2:
        return answer
    campaign, segment = answer
    if isinstance(campaign, str) and isinstance(segment, int):
        campaign, segment = segment, campaign
    if isinstance(campaign, str) and campaign.strip().isdigit():
        campaign = int(campaign)
    return campaign, segment


def _judge_cell(answer: Any) -> tuple[str | None, str]:
    """Say of another cell why it is not the best, or that there is no such cell."""
    campaign, segment = answer
    rows = _rows()
    if (rows.campaign_id[rows.offer_id == "Type A"] == campaign).any():
        return "type_a", f"Campaign {campaign:g} is of type A. Asked are the cells of types B and C."
    table = _cells().table
    cell = table[(table.campaign_id == campaign) & (table.segment == str(segment).strip().lower())]
    if cell.empty:
        return "no_such_cell", 'There is no such cell. Asked: (campaign, segment), for example (4, "low").'
    higher = int((table.shrunken_low > cell.shrunken_low.iloc[0]).sum())
    return (
        "other_cell",
        f"In {higher} cells the shrunken interval has a higher lower end than in this one. Sort by `shrunken_low`.",
    )


@cache
def _answer_slide() -> Answers:
    rows = _rows()
    rate = rows[rows.offer_id == "Type A"].responded.mean()
    right = "B" if (rows.arm == "treated").all() else "A"
    says = {
        "A": "A response rate is not a lift. Nobody was left out, so nobody knows what they would have bought anyway.",
        "B": "There is a control group in this table: compare with it.",
        "C": f"{1 - rate:.0%} redeemed nothing, yes. But a letter can work without a coupon being used, and a used coupon may have changed nothing.",
    }
    names = {"A": "response_rate_for_lift", "B": "control_overlooked", "C": "silence_for_waste"}
    return Answers(
        right=right,
        praise=f"{rate:.1%} answered; what it changed is not in the table.",
        mistakes=tuple(Mistake(names[letter], text, letter) for letter, text in says.items() if letter != right),
    )


@cache
def _answer_initiative() -> Answers:
    rows = _rows()
    one, two = (rows[rows.campaign_id == number] for number in (21, 22))
    both = pd.concat([one, two])
    right = float(both.responded.mean())
    return Answers(
        right=right,
        praise=f"{both.responded.sum()} of {len(both)} invitations.",
        mistakes=(
            Mistake(
                "one_of_two_names",
                "That is campaign 21 alone, under one of the two names of the same initiative.",
                float(one.responded.mean()),
            ),
            Mistake(
                "other_of_two_names",
                "That is campaign 22 alone. The initiative went out under two names: put both lists together.",
                float(two.responded.mean()),
            ),
            Mistake(
                "sum_of_two_rates",
                "That is the sum of two rates. Add the responses, add the invitations, divide once.",
                float(one.responded.mean() + two.responded.mean()),
            ),
            Mistake(
                "non_responders_dropped",
                "Everybody responded? An inner join keeps only those who redeemed: `how='left'`, then 0.",
                float(both[both.responded == 1].responded.mean()),
            ),
            Mistake(
                "mean_of_two_rates",
                "That is the mean of two rates; the lists differ in size. Add the responses, add the invitations, divide once.",
                float((one.responded.mean() + two.responded.mean()) / 2),
            ),
            Mistake(
                "coupons_for_households",
                "You counted coupons. A household that redeems five has responded once.",
                float(both.coupons.mean()),
            ),
            Mistake("silent_share", "That is the share that stayed silent.", 1 - right),
            Mistake(
                "number_of_responses",
                "That is the number of responses. Divide by the invitations.",
                float(both.responded.sum()),
            ),
            Mistake(
                "whole_year",
                "That is the rate of all campaigns of types B and C. Keep campaigns 21 and 22.",
                float(rows[rows.offer_id != "Type A"].responded.mean()),
            ),
        ),
    )


@cache
def _answer_past() -> Answers:
    table = predict_from_past(_rows()).table.set_index("past")
    row = table.loc["responded before"]
    coupons = (
        predict_from_past(_rows()[lambda d: d.offer_id != "Type A"]).table.set_index("past").loc["responded before"]
    )
    type_a = (
        predict_from_past(_rows()[lambda d: d.offer_id == "Type A"]).table.set_index("past").loc["responded before"]
    )
    return Answers(
        right=float(row.relative),
        praise=f"{row.relative:.1f} times ({row.relative_low:.1f} to {row.relative_high:.1f}); it predicts, it does not say what an invitation changes.",
        mistakes=(
            Mistake(
                "crude",
                "That is the quotient of the two rates over all waves. Households are in different waves; compare within each wave: the column `relative`.",
                float(row.crude),
            ),
            Mistake(
                "new_ones",
                "You compared with those who had never been invited.",
                float(row.rate / table.rate["no contact before"]),
            ),
            Mistake(
                "difference",
                "Below 1? That is the difference of the two rates, or their quotient the other way round. How many *times* as likely is the one who responded before?",
                float(row.rate - table.rate["contacted, no response"]),
            ),
            Mistake(
                "only_b_and_c",
                "That is the lower end of the interval, or the number for types B and C only. Asked is the number itself, with all 27 campaigns.",
                float(coupons.relative),
            ),
            Mistake(
                "points",
                "That is the difference of the two rates, in points of 100. How many *times* as likely is the one who responded before?",
                float(100 * (row.rate - table.rate["contacted, no response"])),
            ),
            Mistake("only_a", "That is for type A only. Use all 27 campaigns.", float(type_a.relative)),
            Mistake(
                "upper_end",
                "That is the upper end of the interval; the number itself was asked.",
                float(row.relative_high),
            ),
            Mistake(
                "row_of_the_new",
                'That is the row "no contact before". Asked is the one who responded before.',
                float(table.relative["no contact before"]),
            ),
        ),
        near=(
            Mistake(
                "times_more",
                "That is how many times *more*: one too few. Asked is how many times as likely, the column `relative`.",
                float(row.relative - 1),
            ),
        ),
    )


@cache
def _summer() -> Lifts:
    found = measure_lift(load_summer(), outcome="sales", by="segment")
    assert isinstance(found, Lifts)  # one for each segment
    return found


@cache
def _answer_lift() -> Answers:
    rows = load_summer()
    table = _summer().to_frame()
    best = _summer().best()
    cell = rows[(rows.arm == best.arm) & (rows.segment == best.segment)]
    control = rows[rows.arm == "control"]
    own = control[control.segment == best.segment]
    whole = measure_lift(rows[rows.arm.isin([best.arm, "control"])], outcome="sales")
    assert isinstance(whole, Lift)  # one arm, no segments
    right = float(best.shrunken)
    answered = rows[rows.arm != "control"].groupby(["arm", "segment"]).redeemed.mean()
    loud_arm, loud_segment = answered.idxmax()
    loudest = table[(table.arm == loud_arm) & (table.segment == loud_segment)].iloc[0]
    spent = rows[rows.arm != "control"].groupby(["arm", "segment"]).sales.mean()
    users = cell[cell.redeemed == 1]
    return Answers(
        right=right,
        praise=f"€{right:.2f} for {best.arm.replace('_', ' ')}, {best.segment}; raw it was €{best.effect:.2f}.",
        mistakes=(
            Mistake(
                "winners_curse",
                "That is the raw lift of the best cell: good *and* lucky, and the luck will not come back. The shrunken one was asked.",
                float(best.effect),
            ),
            Mistake(
                "cell_with_the_highest_rate",
                "That is the shrunken lift of the cell that *answered* most. Asked is the cell with the highest shrunken lift; it is another one.",
                float(loudest.shrunken),
            ),
            Mistake(
                "raw_lift_of_the_highest_rate",
                "That is the raw lift of the cell that *answered* most. Asked is the highest shrunken lift, and it is in another cell.",
                float(loudest.effect),
            ),
            Mistake(
                "highest_rate",
                "That is the highest response rate. A rate is no lift, and nobody knows from it what they would have bought anyway.",
                float(answered.max()),
            ),
            Mistake(
                "total",
                "That is the lift of all customers of the cell together. Asked is the lift per customer.",
                right * best.n_treated,
            ),
            Mistake(
                "raw_total",
                "That is the raw lift of all customers of the cell together. Asked is the shrunken lift per customer.",
                float(best.effect * best.n_treated),
            ),
            Mistake(
                "best_of_the_other_offer",
                "That is the best cell of the other offer. Another cell has a higher shrunken lift.",
                float(table[table.arm != best.arm].shrunken.max()),
            ),
            Mistake(
                "raw_lower_end",
                "That is the lower end of the raw interval; the shrunken lift was asked.",
                float(best.low),
            ),
            Mistake(
                "raw_upper_end",
                "That is the upper end of the raw interval; the shrunken lift was asked.",
                float(best.high),
            ),
            Mistake(
                "mean_of_cells",
                "That is the mean of the offer's cells, the bank. The best cell keeps a part of its distance from it.",
                float(table[table.arm == best.arm].shrunken.mean()),
            ),
            Mistake(
                "response_rate_for_lift",
                "That is a share of customers who used the offer. What they would have bought without it, only the control group tells.",
                float(cell.redeemed.mean()),
            ),
            Mistake(
                "redeemers_against_control",
                "You compared those who used the offer with the control group. Who uses it came anyway; take everybody who was drawn.",
                float(cell[cell.redeemed == 1].sales.mean() - own.sales.mean()),
            ),
            Mistake(
                "control_of_all_segments",
                "You took the control group of all segments. These customers buy more than others with or without a letter: compare within the segment.",
                float(cell.sales.mean() - control.sales.mean()),
            ),
            Mistake(
                "before_control_is_taken_off",
                "That is what the cell spent. Take off what its control group spent.",
                float(cell.sales.mean()),
            ),
            Mistake(
                "all_segments",
                "That is the lift of the offer over all segments: a good number for a report of this size, but the best cell was asked, shrunken.",
                float(whole.effect),
            ),
            Mistake(
                "offers_as_one",
                "You put both offers into one treated group. Measure each offer by itself: a cell is offer × segment.",
                _measure_offers_as_one(rows),
            ),
            Mistake("per_week", "That is per week. Asked are the four weeks together.", right / 4),
            Mistake(
                "percent_of_control",
                "That is the raw lift in percent of what control spent. Asked is the shrunken lift in euros.",
                float(100 * best.effect / own.sales.mean()),
            ),
            Mistake(
                "fraction_of_control",
                "That is the raw lift as a fraction of what control spent. Asked is the shrunken lift in euros.",
                float(best.effect / own.sales.mean()),
            ),
            Mistake(
                "shrunken_percent_of_control",
                "That is the shrunken lift in percent of what control spent. Asked are euros.",
                float(100 * right / own.sales.mean()),
            ),
            Mistake(
                "highest_spend",
                "You took the cell that spends most, less the control group of all segments. Those customers spend more without a letter as well: hold each cell against the control of its own segment.",
                float(spent.max() - control.sales.mean()),
            ),
            Mistake(
                "users_against_the_rest",
                "You compared those of the cell who used the offer with those who did not. Who uses it came anyway: compare the whole cell with its control group.",
                float(users.sales.mean() - cell[cell.redeemed == 0].sales.mean()),
            ),
            Mistake(
                "per_user",
                "You divided the raw lift by the response rate: euros per customer who *used* the offer. Asked is the shrunken lift per customer of the cell.",
                float(best.effect / cell.redeemed.mean()),
            ),
            Mistake(
                "shrunken_per_user",
                "You divided the lift by the response rate: euros per customer who *used* the offer. Asked are euros per customer of the cell.",
                float(right / cell.redeemed.mean()),
            ),
            Mistake(
                "mean_of_all_cells",
                "That is the mean of the raw lifts of all cells. Asked is the highest shrunken one.",
                float(table.effect.mean()),
            ),
            Mistake(
                "lower_end",
                "That is the lower end of the shrunken interval; the lift itself was asked.",
                float(best.shrunken_low),
            ),
            Mistake(
                "upper_end",
                "That is the upper end of the shrunken interval; the lift itself was asked.",
                float(best.shrunken_high),
            ),
        ),
    )


@cache
def _list_near_lifts() -> tuple[tuple[str, str, float], ...]:
    """Mistakes whose number is within a few cents of another mistake's: told by `judge_lift`."""
    table = _summer().to_frame()
    best = _summer().best()
    one_bank = shrink_normal(table.effect, (table.high - table.low) / (2 * 1.96)).table.shrunken
    here = load_summer().query("segment == @best.segment").groupby("arm").sales.mean()
    other = next(offer for offer in OFFERS if offer != best.arm)
    return (
        (
            "one_bank",
            f"You shrank all {len(table)} cells towards one common mean. Each offer has its own bank, as in `measure_lift`.",
            float(one_bank.max()),
        ),
        (
            "offer_against_offer",
            "You compared the two offers in the cell. Each is held against the control group.",
            float(here[best.arm] - here[other]),
        ),
    )


def _measure_offers_as_one(rows: pd.DataFrame) -> float:
    """The highest shrunken lift when a customer of either offer is simply treated."""
    treated = rows.assign(arm=rows.arm.where(rows.arm == "control", "treated"))
    return float(measure_lift(treated, outcome="sales", by="segment").to_frame().shrunken.max())


def judge_lift(answer: Any) -> tuple[str | None, str]:
    """Say what a lift shows that is no usual mistake: that of another cell, or what any task can meet.

    Examples
    --------
    >>> judge_lift(1000.0)
    (None, 'Not it. All cells in one call of `measure_lift`, no customer left out, and each offer shrunk with its own bank?')
    """
    given = float(answer)
    for name, says, value in _list_near_lifts():
        if abs(value - given) <= LIFT_TOLERANCE:
            return name, says
    table = _summer().to_frame()
    for column, what in (("shrunken", "the shrunken lift"), ("effect", "the raw lift")):
        near = table[(table[column] - given).abs() <= LIFT_TOLERANCE]
        if len(near):
            cell = near.iloc[0]
            where = f"{cell.arm.replace('_', ' ')}, {cell.segment}"
            return "another_cell", f"That is {what} of {where}. Another cell has a higher shrunken lift."
    part = Part("", [1], np.array([_answer_lift().right]), np.array([given]))
    asks = "Not it. All cells in one call of `measure_lift`, no customer left out, and each offer shrunk with its own bank?"
    return find_generic_mistake([part], LIFT_TOLERANCE, "euros") or (None, asks)


TASKS = (
    Task(
        code="41a",
        asks="one fraction between 0 and 1, to four decimals: share of the type B invitations to segment high (of that day) with at least one redeemed coupon",
        compute=_answer_rate,
        tolerance=0.00005,
        hints=(
            "One row a response: `redemptions[['campaign_id', 'customer_id']].drop_duplicates()`.",
            "Join it to the contacts with `how='left'`; what finds no partner is a 0.",
            "Keep `offer_id == 'Type B'` and `segment == 'high'`, then take the mean.",
        ),
        close="Not it. Which invitations are in (type B only, segment of that day), and what counts as a response?",
    ),
    Task(
        code="41b",
        asks="one fraction between 0 and 1, to four decimals: the shrunken rate of campaign 4, segment low, among all cells campaign × segment of types B and C, also those of unknown segment",
        compute=_answer_hit,
        tolerance=0.00005,
        hints=(
            "`measure_rates` of the lesson shrinks too. It takes a history, or a table: the contacts of types B and C with two more columns, `responded` (0 or 1, whole numbers) and `window` (always 'main').",
            "The cells: `by=['campaign_id', 'segment'], min_size=1`.",
            "`.to_frame()`, then the column `shrunken` of the row with campaign 4 and segment low.",
        ),
        close="Not it. Shrink all cells of types B and C in one call (not type B alone), none left out, and no others.",
    ),
    Task(
        code="41c",
        asks='(campaign, segment), for example (4, "low"): the cell of types B and C whose shrunken interval has the highest lower end',
        compute=_answer_best,
        tolerance=0.1,
        read=_read_cell,
        judge=_judge_cell,
        hints=(
            "The table of 41b has the lower end of each cell: the column `shrunken_low`.",
            "Sort by it, the highest first; or ask the result of `measure_rates` for `.best`.",
        ),
        close="That cell is not the one with the highest lower end.",
    ),
    Task(
        code="41d",
        asks='one letter: "A", "B" or "C"',
        read=read_letter("ABC"),
        compute=_answer_slide,
        tolerance=0,
        hints=("Is there anybody in the table who was *not* invited?", "What would they have bought anyway?"),
        close="",
    ),
    Task(
        code="41e",
        asks="one fraction between 0 and 1, to four decimals: responses / invitations of campaigns 21 and 22 together",
        compute=_answer_initiative,
        tolerance=0.00005,
        hints=("Keep the invitations with campaign 21 or 22.", "All responses divided by all invitations."),
        close="Not it. Both lists together, one response a household.",
    ),
    Task(
        code="41f",
        asks="one number, to one decimal: how many times as likely, within the same wave, all 27 campaigns",
        compute=_answer_past,
        tolerance=0.05,
        hints=(
            "`predict_from_past` takes a history, or a table with responded, start, end and window.",
            '`.to_frame()`, row "responded before", column `relative`.',
        ),
        close="Not it. All campaigns, compared within each wave?",
    ),
    Task(
        code="41g",
        asks="one number, to the cent: the highest shrunken lift among the cells offer × segment, in € of sales per customer in the four weeks",
        compute=_answer_lift,
        tolerance=0.005,
        judge=judge_lift,
        hints=(
            "`measure_lift(summer, outcome=..., by=...)` measures all cells at once, each against its own control group.",
            "The outcome is `'sales'`, the cells are `by='segment'`.",
            "`.best()` is the row with the highest shrunken lift; take its `shrunken`.",
        ),
    ),
)
