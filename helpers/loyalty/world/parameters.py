"""Every number of the world, with its meaning, unit and limits; presets.py fills the lists of types and offers."""

from __future__ import annotations

from dataclasses import dataclass

from loyalty.world.fields import WorldError, find_problems, par

Pairs = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Department:
    """A part of the shop, with its categories and the community in which each category mostly belongs."""

    name: str
    price: float = par(6.0, "typical price of a piece", "€", 0.1, 1000)
    margin: float = par(0.32, "part of the price that is not cost", "share", 0, 0.95)
    categories: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Community:
    """A group of products that are bought together, and when it is in season."""

    name: str
    flu: float = par(0.0, "how much a flu wave of height 1 adds to its share", "", 0, 20)
    summer: float = par(0.0, "how much the top of summer adds to its share", "", -1, 20)
    christmas: float = par(0.0, "how much the weeks before Christmas add to its share", "", 0, 20)


@dataclass(frozen=True)
class Succession:
    """A timed rule: who bought X comes back for Y months later, with a known probability."""

    name: str
    first: str
    then: str
    types: tuple[str, ...] = ()
    yearly: float = par(
        0.3, "probability that the need for X arises, per customer of these types and year", "share", 0, 1
    )
    probability: float = par(0.6, "probability that Y follows, for these types", "share", 0, 1)
    elsewhere: float = par(0.1, "both probabilities for all other types are multiplied by this", "share", 0, 1)
    soonest: int = par(90, "days from X to Y at least", "days", 1, 300)
    latest: int = par(210, "days from X to Y at most", "days", 1, 360)


@dataclass(frozen=True)
class Chain:
    """Stores, shelves and what stands on them."""

    stores: int = par(40, "stores beside the online shop", "stores", 1, 5000)
    products: int = par(600, "products", "products", 40, 30000)
    departments: tuple[Department, ...] = ()
    communities: tuple[Community, ...] = ()
    successions: tuple[Succession, ...] = ()
    loyal_products: float = par(0.8, "part of a category's products that belong to its usual community", "share", 0, 1)
    price_spread: float = par(0.45, "spread of log prices around the department's typical price", "", 0, 2)
    popularity: float = par(0.7, "steepness of popularity: weight 1 / rank to this power", "", 0, 3)
    tilt: float = par(
        1.5, "how much the dearer and the cheaper tier differ: weight exp(± this × (rank − 0.5))", "", 0, 5
    )
    margin_spread: float = par(0.1, "width of the products' margins around the department's", "share", 0, 0.4)
    home_share: float = par(0.85, "part of store visits that go to the home store", "share", 0, 1)
    store_skew: float = par(0.5, "how unequal stores are: weight 1 / rank to this power", "", 0, 3)
    opens: float = par(8.0, "hour at which stores open", "hour", 6, 23)
    closes: float = par(20.0, "hour at which stores close", "hour", 7, 24)
    online_opens: float = par(7.0, "hour of the first online order", "hour", 6, 23)
    online_closes: float = par(23.0, "hour after the last online order", "hour", 7, 24)


@dataclass(frozen=True)
class Seasons:
    """When people buy: all series are known."""

    weekdays: tuple[float, ...] = par((1.0, 0.95, 0.95, 1.0, 1.2, 1.3, 0.6), "Monday to Sunday", "factor", 0, 10)
    months: tuple[float, ...] = par(
        (1.0, 0.98, 1.0, 1.0, 1.0, 0.98, 0.92, 0.9, 1.0, 1.02, 1.04, 1.16), "January to December", "factor", 0, 10
    )
    trend: float = par(0.03, "growth of visits a year", "share", -0.5, 1)
    flu_height: float = par(1.0, "mean height of the winter's flu wave", "", 0, 5)
    flu_spread: float = par(0.35, "spread of the log height over winters", "", 0, 2)
    flu_days: int = par(31, "days after 15 January among which its top lies", "days", 1, 60)
    flu_weeks: float = par(3.5, "width of the flu wave (standard deviation)", "weeks", 0.5, 10)
    closed: float = par(0.1, "visits on 25 December and 1 January against another day", "factor", 0, 1)


@dataclass(frozen=True)
class CustomerType:
    """A latent type: how often these people come, how long they stay, what they like."""

    name: str
    share: float = par(0.1, "part of all customers", "share", 0, 1)
    visits: float = par(1.0, "visits in 28 days, mean over the type, before flu, needs and card", "visits", 0.01, 25)
    spread: float = par(2.0, "shape of the gamma over customers: small means very unequal", "", 0.2, 100)
    leave: float = par(0.015, "drop-out hazard in 28 days", "share", 0, 0.99)
    lines: float = par(2.5, "lines on a receipt, mean", "lines", 1, 40)
    pieces: float = par(1.2, "pieces on a line, mean", "pieces", 1, 10)
    premium: float = par(0.3, "part of lines chosen from the dearer half of the shelf", "share", 0, 1)
    sensitivity: float = par(0.5, "price sensitivity, mean", "share", 0, 1)
    online: float = par(0.1, "part of visits that are online", "share", 0, 1)
    flu: float = par(0.1, "how much a flu wave of height 1 adds to visits", "", 0, 10)
    refill: int = par(0, "days of a refill rhythm; 0 for none", "days", 0, 120)
    tastes: Pairs = par((), "liking of each community; the others get people.other_taste", "", 0, 100)


