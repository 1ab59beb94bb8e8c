"""Exercise 13, two lists of one town: right answers and the usual wrong ones, all computed from the scene."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np
import pandas as pd

from loyalty.prepare.identity import choose_threshold
from loyalty.prepare.identity.values import normalise_phone
from loyalty.stats.intervals import compare_means
from loyalty.tasks.checking.answers import Mismatch, as_number, kind_of, read_letter
from loyalty.tasks.checking.grading import Answers, Mistake, Task
from loyalty.tasks.checking.mistakes import set_apart
from loyalty.tasks.checking.triples import Triple, list_intervals, move_triple, say_triple, take_triple
from loyalty.tasks.t13.scene import (
    PRICE,
    PROFILES,
    open_identities,
    open_sample,
    open_town,
    run_pilot,
    score_town,
    tell_truth,
)

CENT = 0.005
FLOOR = 0.99


# --- 13a: the placeholder ------------------------------------------------------------------------


def _read_digits(phones: pd.Series, *, extension: bool = False, country: bool = False) -> pd.Series:
    """The digits of phones; the usual way leaves out the extension and what stands before the last ten digits."""
    short = phones if extension else phones.str.replace(r"\s*ext\..*$", "", regex=True)
    digits = short.str.replace(r"\D", "", regex=True)
    return digits if country else digits.str[-10:]


def _count_most(phones: pd.Series) -> int:
    return int(phones.value_counts().iloc[0])


@cache
def _answer_placeholder() -> Answers:
    cards, accounts = open_town()
    phones = cards["phone"]
    digits = _read_digits(phones, country=True)
    counts = _read_digits(phones).value_counts()
    most = int(counts.iloc[0])
    made_up = counts[counts > 6]
    mistakes = (
        Mistake(
            "as_typed",
            "You counted the texts as they were typed. (212) 555-0000 and 2125550000 are one number: keep the digits only.",
            _count_most(phones),
        ),
        Mistake(
            "country_code_kept",
            "Some numbers begin with +1, 1 or 001. That is the country: keep the last ten digits.",
            _count_most(digits),
        ),
        Mistake(
            "first_ten_digits",
            "You kept the first ten digits. Where the country stands in front, the number ends later: keep the last ten.",
            _count_most(digits.str[:10]),
        ),
        Mistake(
            "zeros_kept",
            "Some cards have the country as 001, and your form still begins with 00 there. Keep the last ten digits.",
            _count_most(digits.str.replace("^1", "", regex=True)),
        ),
        Mistake(
            "zeros_not_read",
            "`normalise_phone` does not read a number that begins with 001, and these cards were lost. Keep the last ten digits.",
            _count_most(phones.dropna().map(normalise_phone)),
        ),
        Mistake(
            "cards_and_accounts",
            "You counted the accounts with this number too. Only the cards are asked.",
            _count_most(_read_digits(pd.concat([phones, accounts["phone"]]))),
        ),
        Mistake(
            "extension_kept",
            'The digits behind "ext." belong to no number. Take them off before you keep the last ten digits.',
            _count_most(_read_digits(phones, extension=True)),
        ),
        Mistake(
            "extension_and_country_kept",
            'You kept all digits: the country code in front, and those behind "ext.". Both have to go.',
            _count_most(_read_digits(phones, extension=True, country=True)),
        ),
        Mistake(
            "missing_is_a_group",
            "These are the cards without any phone. An empty field is no number that they share.",
            int(phones.isna().sum()),
        ),
        Mistake(
            "all_placeholders",
            "These are the cards behind all made-up numbers together. Asked is the most frequent one.",
            int(made_up.sum()),
        ),
        Mistake(
            "placeholders_left_out",
            "You left out the made-up numbers, and that is right before a join. Here the most frequent number of all is asked.",
            int(counts[counts <= 6].max()),
        ),
        Mistake(
            "others_of_the_group",
            "One less than the group: you left one card out. All cards behind the number are asked.",
            most - 1,
        ),
        Mistake(
            "pairs_for_cards",
            "These are pairs. Asked are the cards behind the number.",
            most * (most - 1) // 2,
        ),
    )
    apart, near = set_apart([one for one in mistakes if one.value != most], 0)
    return Answers(
        right=most,
        praise=f"{most} cards of one number: the join by phone makes one customer of them.",
        mistakes=apart,
        near=near,
    )


# --- 13b: accounts and cards by e-mail -----------------------------------------------------------

Write = Callable[[pd.Series], pd.Series]  # brings e-mails into one form


def _read_email(emails: pd.Series, *, small: bool = True, strip: bool = True, tag: bool = True) -> pd.Series:
    """E-mails in one form, or in one from which a step is missing."""
    found = emails.str.strip() if strip else emails
    found = found.str.lower() if small else found
    return found.str.replace(r"\+[^@]*@", "@", regex=True) if tag else found


def _join(of_accounts: Write = _read_email, of_cards: Write = _read_email) -> pd.DataFrame:
    """One row for each account and card of one e-mail: account_id, card_id, sales."""
    cards, accounts = open_town()
    left = accounts[["account_id"]].assign(mail=of_accounts(accounts["email"]))
    right = cards[["card_id", "sales"]].assign(mail=of_cards(cards["email"])).dropna(subset="mail")
    return left.dropna(subset="mail").merge(right, on="mail")


def _sum_once(joined: pd.DataFrame) -> float:
    return float(joined.drop_duplicates("card_id")["sales"].sum())


def _read_match(answer: Any) -> Any:
    values = list(answer) if kind_of(answer) in {"sequence", "series"} else [answer]
    if len(values) != 2:
        raise Mismatch("Two numbers are asked, in this order: the matched accounts, and the euros of their cards.")
    return tuple(as_number(value) for value in values)


_STEPS = {
    "raw_case": ({"small": False}, "Anna@example.com and anna@example.com are one mailbox: write all in small letters."),
    "blanks_kept": ({"strip": False}, "Some e-mails have a blank before or behind them: take it off."),
    "tag_kept": ({"tag": False}, "anna+shop@example.com is the mailbox anna@example.com: take off what stands from + to @."),
    "as_typed": ({"small": False, "strip": False, "tag": False}, "You compared the e-mails as they were typed: capitals, blanks and what stands behind a + make one mailbox look like several."),
    "small_letters_only": ({"strip": False, "tag": False}, "Small letters are one step of three. Take off the blanks around, and what stands from + to @."),
    "blanks_only": ({"small": False, "tag": False}, "The blanks are off, and that is one step of three: small letters too, and off with what stands from + to @."),
}  # fmt: skip
_ONE_SIDED = {
    "capitals": ({"small": False}, "capitals"),
    "blanks": ({"strip": False}, "blanks around"),
    "tags": ({"tag": False}, "what stands from + to @"),
}


def _cut_from_plus(emails: pd.Series) -> pd.Series:
    return _read_email(emails, tag=False).str.replace(r"\+.*", "", regex=True)


def _cut_domain(emails: pd.Series) -> pd.Series:
    return _read_email(emails).str.split("@").str[0]


def _list_forms() -> list[tuple[str, str, Write, Write]]:
    """The usual other forms of the e-mails: name, sentence, how the accounts are written, how the cards are."""
    forms: list[tuple[str, str, Write, Write]] = []
    for name, (steps, says) in _STEPS.items():
        write = partial(_read_email, **steps)
        forms.append((name, says, write, write))
    for name, (steps, words) in _ONE_SIDED.items():
        write = partial(_read_email, **steps)
        says = f"The e-mails of the {{}} still have {words}: bring both sides into one form."
        forms.append((f"{name}_on_accounts", says.format("accounts"), write, _read_email))
        forms.append((f"{name}_on_cards", says.format("cards"), _read_email, write))
    forms.append(
        (
            "cut_from_plus",
            "You cut all that stands behind a +, with the @ and the domain. Put the @ and the domain back.",
            _cut_from_plus,
            _cut_from_plus,
        )
    )
    forms.append(
        (
            "domain_left_out",
            "You joined by what stands before the @. anna@example.com and anna@example.org are two mailboxes.",
            _cut_domain,
            _cut_domain,
        )
    )
    return forms


_TWICE = (
    "A family shares an e-mail, and some people have two cards: one card then stands in several rows. "
    "Count each card's euros once."
)


@cache
def _answer_match() -> Answers:
    right = _join()
    accounts = float(right["account_id"].nunique())
    sales = _sum_once(right)
    mistakes = [
        Mistake("many_to_many", _TWICE, (accounts, float(right["sales"].sum()))),
        Mistake(
            "rows_for_accounts",
            "The first number counts rows. An account with two cards has two of them: count each account once.",
            (float(len(right)), sales),
        ),
        Mistake(
            "rows_and_their_sales",
            "You counted the rows of the join, and summed them. Count each account once, and each card's euros once.",
            (float(len(right)), float(right["sales"].sum())),
        ),
        Mistake(
            "cards_for_accounts",
            "The first number counts cards. Asked are accounts.",
            (float(right["card_id"].nunique()), sales),
        ),
        Mistake(
            "one_card_an_account",
            "You kept one row for each account. Some have two cards: the euros of both are asked.",
            (accounts, float(right.drop_duplicates("account_id")["sales"].sum())),
        ),
        Mistake(
            "one_card_an_address",
            "You kept one card for each e-mail address. Some people have two cards, and families share an address: the euros of all these cards are asked.",
            (accounts, _sum_once(right.drop_duplicates("mail"))),
        ),
        Mistake(
            "addresses_for_accounts",
            "The first number counts e-mail addresses. Some accounts share one: asked are accounts.",
            (float(right["mail"].nunique()), sales),
        ),
    ]
    for name, says, of_accounts, of_cards in _list_forms():
        found = _join(of_accounts, of_cards)
        count = float(found["account_id"].nunique())
        mistakes.append(Mistake(name, says, (count, _sum_once(found))))
        mistakes.append(
            Mistake(f"{name}_and_many_to_many", f"{says} And: {_TWICE}", (count, float(found["sales"].sum())))
        )
    apart, near = set_apart(mistakes, CENT)
    return Answers(
        right=(accounts, sales),
        praise=f"{accounts:,.0f} accounts, and €{sales:,.0f} that their cards sold in the stores.",
        mistakes=apart,
        near=near,
    )


def _is_coarse(given: float, right: float) -> bool:
    """Whether it can be the right amount, rounded or cut off to whole euros, tens, hundreds or thousands."""
    return any(given % unit == 0 and abs(given - right) < unit for unit in (1, 10, 100, 1_000))


def _judge_match(answer: Any) -> tuple[str | None, str]:
    right = _answer_match().right
    if abs(answer[0] - right[0]) < CENT:
        if _is_coarse(answer[1], right[1]):
            return "too_coarse", "These may be right, but the euros have lost their cents: to the cent, please."
        return (
            None,
            "The accounts are right. The euros are not: each card of a matched account counts once, with its `sales`.",
        )
    if abs(answer[1] - right[1]) <= CENT:
        return None, "The euros are right. The first number is not: how many different accounts have found a card?"
    return None, ""


# --- 13c: the threshold --------------------------------------------------------------------------


@cache
def _choose(
    match: Callable[[pd.Series], pd.Series], floor: float = FLOOR, level: float = 0.95, without: str = ""
) -> pd.DataFrame:
    """The table of `choose_threshold`, with the chosen threshold in `attrs`; `without` is a word of `checked`."""
    sample = open_sample()
    sample = sample[sample["checked"] != without]
    labelled = pd.DataFrame({"probability": sample["score"], "is_match": match(sample["checked"])})
    found = choose_threshold(labelled, floor=floor, level=level)
    table = found.to_frame()
    table.attrs["threshold"] = found.threshold
    return table


def _is_person(checked: pd.Series) -> pd.Series:
    return checked == "same person"


def _is_home(checked: pd.Series) -> pd.Series:
    return checked != "strangers"


def find_best_f1(table: pd.DataFrame) -> float:
    """Find the threshold with the best F1, by the table of `choose_threshold`."""
    both = 2 * table["precision"] * table["recall"] / (table["precision"] + table["recall"])
    return float(table["threshold"][both.idxmax()])


def find_by_estimate(table: pd.DataFrame, floor: float = FLOOR) -> float:
    """Find the smallest threshold whose precision in the sample is the floor or more, its doubt forgotten."""
    return float(table["threshold"][table["precision"] >= floor].min())


def tell_precision(threshold: float) -> float:
    """Tell the true precision of all pairs from a score on; nobody in the town knows it."""
    pairs = score_town()
    return float((pairs.loc[pairs["score"] >= threshold, "checked"] == "same person").mean())


def count_wrong(joined: pd.DataFrame) -> dict[str, int]:
    """Count the pairs (account_id, card_id) that are not one person; nobody in the town knows it."""
    pairs = joined[["card_id", "account_id"]].set_axis(["record_id", "record_id_account"], axis=1)
    told = pd.Series(tell_truth(open_identities(), pairs))
    return {name: int((told == name).sum()) for name in ("same household", "strangers")}


@cache
def _answer_threshold() -> Answers:
    table = _choose(_is_person)
    right = float(table.attrs["threshold"])
    first_wrong = table[table["precision"] < 1]["threshold"].max()
    mistakes = (
        Mistake(
            "point_estimate",
            f"In the sample the precision is {FLOOR} there. The sample has its doubt: in truth it is {tell_precision(find_by_estimate(table)):.3f} from there on, below the floor. Take the lower end of the interval.",
            find_by_estimate(table),
        ),
        Mistake(
            "best_f1",
            "That is the threshold of the best F1. It counts a wrong merge like a missed one. The question has a floor for precision.",
            find_best_f1(table),
        ),
        Mistake(
            "household_is_a_match",
            'You counted "same household" as a match. A family shares a phone, and is not one person: its members get each other\'s letters.',
            float(_choose(_is_home).attrs["threshold"]),
        ),
        Mistake(
            "household_is_a_match_by_estimate",
            'You counted "same household" as a match, and took the precision in the sample for the truth. Only "same person" is a match, and the lower end is asked.',
            find_by_estimate(_choose(_is_home)),
        ),
        Mistake(
            "household_left_out",
            'You left out the pairs "same household". A link of two members of a family is wrong: keep these pairs, as no match.',
            float(_choose(_is_person, without="same household").attrs["threshold"]),
        ),
        Mistake(
            "household_left_out_by_estimate",
            'You left out the pairs "same household", and took the precision in the sample for the truth. Keep these pairs, as no match; the lower end is asked.',
            find_by_estimate(_choose(_is_person, without="same household")),
        ),
        Mistake(
            "strangers_left_out",
            'You left out the pairs "strangers". They are wrong links too: keep them, as no match.',
            float(_choose(_is_person, without="strangers").attrs["threshold"]),
        ),
        Mistake(
            "strangers_left_out_by_estimate",
            'You left out the pairs "strangers", and took the precision in the sample for the truth. Keep these pairs, as no match; the lower end is asked.',
            find_by_estimate(_choose(_is_person, without="strangers")),
        ),
        Mistake(
            "floor_of_95",
            "That holds a precision of 0.95. The floor is 0.99.",
            float(_choose(_is_person, 0.95).attrs["threshold"]),
        ),
        Mistake(
            "two_sided",
            "That is 97.5 % sure: the lower end of a 95 % interval with two ends. We only fear one side: leave `level` at 0.95.",
            float(_choose(_is_person, FLOOR, 0.975).attrs["threshold"]),
        ),
        Mistake(
            "ninety_nine_percent_sure",
            "That is 99 % sure. Leave `level` at 0.95.",
            float(_choose(_is_person, FLOOR, 0.99).attrs["threshold"]),
        ),
        Mistake(
            "ninety_percent_sure",
            "That is 90 % sure. Leave `level` at 0.95.",
            float(_choose(_is_person, FLOOR, 0.90).attrs["threshold"]),
        ),
        Mistake(
            "no_mistake_at_all",
            "From there on no pair of the sample is wrong. The floor allows one wrong pair of a hundred: you lose matches for nothing.",
            float(table.loc[table["threshold"] > first_wrong, "threshold"].min()),
        ),
    )
    apart, near = set_apart([one for one in mistakes if np.isfinite(one.value)], 0.0005)
    return Answers(
        right=right,
        praise=f"From {right} on at least 99 of 100 pairs are one person, and you may be 95 % sure of it.",
        mistakes=apart,
        near=near,
    )


# --- 13d: the price ------------------------------------------------------------------------------


@cache
def _compare(keep: str = "all", other: str = "not used") -> Any:
    pilot = run_pilot()
    rows = pilot if keep == "all" else pilot[pilot["margin"] > 0]
    used = rows.loc[rows["group"] == "used", "margin"]
    return compare_means(used, rows.loc[rows["group"] == other, "margin"], variance="welch")


@cache
def _answer_price() -> Answers:
    pilot = run_pilot()
    groups = {name: part.to_numpy() for name, part in pilot.groupby("group")["margin"]}
    right = take_triple(_compare(), cost=PRICE)
    matched = np.concatenate([groups["used"], groups["not used"]])
    all_matched = compare_means(matched, groups["not matched"], variance="welch")
    rest = np.concatenate([groups["not used"], groups["not matched"]])
    all_others = compare_means(groups["used"], rest, variance="welch")
    widths = list_intervals(groups["used"], groups["not used"], equal_sizes=True)
    mistakes = (
        Mistake(
            "price_forgotten",
            f"That is the gain. The price of €{PRICE:.2f} for a matched profile is not yet off it.",
            take_triple(_compare()),
        ),
        Mistake(
            "matched_against_unmatched",
            "You compared with those for whom the service found nobody. They buy less anyway. The lottery was among the matched.",
            take_triple(_compare(other="not matched"), cost=PRICE),
        ),
        Mistake(
            "matched_against_unmatched_without_price",
            "You compared with those for whom the service found nobody, who buy less anyway, and the price is not off either. The lottery was among the matched.",
            take_triple(_compare(other="not matched")),
        ),
        Mistake(
            "all_matched_against_unmatched",
            "You compared all matched profiles with the customers for whom the service found nobody. They buy less anyway. The lottery was among the matched: used less not used.",
            take_triple(all_matched, cost=PRICE),
        ),
        Mistake(
            "all_matched_against_unmatched_without_price",
            "You compared all matched profiles with the customers for whom the service found nobody, and the price is not off. Used less not used, then the price.",
            take_triple(all_matched),
        ),
        Mistake(
            "used_against_all_others",
            'You put "not used" and "not matched" together. Those without a match buy less anyway. The lottery was among the matched: used less not used.',
            take_triple(all_others, cost=PRICE),
        ),
        Mistake(
            "used_against_all_others_without_price",
            'You put "not used" and "not matched" together, and the price is not off. The lottery was among the matched: used less not used, then the price.',
            take_triple(all_others),
        ),
        Mistake(
            "price_of_all_on_the_used",
            f"You took off about two prices for each used profile. Did you lay the price of all {PROFILES:,} on those that were used? The pilot paid for both groups to have a comparison. Later each profile that is bought is used: €{PRICE:.2f} for each.",
            move_triple(take_triple(_compare()), -PRICE * PROFILES / len(groups["used"])),
        ),
        Mistake(
            "price_shared_out",
            f"You took off about half of the price, as for the pilot, in which half of the profiles were used. Later each profile that is bought is used: €{PRICE:.2f} for each.",
            move_triple(take_triple(_compare()), -PRICE * len(groups["used"]) / PROFILES),
        ),
        Mistake(
            "no_comparison",
            "That is the mean of the used less the price. Most of it comes without the profile: take off the mean of the not used too.",
            move_triple(_surround_mean(groups["used"]), -PRICE),
        ),
        Mistake(
            "no_comparison_and_no_price",
            "That is the mean of the used alone. Most of it comes without the profile: take off the mean of the not used, then the price.",
            _surround_mean(groups["used"]),
        ),
        Mistake(
            "buyers_only",
            "You left out those who bought nothing. A good offer brings some of them: everybody in both groups counts.",
            take_triple(_compare("buyers"), cost=PRICE),
        ),
        Mistake(
            "turned",
            "You took the used from the not used. Used less not used, please, then the price.",
            move_triple(take_triple(_compare(), times=-1.0), -PRICE),
        ),
        Mistake(
            "price_added",
            "You added the price. It is paid: take it off.",
            take_triple(_compare(), cost=-PRICE),
        ),
    )
    others = [Mistake(one.name, one.says, move_triple(one.value, -PRICE)) for one in widths]
    others = [one for one in others if one.name != "careful_interval"]  # with groups of this size it is right too
    apart, near = set_apart((*mistakes, *others, *_list_trims(pilot)), CENT)
    close = {"two_standard_errors"}  # the right answer is near
    return Answers(
        right=right,
        praise=f"{say_triple(right)} for each profile that is bought and used.",
        mistakes=tuple(one for one in apart if one.name not in close),
        near=(*near, *(one for one in apart if one.name in close)),
    )


def _list_trims(pilot: pd.DataFrame) -> list[Mistake]:
    """The highest margins left out, or cut down: above the 99 % quantile of each group, or of the matched, or of all."""
    margin, group = pilot["margin"], pilot["group"]
    edges = {
        "each_group": ("of each group", margin.groupby(group).transform("quantile", 0.99)),
        "the_matched": ("of the matched", pd.Series(margin[group != "not matched"].quantile(0.99), margin.index)),
        "all": ("of the pilot", pd.Series(margin.quantile(0.99), margin.index)),
    }
    reason = "They are real customers, and the lottery shared them out: everybody counts."
    mistakes = []
    for name, (words, edge) in edges.items():
        kept = pilot[margin <= edge]
        cut = pilot.assign(margin=np.minimum(margin, edge))
        left_out = f"You left out the highest 1 % {words}. {reason}"
        mistakes.append(Mistake(f"top_of_{name}_left_out", left_out, _take_net(kept)))
        cut_down = f"You cut down the highest 1 % {words}. {reason}"
        mistakes.append(Mistake(f"top_of_{name}_cut_down", cut_down, _take_net(cut)))
    return mistakes


def _take_net(pilot: pd.DataFrame) -> Triple:
    used = pilot.loc[pilot["group"] == "used", "margin"]
    others = pilot.loc[pilot["group"] == "not used", "margin"]
    return take_triple(compare_means(used, others, variance="welch"), cost=PRICE)


def _surround_mean(margin: np.ndarray) -> Triple:
    """Give the mean of one group with 1.96 standard errors on both sides."""
    mean = float(margin.mean())
    half = 1.96 * float(margin.std(ddof=1)) / len(margin) ** 0.5
    return mean, mean - half, mean + half


# --- 13e: the decision ---------------------------------------------------------------------------


@cache
def _answer_decision() -> Answers:
    gain = take_triple(_compare())
    is_sure = "The gain is there" if gain[1] > 0 else "It is not even sure that there is a gain"
    return Answers(
        right="C",
        praise=f"A used profile brings {say_triple(gain)} and costs €{PRICE:.2f}.",
        mistakes=(
            Mistake(
                "regulars_are_matched",
                "These people differ anyway. Look at the table above 13d: matched customers bring more even where nobody used their profile.",
                "A",
            ),
            Mistake(
                "gain_without_price",
                f"{is_sure}: {say_triple(gain)} before the price. A reason to buy would be a gain larger than the price of €{PRICE:.2f}, and your 13d says that it is not.",
                "B",
            ),
            Mistake(
                "precision_is_no_profit",
                "A precision of 99 % keeps wrong merges away. It says nothing about what a right match earns.",
                "D",
            ),
        ),
    )


TASKS = (
    Task(
        code="13a",
        asks="how many cards (not accounts) have the most frequent phone number; one whole number",
        compute=_answer_placeholder,
        tolerance=0,
        hints=(
            "One number is typed in ten ways. What is the same in all of them?",
            'First `.str.replace(r" ext\\..*", "", regex=True)`, then `.str.replace(r"\\D", "", regex=True)`.',
            "Keep the last ten digits with `.str[-10:]`, then `.value_counts()`.",
        ),
        close="Not it. Which digits did you keep? Ten, without the country and without the extension; empty fields are no number.",
    ),
    Task(
        code="13b",
        asks="how many accounts have the e-mail of a card, and for how many euros these cards sold, each card once; "
        "two numbers (accounts, euros to the cent)",
        compute=_answer_match,
        read=_read_match,
        judge=_judge_match,
        tolerance=CENT,
        hints=(
            "What may differ between two ways of writing the same mailbox?",
            'Small letters, no blanks around, and `.str.replace(r"\\+[^@]*@", "@", regex=True)`, on both sides; cards without e-mail out.',
            '`merge`, then `.account_id.nunique()`; for the euros first `.drop_duplicates("card_id")`.',
        ),
        close="Not it. Three steps on both sides (small letters, blanks, what stands from + to @), then each account once and each card once?",
    ),
    Task(
        code="13c",
        asks="the smallest score that holds a precision of 0.99, by the one-sided 95 % lower end of "
        "`choose_threshold`; one number with three decimals",
        compute=_answer_threshold,
        tolerance=0.0005,
        hints=(
            "Which of the three words of `checked` is a match, when one letter goes to one person?",
            "`choose_threshold` wants `probability` and `is_match`: `sample.assign(probability=sample.score, is_match=…)`.",
            "Its `.threshold`, with floor=0.99 and everything else as it is.",
        ),
        close='Not it. Is only "same person" a match, is the floor 0.99, and is it the lower end that holds it?',
    ),
    Task(
        code="13d",
        asks="what one used profile brings less the price of one profile, with its 95 % interval (net, low, high); "
        "euros to the cent",
        compute=_answer_price,
        tolerance=CENT,
        hints=(
            "Which two groups differ by nothing but a lottery?",
            "Mean of `used` less mean of `not used`; the standard error is the root of the sum of variance / n of both.",
            f"Take {PRICE:.2f} off all three numbers.",
        ),
        close="Not it. Used less not used, everybody in both groups, 1.96 standard errors, and the price off all three?",
    ),
    Task(
        code="13e",
        asks='one letter: "A", "B", "C" or "D"',
        read=read_letter("ABCD"),
        compute=_answer_decision,
        tolerance=0,
        hints=(
            "What does your 13d say about one profile more?",
            "Which of the four sentences compares the gain of a lottery with the price?",
        ),
        close="",
    ),
)
