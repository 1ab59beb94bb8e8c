"""Small chains for the tests of the room: none of them is the world's."""

import numpy as np
import pandas as pd

START = pd.Timestamp("2022-03-01")


def make_chain(seed, *, customers=800, days=1_200, products=30, follows=0.0, taste=0.0, lag=(90, 210), often=30):
    """Visits by a Poisson process with rates that differ; product 1 is X, product 2 is Y.

    follows: probability that Y comes within the lag after X. taste: how much more often one half of the customers, who
    alone buy X, buys Y, whenever.
    """
    rng = np.random.default_rng(seed)
    rate = rng.gamma(3, 1 / 3, customers) / often
    visits = rng.poisson(rate * days)
    customer = np.repeat(np.arange(customers), visits)
    day = rng.integers(0, days, visits.sum())
    product = rng.integers(2, products + 1, visits.sum())
    fan = np.arange(customers) % 2 == 0
    more = fan[customer] & (rng.random(len(day)) < taste)
    product[more] = 2
    wants = fan
    x_day = rng.integers(0, days, customers)
    then = wants & (rng.random(customers) < follows)
    y_day = x_day + rng.integers(lag[0], lag[1] + 1, customers)
    who = np.arange(customers)
    parts = [(customer, day, product), (who[wants], x_day[wants], np.ones(wants.sum(), int))]
    parts.append((who[then], y_day[then], np.full(then.sum(), 2)))
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    table = pd.DataFrame(dict(zip(("customer_id", "day", "product_id"), columns, strict=True)))
    table = table[table["day"] < days]
    time = START + pd.to_timedelta(table.pop("day"), unit="D") + pd.Timedelta(10, "h")
    return table.assign(time=time, sales=5.0, quantity=1).reset_index(drop=True)


def make_refills(seed, *, customers=400, middle=30.0, between=0.3, within=0.25, stop=0.05, days=540, packs=(1,)):
    """Refills by a log-normal renewal process, each customer with a rhythm; after a purchase some stop for ever.

    Returns receipts that go on 400 days after `days`, and each customer's true rhythm of one piece.
    """
    rng = np.random.default_rng(seed)
    rhythm = rng.normal(np.log(middle), between, customers)
    now = rng.uniform(0, 200, customers)
    alive = np.ones(customers, bool)
    parts = []
    while (alive & (now < days + 400)).any():
        amount = rng.choice(packs, customers)
        here = alive & (now < days + 400)
        time = START + pd.to_timedelta(np.floor(now), unit="D")
        frame = pd.DataFrame({"customer_id": np.arange(customers), "time": time, "quantity": amount, "sales": 5.0})
        parts.append(frame[here])
        alive &= rng.random(customers) > stop
        now = now + amount * np.exp(rng.normal(rhythm, within))
    return pd.concat(parts, ignore_index=True).assign(product_id=1), np.exp(rhythm)