@dataclass(frozen=True)
class People:
    """What differs between customers of one type, and how they come and go."""

    present: float = par(
        0.65, "part of customers who had come before the first day; the others enter evenly", "share", 0, 1
    )
    before: float = par(540.0, "mean days since their first visit, for those who had come before", "days", 1, 3650)
    arriving: int = par(0, "months after the history in which customers go on entering", "months", 0, 600)
    other_taste: float = par(0.3, "liking of communities that a type does not name", "", 0, 100)
    taste_spread: float = par(0.7, "spread of log tastes around the type's", "", 0, 3)
    lines_spread: float = par(0.6, "spread of the log of a customer's mean lines", "", 0, 2)
    premium_spread: float = par(0.15, "spread of the part of dearer lines around the type's", "share", 0, 1)
    sensitivity_spread: float = par(0.2, "spread of price sensitivity around the type's", "share", 0, 1)
    errands: float = par(0.2, "part of visits that are small errands", "share", 0, 0.95)
    errand_size: float = par(0.6, "lines of an errand against the customer's mean", "factor", 0.05, 1)
    stay: float = par(0.6, "probability that a further line stays in the visit's first community", "share", 0, 1)
    most_lines: int = par(40, "lines on a receipt at most", "lines", 1, 200)
    most_pieces: int = par(12, "pieces on a line at most", "pieces", 1, 100)
    most_visits: float = par(0.85, "probability of a visit on one day at most", "share", 0.01, 1)
    rhythm: float = par(8.0, "how much likelier a visit is when a refill is due", "factor", 1, 20)
    due: int = par(4, "days for which a refill is due", "days", 1, 30)
    mood: float = par(0.15, "spread of the log of a customer's good and bad 28-day periods", "", 0, 2)
    promotion: float = par(0.5, "part of lines on promotion for a customer of sensitivity 1", "share", 0, 1)
    promotion_depth: int = par(20, "discount of a shelf promotion", "%", 0, 90)


@dataclass(frozen=True)
class Drift:
    """When tastes change: on each date a known part of customers become another type."""

    months: tuple[int, ...] = par((15, 27), "months after the start at which types change", "months", 1, 600)
    share: float = par(0.08, "part of customers who change at each date", "share", 0, 1)


@dataclass(frozen=True)
class CardLaunch:
    """The loyalty card: who takes it, and what it truly does."""

    month: int = par(12, "month of the launch", "months", 0, 600)
    effect: float = par(
        0.053, "what it adds to a holder's visits, against the same person without it", "share", -0.9, 5
    )
    most: float = par(0.92, "take-up among the best customers", "share", 0, 1)
    half: float = par(22.0, "expected spend in 28 days at which half of that take it", "€", 0.01, 10000)
    steepness: float = par(3.0, "how sharply take-up rises with spend", "", 0, 20)
    delay: float = par(60.0, "mean days from launch (or first visit) to taking it", "days", 0, 1000)
    invited: float = par(0.85, "take-up by random invitation, of those who would not by themselves", "share", 0, 1)
    uninvited: float = par(0.15, "part of natural takers who take it in that trial without invitation", "share", 0, 1)
    trial_delay: float = par(10.0, "mean days from invitation to taking it in the trial", "days", 0, 1000)


@dataclass(frozen=True)
class Offer:
    """An offer: what it gives, what it costs, and what it truly does to each type."""

    name: str
    kind: str
    days: int = par(14, "days it is valid", "days", 1, 180)
    half_life: float = par(14.0, "days after which its pull on visits has halved", "days", 0.5, 1000)
    pulled: float = par(0.2, "part of the extra visits that is missing afterwards (pull-forward)", "share", 0, 2)
    pull_days: int = par(28, "days over which it is missing", "days", 1, 180)
    discount: int = par(0, "discount on lines in scope, for those who use it", "%", 0, 90)
    department: str = ""
    reward: float = par(0.0, "cost of the gift or service, once per user", "€", 0, 1000)
    points: int = par(0, "bonus points, once per user", "points", 0, 100000)
    contact: float = par(0.08, "cost of one contact", "€", 0, 100)
    use: Pairs = par((), "probability that a customer who comes uses it, by type; `all` for the others", "share", 0, 1)
    visits: Pairs = par((), "change of the visit rate on the first day, by type; `all` for the others", "share", -1, 20)
    extra: Pairs = par((), "probability of an additional line on a visit, by type; `all` for the others", "share", 0, 1)


