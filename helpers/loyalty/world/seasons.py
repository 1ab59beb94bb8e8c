"""When people buy: weekday, month, trend, flu wave, closed days. All are known functions of the day."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from loyalty.world.draws import Purpose, normal, person
from loyalty.world.parameters import Parameters


@dataclass(frozen=True)
class Calendar:
    """Turns day numbers (0 is the world's first day) into dates and seasonal factors."""

    parameters: Parameters
    seed: int
    _known: dict = field(default_factory=dict, repr=False, compare=False)

    def day(self, date: str | pd.Timestamp) -> int:
        """Number a date."""
        return (pd.Timestamp(date).normalize() - pd.Timestamp(self.parameters.start)).days

    def date(self, day: int) -> pd.Timestamp:
        """Give the date of a day."""
        return pd.Timestamp(self.parameters.start) + pd.Timedelta(days=int(day))

    def month_start(self, months: int) -> int:
        """Number the day that lies so many months after the start."""
        return self.day(pd.Timestamp(self.parameters.start) + pd.DateOffset(months=int(months)))

    def dates(self, days: np.ndarray) -> pd.DatetimeIndex:
        """Give the dates of many days."""
        return pd.DatetimeIndex(np.datetime64(self.parameters.start, "D") + np.asarray(days).astype("timedelta64[D]"))

    def flu(self, days: np.ndarray) -> np.ndarray:
        """Height of the flu wave: each winter has its own top, from mid-January on, and its own height."""
        rule = self.parameters.seasons
        dates = self.dates(days)
        winter = np.where(dates.month >= 8, dates.year + 1, dates.year)  # named by the year of its January
        luck = [person(self.seed, Purpose.WINTER, winter, step) for step in (0, 1)]
        top = pd.to_datetime(pd.Series(winter).astype(str) + "-01-15").to_numpy() + (luck[0] * rule.flu_days).astype(
            "timedelta64[D]"
        )
        away = (dates.to_numpy().astype("datetime64[D]") - top.astype("datetime64[D]")).astype(float)
        height = rule.flu_height * np.exp(rule.flu_spread * normal(luck[1]) - rule.flu_spread**2 / 2)
        return height * np.exp(-0.5 * (away / (7 * rule.flu_weeks)) ** 2)

    def summer(self, days: np.ndarray) -> np.ndarray:
        """From 0 in winter to 1 in mid-July."""
        away = np.asarray(self.dates(days).day_of_year) - 196
        return np.maximum(0, np.cos(2 * np.pi * away / 365.25)) ** 2

    def christmas(self, days: np.ndarray) -> np.ndarray:
        """1 from 1 to 24 December, else 0."""
        dates = self.dates(days)
        return ((dates.month == 12) & (dates.day <= 24)).astype(float)

    def visiting(self, days: np.ndarray) -> np.ndarray:
        """Seasonal factor of visits that all types share, before the flu: mean weekday 1."""
        rule = self.parameters.seasons
        dates = self.dates(days)
        weekday = np.array(rule.weekdays) / np.mean(rule.weekdays)
        closed = ((dates.month == 12) & (dates.day == 25)) | ((dates.month == 1) & (dates.day == 1))
        factor = (
            weekday[dates.day_of_week]
            * np.array(rule.months)[dates.month - 1]
            * (1 + rule.trend) ** (np.asarray(days) / 365.25)
        )
        return np.where(closed, factor * rule.closed, factor)

    def rhythm(self, days: np.ndarray) -> np.ndarray:
        """Visiting factor of each rhythm (rows: one a type, or one a refill phase of a type) on consecutive days."""
        span = int(days[0]), int(days[-1])
        if span not in self._known:
            self._known[span] = self._make_rhythm(days)
        return self._known[span]

    def _make_rhythm(self, days: np.ndarray) -> np.ndarray:
        common = self.visiting(days)
        flu = self.flu(days)
        rows = []
        for kind in self.parameters.types:
            factor = common * (1 + kind.flu * flu)
            for phase in range(max(1, kind.refill)):
                if kind.refill:
                    more = self.parameters.people.rhythm
                    span = min(self.parameters.people.due, kind.refill)
                    due = (np.asarray(days) - phase) % kind.refill < span
                    level = 1 + (more - 1) * span / kind.refill
                    rows.append(factor * np.where(due, more, 1.0) / level)
                else:
                    rows.append(factor)
        return np.array(rows)

    def first_rhythm(self) -> np.ndarray:
        """First row of each type in `rhythm`."""
        return np.cumsum([0, *(max(1, kind.refill) for kind in self.parameters.types)])[:-1]

    def shelf_seasons(self, days: np.ndarray) -> np.ndarray:
        """Season of each community (rows) on each day; consecutive days are worked out once."""
        days = np.asarray(days)
        if not len(days) or days[-1] - days[0] + 1 != len(days):
            return self._make_shelf_seasons(days)
        span = int(days[0]), int(days[-1]), "shelves"
        if span not in self._known:
            made = self._make_shelf_seasons(days)
            made.setflags(write=False)
            self._known[span] = made
        return self._known[span]

    def _make_shelf_seasons(self, days: np.ndarray) -> np.ndarray:
        flu = self.flu(days)
        summer = self.summer(days)
        christmas = self.christmas(days)
        return np.array(
            [1 + c.flu * flu + c.summer * summer + c.christmas * christmas for c in self.parameters.chain.communities]
        )
