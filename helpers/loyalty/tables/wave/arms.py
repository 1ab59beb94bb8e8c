"""Names of groups: capital letters and blanks make no group of their own, and a second name of control is refused.

A second spelling of control would count as a treatment, and as the best one: nothing was spent on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import narwhals as nw
import pandas as pd
import yaml

from loyalty.tables.check import TableError
from loyalty.tables.ids import HIDDEN

WORDS = (
    "control|controls|control group|controlgroup|holdout|hold out|holdout group|ctrl|ctl|kontrol|kontrola|"
    "kontrolle|kontrollgruppe|kontrollgroup|kontrolgroup|controle|contrôle|кг|контроль|контрольная|контрольная группа|"
    "без рассылки|без акции|без предложения|none|nothing|nobody|untreated|not treated|no mail|no email|no e mail|"
    "no sms|no offer|no contact|no message|no treatment|no campaign|no coupon"
)
CONTROL_WORDS = frozenset(WORDS.split("|"))
SAME = 1e-9  # chances that differ by less are one
MANY = 50  # so many names may differ by their spelling alone


@dataclass(frozen=True)
class ArmNames:
    """Which names of groups are read as others, and that they are; made by `settle_arms`."""

    renamed: Mapping[str, str]
    warnings: tuple[str, ...]

    def rename(self, arm: str) -> str:
        """The name that a group goes by."""
        return self.renamed.get(arm, arm)

    def write(self, column: str = "arm") -> nw.Expr:
        """The column of groups under the names they go by."""
        name = nw.col(column)
        value: nw.Expr = name
        for old, new in self.renamed.items():
            value = nw.when(name == old).then(nw.lit(new)).otherwise(value)
        return value.alias(column)


def fold_arm(name: str) -> str:
    """The name of a group without capital letters and blanks around it: what two spellings of one group share.

    Examples
    --------
    >>> fold_arm(" Control ") == fold_arm("control")
    True
    """
    return " ".join(HIDDEN.sub("", name).casefold().split())


def join_arms(contacts: pd.DataFrame, control: str = "control") -> pd.DataFrame:
    """Take all treated arms together as the arm "treated"; its chance is what control leaves over.

    Parameters
    ----------
    contacts : pandas.DataFrame
        One row a customer: arm, and perhaps propensity and stratum.
    control : str

    Returns
    -------
    pandas.DataFrame
        A copy. A chance of control that is the same for all is dropped, because nothing has to be weighed.

    Raises
    ------
    TableError
        The chance of control differs, and no stratum says what it was for those who were treated.

    Examples
    --------
    >>> people = pd.DataFrame({"arm": ["mail", "sms", "control", "control"], "stratum": ["a", "b", "a", "b"]})
    >>> join_arms(people.assign(propensity=[0.25, 0.4, 0.5, 0.2]))["propensity"].tolist()
    [0.5, 0.8, 0.5, 0.2]
    """
    is_control = contacts["arm"] == control
    joined = contacts.assign(arm=contacts["arm"].where(is_control, "treated"))
    if "propensity" not in contacts:
        return joined
    of_control = contacts.loc[is_control, "propensity"].astype("float64")
    if of_control.empty or of_control.isna().any() or of_control.max() - of_control.min() < SAME:
        return joined.drop(columns="propensity")
    says = "arms together have no common chance: the propensity of control differs between customers"
    if "stratum" not in contacts:
        raise TableError([f"{says}; give `stratum`, or look at one arm"], "contacts")
    by = of_control.groupby(contacts.loc[is_control, "stratum"]).agg(["min", "max"])
    chance = contacts["stratum"].map(by["min"])
    if (by["max"] - by["min"] > SAME).any() or chance.isna().any():
        raise TableError([f"{says} of one stratum, or a stratum has no control; look at one arm"], "contacts")
    return joined.assign(propensity=chance.where(is_control, 1 - chance))


def settle_arms(sizes: Mapping[str, int], control: str = "control") -> ArmNames:
    """Find the names that differ in capital letters and blanks only; each group goes by its most frequent one.

    Parameters
    ----------
    sizes : mapping of str to int
        Customers by the name of their group, as found.
    control : str
        Name of control; every spelling of it is read as this one.

    Returns
    -------
    ArmNames

    Examples
    --------
    >>> settle_arms({"Control": 5, "control": 90, "Mail ": 95}).renamed
    {'Mail ': 'Mail', 'Control': 'control'}
    """
    groups: dict[str, list[str]] = {}
    for name in sorted(sizes, key=lambda name: (-sizes[name], name)):
        groups.setdefault(fold_arm(name), []).append(name)
    renamed: dict[str, str] = {}
    for key, names in groups.items():
        chosen = control if key == fold_arm(control) else " ".join(HIDDEN.sub("", names[0]).split())
        renamed |= {name: chosen for name in names if name != chosen}
    if not renamed:
        return ArmNames({}, ())
    shown = ", ".join(f"{old!r} as {new!r}" for old, new in sorted(renamed.items()))
    return ArmNames(renamed, (f"capital letters and blanks make no group of their own: {shown}",))


def name_as_found(shares: Mapping[str, float], arms: Iterable[str]) -> dict[str, float]:
    """Give planned groups the names that they have in the list, where only capital letters and blanks differ.

    Examples
    --------
    >>> name_as_found({"Control": 0.1, "mail": 0.9}, ["control", "mail"])
    {'control': 0.1, 'mail': 0.9}
    """
    found = {fold_arm(arm): arm for arm in arms}
    return {found.get(fold_arm(arm), arm): share for arm, share in shares.items()}


def sounds_like_control(name: str) -> bool:
    """Whether a group bears a usual name of control.

    Examples
    --------
    >>> sounds_like_control("No_Mail"), sounds_like_control("mail")
    (True, False)
    """
    return re.sub(r"[\W_]+", " ", fold_arm(name)).strip() in CONTROL_WORDS


def find_second_controls(names: Iterable[str], control: str = "control") -> list[str]:
    """Refuse groups that sound like control beside control; with the lines that settle what they are.

    `control` itself beside a group that was named as control is no doubt: whoever names one has chosen.

    Examples
    --------
    >>> find_second_controls(["control", "mail", "КГ"])[0].partition(": ")[0]
    'the group `КГ` sounds like control, and `control` is there as well'
    >>> find_second_controls(["control", "mail"])
    []
    """
    names = list(names)
    known = {fold_arm(control), "control"}
    doubtful = [name for name in names if fold_arm(name) not in known and sounds_like_control(name)]
    if not doubtful or fold_arm(control) not in map(fold_arm, names):
        return []
    shown = ", ".join(f"`{name}`" for name in doubtful)
    who = f"the group {shown} sounds" if len(doubtful) == 1 else f"the groups {shown} sound"
    lines = write_arms(names, dict.fromkeys(doubtful, control))
    replace = "contacts['arm'].replace({" + ", ".join(f"{name!r}: {control!r}" for name in doubtful) + "})"
    it_is = "it is" if len(doubtful) == 1 else "they are"
    mend = (
        f"if {it_is} control, say so in columns.yml, under contacts, `{lines}`, "
        f"or with {replace}; if treated, give another name in the same way"
    )
    return [f"{who} like control, and `{control}` is there as well: {mend}"]


def name_control(names: Sequence[str]) -> str:
    """How to say which group is control where none bears its name; names one that sounds like it.

    Examples
    --------
    >>> name_control(["call", "mail"])
    "if it has another name, say control='…'"
    >>> name_control(["holdout", "mail"])
    "is it `holdout`? Say control='holdout', or in columns.yml, under contacts, `arms: {holdout: control, mail: mail}`"
    """
    alike = [name for name in names if sounds_like_control(name)]
    if len(alike) != 1:
        return "if it has another name, say control='…'"
    lines = write_arms(names, {alike[0]: "control"})
    return f"is it `{alike[0]}`? Say control={alike[0]!r}, or in columns.yml, under contacts, `{lines}`"


def write_arms(names: Iterable[str], meanings: Mapping[str, str]) -> str:
    """The line for columns.yml: each group with its meaning, those without one under their own names.

    Examples
    --------
    >>> write_arms(["mail", "КГ"], {"КГ": "control"})
    'arms: {mail: mail, КГ: control}'
    """
    pairs = (f"{write_scalar(name)}: {write_scalar(meanings.get(name, name))}" for name in names)
    return f"arms: {{{', '.join(pairs)}}}"


def write_scalar(value: str) -> str:
    """Write a text as YAML, in quotes where YAML needs them."""
    return yaml.safe_dump(value, allow_unicode=True, width=10**6).removesuffix("...\n").strip()