@dataclass(frozen=True)
class Fatigue:
    """Contacts in the last weeks tire: gains shrink, losses do not."""

    strength: float = par(0.15, "part of the gain that one recent contact takes away", "share", 0, 1)
    half_life: float = par(28.0, "days after which a contact counts half", "days", 1, 1000)


@dataclass(frozen=True)
class Response:
    """What differs between two customers of one type who get the same offer."""

    by_sensitivity: float = par(1.0, "gain of a discount is multiplied by 1 + this × (sensitivity − 0.5)", "", 0, 2)
    spread: float = par(0.6, "gain is further multiplied by a number even between 1 − this and 1 + this", "", 0, 1)
    delivered: float = par(0.97, "part of contacts that arrive", "share", 0, 1)


@dataclass(frozen=True)
class MoneyRules:
    """Points and what they cost. Prices are without value-added tax."""

    points_per_euro: float = par(1.0, "points a card holder earns per euro paid", "points", 0, 100)
    point_cost: float = par(0.01, "cost of one point when redeemed", "€", 0, 1)
    redemption: float = par(0.7, "probability that a point is ever redeemed; the rest is breakage", "share", 0, 1)
    soonest: int = par(3, "days from issue to redemption at least", "days", 0, 1000)
    latest: int = par(90, "days from issue to redemption at most", "days", 1, 1000)


@dataclass(frozen=True)
class Habit:
    """The chain's own campaigns of the past: sent to the best customers, without a control group."""

    months: tuple[int, ...] = par((7, 13, 19, 31), "months in which one was sent", "months", 0, 600)
    offers: tuple[str, ...] = ("basket_discount", "magazine", "gift", "bonus_points")
    most: float = par(0.8, "part of the best customers who were chosen", "share", 0, 1)
    half: float = par(25.0, "expected spend in 28 days at which half of that are chosen", "€", 0.01, 10000)
    steepness: float = par(1.7, "how sharply the choice rises with spend", "", 0, 20)


@dataclass(frozen=True)
class Parameters:
    """The whole tree. Build one from a preset: `replace(presets.default(), fatigue=Fatigue(strength=0.4))`."""

    name: str = "default"
    start: str = "2023-01-01"
    chain: Chain = Chain()
    seasons: Seasons = Seasons()
    types: tuple[CustomerType, ...] = ()
    people: People = People()
    drift: Drift = Drift()
    card: CardLaunch = CardLaunch()
    offers: tuple[Offer, ...] = ()
    fatigue: Fatigue = Fatigue()
    response: Response = Response()
    money: MoneyRules = MoneyRules()
    habit: Habit = Habit()

    def __post_init__(self) -> None:
        problems = [*find_problems(self), *self._find_unknown_names()]
        if problems:
            raise WorldError(problems)

    def _find_unknown_names(self) -> list[str]:
        known = {
            "type": {t.name for t in self.types} | {"all"},
            "community": {c.name for c in self.chain.communities},
            "category": {c for d in self.chain.departments for c, _ in d.categories},
            "department": {d.name for d in self.chain.departments} | {""},
            "offer": {o.name for o in self.offers},
        }
        used = [("type", n, f"offer {o.name}") for o in self.offers for n, _ in (*o.use, *o.visits, *o.extra)]
        used += [("department", o.department, f"offer {o.name}") for o in self.offers]
        used += [("community", n, f"type {t.name}") for t in self.types for n, _ in t.tastes]
        used += [("community", c, f"category {n}") for d in self.chain.departments for n, c in d.categories]
        used += [("category", n, f"succession {s.name}") for s in self.chain.successions for n in (s.first, s.then)]
        used += [("type", n, f"succession {s.name}") for s in self.chain.successions for n in s.types]
        used += [("offer", n, "habit") for n in self.habit.offers if self.habit.months]
        found = [
            f"{where} names the {kind} {name!r}, which does not exist"
            for kind, name, where in used
            if name not in known[kind]
        ]
        found += [
            f"there should be at least one {what}"
            for what in ("type", "community", "category")
            if not known[what] - {"all"}
        ]
        if self.types and not 0.999 < sum(t.share for t in self.types) < 1.001:
            found.append(f"the shares of the types should add up to 1, found {sum(t.share for t in self.types):g}")
        found += [
            f"succession {s.name}: `latest` lies before `soonest`"
            for s in self.chain.successions
            if s.latest < s.soonest
        ]
        hours = self.chain.opens < self.chain.closes, self.chain.online_opens < self.chain.online_closes
        if not all(hours):
            found.append("stores and shop should open before they close")
        if len(self.seasons.weekdays) != 7 or len(self.seasons.months) != 12:
            found.append("seasons need 7 weekdays and 12 months")
        return found
