"""A log is read from contacts, outcomes and arm_probs, from one table, or from a programme; or it is refused."""

import importlib.util
import uuid
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest

from loyalty.evaluate.design import assign_arms
from loyalty.evaluate.money import campaign_money
from loyalty.learn.offpolicy import open_log, value_plan
from loyalty.learn.offpolicy.plans import read_plan
from loyalty.learn.policy import EpsilonGreedy, EqualSplit, Rules, Thompson, describe_customers, run_programme
from loyalty.tables import TableError
from loyalty.world import World

spec = importlib.util.spec_from_file_location("make_logs", Path(__file__).with_name("make_logs.py"))
make_logs = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make_logs)
ARMS, make_log, make_twelve = make_logs.ARMS, make_logs.make_log, make_logs.make_twelve


def split(table):
    """The same log as contacts, outcomes and arm_probs."""
    table = table.assign(campaign_id="may", wave=table.get("wave", 1))
    key = ["campaign_id", "wave", "customer_id"]
    chances = [f"chance_{arm}" for arm in ARMS]
    own = table[chances].to_numpy()[np.arange(len(table)), [ARMS.index(arm) for arm in table["arm"]]]
    optional = [name for name in ("segment", "habit") if name in table]
    contacts = table[[*key, "arm", *optional]].assign(propensity=own)
    outcomes = table[[*key, "profit"]].assign(window="main")
    long = table[[*key, *chances]].set_axis([*key, *ARMS], axis=1).melt(key, var_name="arm", value_name="probability")
    return contacts, outcomes, long


@pytest.fixture(scope="module")
def world():
    return World(customers=1_500, months=14, seed=5)


@pytest.fixture(scope="module")
def programme(world):
    rules = Rules(("gift", "reminder"), holdout=0.1, most=1, within=2)
    return run_programme(world, EpsilonGreedy(rules, epsilon=0.6), 3, customers=describe_customers(world))


@pytest.mark.slow
def test_three_tables_and_one_table_are_the_same_log():
    table = make_log(1, 300, 2)
    contacts, outcomes, long = split(table)
    one = open_log(table, covariates=["habit"])
    three = open_log(contacts, outcomes, long.sample(frac=1, random_state=1), covariates=["habit"])
    assert three.arms == one.arms == ("control", "gift", "points")
    both = [
        log.rows.assign(y=log.outcome, p=log.propensity).sort_values(["wave", "customer_id"]) for log in (one, three)
    ]
    names = ["wave", "customer_id", "segment", "arm", "habit", "y", "p"]
    pd.testing.assert_frame_equal(*(frame[names].reset_index(drop=True) for frame in both), check_dtype=False)
    plan = {"gift": 0.5, "points": 0.5}
    assert value_plan(one, plan, method="snips").value == pytest.approx(value_plan(three, plan, method="snips").value)
    lazy = open_log(
        *(duckdb.from_arrow(__import__("pyarrow").Table.from_pandas(part)) for part in (contacts, outcomes, long))
    )
    assert value_plan(lazy, plan, method="ips").value == pytest.approx(value_plan(one, plan, method="ips").value)


@pytest.mark.parametrize("kinds", [(int, str), (str, int)])
def test_ids_of_two_kinds_meet_in_a_plan(kinds):
    log = open_log(make_log(2, 50, kind=kinds[0]))
    plan = pd.DataFrame({"customer_id": [kinds[1](one) for one in range(1, 51)], "arm": "gift"})
    assert (read_plan(log, plan)[:, 1] == 1).all()


@pytest.mark.slow
def test_the_raw_contacts_of_assign_arms_are_judged_with_the_profit_of_the_offers(world):
    drawn = assign_arms(
        world.customers[["customer_id"]],
        {"control": 0.4, "gift": 0.3, "reminder": 0.3},
        salt="spring",
        campaign_id="spring",
    )
    wave, _ = world.run(drawn.contacts)
    probs = drawn.arm_probs.assign(campaign_id=wave.contacts["campaign_id"].iloc[0])
    log = open_log(wave.contacts, wave.outcomes, probs, offers=world.offers)
    assert len(log) == len(drawn.contacts) and log.warnings == ()
    main = wave.outcomes[wave.outcomes["window"] == "main"].set_index("customer_id").loc[log.rows["customer_id"]]
    cost = world.offers.set_index("offer_id")["contact_cost"]
    points = world.offers[["point_cost", "redemption_probability"]].iloc[0].prod()
    paid = log.rows["arm"].map(cost).fillna(0.0).to_numpy()
    expected = main["margin"] - main["reward_paid"] - main["points_issued"] * points
    assert log.outcome == pytest.approx(expected.to_numpy() - paid)
    bare = open_log(wave.contacts, wave.outcomes, probs)
    assert bare.warnings == ("not known and counted as 0: contact cost, points (give `offers`)",)
    sales = open_log(wave.contacts, wave.outcomes, probs, outcome="sales", window="post")
    assert sales.name == "sales" and value_plan(sales, "gift").n == len(log)


# --- The price of a row ---------------------------------------------------------------------------


OFFER_TABLE = pd.DataFrame(
    {
        "offer_id": ["gift", "points"],
        "kind": ["gift", "points"],
        "contact_cost": [0.2, 0.5],
        "reward_cost": [3.0, 1.25],
        "point_cost": [0.01, 0.01],
        "redemption_probability": [0.6, 0.6],
    }
)


def make_campaign(arms=("control", "gift", "points"), n=90, **columns):
    """A campaign whose outcomes leave all that can have a price."""
    rng = np.random.default_rng(len(arms))
    keys = pd.DataFrame({"campaign_id": "may", "wave": 1, "customer_id": range(n)})
    arm = np.array(arms)[np.arange(n) % len(arms)]
    offer = np.where(arm == "control", None, arm)
    contacts = keys.assign(arm=arm, offer_id=offer, propensity=1 / len(arms))
    measures = {
        "margin": rng.gamma(1, 5, n),
        "redeemed": np.where(arm == "control", 0, rng.integers(0, 3, n)),
        "points_issued": rng.integers(0, 900, n).astype(float),
    }
    return contacts, keys.assign(window="main", **(measures | columns))


def count_as_campaigns(contacts, outcomes, offers):
    """Mean profit of each arm as `campaign_money` counts it."""
    means = {}
    for arm in sorted(set(contacts["arm"]) - {"control"}):
        money = campaign_money(contacts, outcomes, offers, arm=arm, windows=("main",))
        means |= {"control": money.profit.base, arm: money.profit.base + money.profit.effect}
    return means


@pytest.mark.parametrize(
    ("campaign", "offers"),
    [
        (make_campaign(), OFFER_TABLE),
        (make_campaign(reward_paid=np.arange(90.0)), OFFER_TABLE),
        (make_campaign(("control", "gift"), redeemed=np.arange(90) % 4), OFFER_TABLE),
        (make_campaign(), OFFER_TABLE.assign(redemption_probability=[0.6, None], point_cost=[0.01, 0.006])),
        (make_campaign(points_issued=0.0), OFFER_TABLE.assign(reward_cost=[3.0, None])),
        (make_campaign(reward_paid=2.0), None),
        (make_campaign(), None),
    ],
)
def test_the_mean_profit_of_an_arm_is_what_campaign_money_counts(campaign, offers):
    log = open_log(*campaign, offers=offers)
    means = log.to_frame().set_index("arm")["mean_profit"]
    assert means.to_dict() == pytest.approx(count_as_campaigns(*campaign, offers), rel=1e-9)


def test_one_row_of_each_arm_priced_by_hand():
    keys = pd.DataFrame({"campaign_id": "may", "wave": 1, "customer_id": [1, 2, 3]})
    contacts = keys.assign(arm=["control", "gift", "points"], propensity=1 / 3)
    outcomes = keys.assign(window="main", margin=[10.0, 20.0, 30.0], redeemed=[0, 1, 2], points_issued=100.0)
    log = open_log(contacts, outcomes, offers=OFFER_TABLE)  # without offer_id the arm names the offer
    assert log.outcome.tolist() == pytest.approx([10 - 0.6, 20 - 3 - 0.6 - 0.2, 30 - 2 * 1.25 - 0.6 - 0.5])
    assert log.warnings == ()


def test_what_has_no_price_counts_as_nothing_and_is_said():
    contacts, outcomes = make_campaign()
    assert open_log(contacts, outcomes).warnings == (
        "not known and counted as 0: contact cost, rewards, points (give `offers`)",
    )
    one = OFFER_TABLE.assign(reward_cost=[3.0, None])
    assert open_log(contacts, outcomes, offers=one).warnings == ("points: not known and counted as 0: rewards",)
    apart = OFFER_TABLE.assign(point_cost=[0.01, 0.03])
    assert open_log(contacts, outcomes, offers=apart).warnings == (
        "points or rewards of control have another price beside each offer: the mean of these counts",
    )
    nobody = contacts.assign(arm="control", offer_id=None, propensity=1.0)
    alone = open_log(nobody, outcomes.assign(redeemed=0), offers=apart)
    assert alone.outcome == pytest.approx(outcomes["margin"] - outcomes["points_issued"] * 0.02 * 0.6)


def test_what_cannot_be_priced_is_told():
    contacts, outcomes = make_campaign()
    with pytest.raises(TableError, match="offers do not hold 'points', the offer of 30 treated customers"):
        open_log(contacts, outcomes, offers=OFFER_TABLE.head(1))
    table = contacts.merge(outcomes.drop(columns="window"))
    table.loc[3, "points_issued"] = np.nan
    with pytest.raises(TableError, match="`points_issued` is empty or infinite in 1 rows"):
        open_log(table, offers=OFFER_TABLE)
    with pytest.raises(TableError, match="`arm` is empty in 90 rows"):
        open_log(table.assign(arm=None))


def test_names_of_arms_may_be_numbers_and_no_lists():
    contacts, outcomes = make_campaign()
    table = contacts.merge(outcomes.drop(columns="window"))
    table["arm"] = table["arm"].map({"control": "control", "gift": 1, "points": 2})
    log = open_log(table, offers=OFFER_TABLE)
    assert log.outcome == pytest.approx(open_log(contacts, outcomes, offers=OFFER_TABLE).outcome)
    for name in ("arm", "offer_id", "customer_id", "wave"):
        with pytest.raises(TableError, match=f"`{name}` holds lists or the like: one number or text a row"):
            open_log(table.assign(**{name: [[1]] * len(table)}), offers=OFFER_TABLE)
    assert len(open_log(table.assign(customer_id=[uuid.uuid4() for _ in range(len(table))]))) == len(table)


def test_ids_of_offers_of_two_kinds_meet():
    contacts, outcomes = make_campaign()
    number = {"gift": 7, "points": 8}
    theirs = contacts.assign(offer_id=contacts["offer_id"].map(number))
    offers = OFFER_TABLE.assign(offer_id=["7", "8"])
    assert open_log(theirs, outcomes, offers=offers).outcome == pytest.approx(
        open_log(contacts, outcomes, offers=OFFER_TABLE).outcome
    )


def test_a_programme_leaves_out_its_holdout_and_who_rested_and_says_so(programme):
    log = open_log(programme)
    table = programme.log
    out = table["holdout"] | table["resting"]
    assert len(log) == int((~out).sum()) and table["resting"].any()
    assert f"{table['holdout'].sum():,} rows of the holdout" in log.warnings[0] and "rested" in log.warnings[1]
    assert log.keep(waves=[2, 3]).rows["wave"].unique().tolist() == [2, 3]
    assert set(log.keep(segments=["baby"]).rows["segment"]) == {"baby"}
    with pytest.raises(TableError, match="no row is left"):
        log.keep(waves=[99])


def test_a_thompson_log_carries_the_error_of_its_chances(world):
    people = describe_customers(world)
    run = run_programme(world, Thompson(Rules(("gift", "reminder"))), 3, customers=people)
    log = open_log(run)
    assert log.error == run.error > 0
    text = " ".join(value_plan(log, "gift").warnings)
    assert "found by drawing" in text and "moved from wave to wave" in text


def test_policies_choices_series_and_tables_are_plans(programme, world):
    log = open_log(programme)
    rules = Rules(("gift", "reminder"), holdout=0.0, floor=0.0)
    equal = read_plan(log, EqualSplit(rules))
    assert equal == pytest.approx(np.full((len(log), 3), 1 / 3))
    people = describe_customers(world)
    choice = Thompson(rules).choose(programme.log[programme.log["wave"] == 1].drop(columns="holdout"), people, seed=1)
    found = read_plan(log, choice)
    assert found == pytest.approx(read_plan(log, choice.to_frame()))
    series = pd.Series("gift", people["customer_id"])
    assert (read_plan(log, series)[:, 1] == 1).all()
    long = choice.chances.assign(customer_id=people["customer_id"]).melt(
        "customer_id", var_name="arm", value_name="probability"
    )
    assert read_plan(log, long) == pytest.approx(found)
    by_segment = pd.DataFrame({"segment": log.rows["segment"].unique(), "arm": "reminder"})
    assert (read_plan(log, by_segment)[:, 2] == 1).all()
    learned = read_plan(
        log.keep(waves=[3]), EpsilonGreedy(rules, epsilon=0.0), history=programme.log.drop(columns="holdout")
    )
    assert set(np.unique(learned)) <= {0.0, 1.0}


@pytest.mark.parametrize(
    ("plan", "says"),
    [
        ({"gift": 0.5}, "should sum to 1 for everybody, found 0.5"),
        ({"gift": 50, "control": 50}, "percent"),
        ({"gift": -0.5, "control": 1.5}, "0 or more"),
        ({"gift": "all"}, "a number from 0 to 1, found 'gift': 'all'"),
        ({}, "names no arm"),
        (pd.DataFrame({"customer_id": [1, 2], "arm": "gift"}), "says nothing of 10 of 12 rows"),
        (pd.DataFrame({"customer_id": [1, 1], "arm": "gift"}), "stand twice"),
        (pd.DataFrame({"customer_id": [1]}), "there is no column `arm`"),
        (pd.DataFrame({"arm": ["gift"]}), "there is no column `customer_id`"),
        (pd.DataFrame({"customer_id": range(1, 13), "arm": ["gift"] * 11 + [None]}), "`arm` is empty"),
        (pd.DataFrame({"customer_id": [1, 1], "arm": "gift", "probability": 0.5}), "an arm stands twice"),
        (pd.DataFrame({"customer_id": range(1, 13), "gift": "0,5", "control": "0,5"}), "write it with a decimal point"),
        (pd.DataFrame({"customer_id": [1], "arm": "gift", "probability": "1,0"}), "`probability` holds text"),
        (7, "a plan should be an arm, shares by arm, a table or a policy"),
    ],
)
def test_what_is_no_plan_is_told_in_words(plan, says):
    with pytest.raises(TableError, match=says):
        read_plan(open_log(make_twelve()), plan)


@pytest.mark.parametrize("lost", [int, str])
def test_a_plan_whose_ids_lost_the_zeros_in_front_names_that_cause(lost):
    table = make_twelve()
    log = open_log(table.assign(customer_id=[f"{one:05d}" for one in table["customer_id"]]))
    plan = pd.DataFrame({"customer_id": [lost(one) for one in range(1, 13)], "arm": "gift"})
    says = f"'00001' in the log and {lost(1)!r} in the plan: ids have lost the zeros in front, so read both files with"
    with pytest.raises(TableError, match=says):
        read_plan(log, plan)
    back = open_log(table.assign(customer_id=range(1, 13)))
    with pytest.raises(TableError, match="1 in the log and '00001' in the plan: ids have lost the zeros"):
        read_plan(back, plan.assign(customer_id=[f"{one:05d}" for one in range(1, 13)]))
    with pytest.raises(TableError, match="who gets nothing has the arm 'control'"):
        read_plan(log, plan.assign(customer_id=[f"A{one}" for one in range(1, 13)]))


def test_arm_probs_whose_ids_lost_the_zeros_in_front_name_that_cause():
    table = make_twelve().assign(campaign_id="may", wave=1)
    _, _, long = split(table)
    one = table.assign(customer_id=[f"{one:05d}" for one in table["customer_id"]])
    with pytest.raises(
        TableError, match="12 rows have no chances .*'00001' in the log and 1 in arm_probs: ids have lost"
    ):
        open_log(one, arm_probs=long)


def test_propensities_written_as_text_with_a_point_are_numbers():
    table = make_twelve()
    plain = open_log(table)
    text = table.assign(**{name: table[name].astype("str") for name in table if name.startswith(("chance_", "prop"))})
    assert open_log(text).propensity.tolist() == plain.propensity.tolist()
    assert (open_log(text).chances == plain.chances).all()


def change(**columns):
    return make_twelve().assign(**columns)


@pytest.mark.parametrize(
    ("table", "says"),
    [
        (make_twelve().drop(columns="profit"), "there is no column `profit`"),
        (make_twelve().drop(columns=["arm", "customer_id"]), "there is no column `arm`"),
        (make_twelve().head(0), "there is no row"),
        (change(profit=[None] + [1.0] * 11), "`profit` is empty or infinite in 1 rows: who bought nothing has 0"),
        (change(profit="much"), "`profit` should be a number"),
        (change(customer_id=1), "repeat a customer within a wave"),
        (change(arm=[None] + ["gift"] * 11), "`arm` is empty in 1 rows"),
        (change(chance_gift=0.9), "do not sum to 1"),
        (change(chance_gift=np.nan), "empty, below 0 or above 1"),
        (change(propensity=0.4), "`propensity` is not the chance of the arm in 12 rows"),
        (change(propensity=np.nan), "`propensity` is empty in 12 rows"),
        (change(propensity=50), "percent"),
        (change(propensity=0.0), "is 0 in 12 rows"),
        (change(propensity="0,5"), "no number in 12 rows, such as '0,5': write it with a decimal point, 0.5"),
        (change(propensity=["50 %"] + ["0.5"] * 11), "no number in 1 row, such as '50 %': write a fraction"),
        (change(propensity="half"), "such as 'half': write numbers, or leave the cell empty"),
        (change(chance_gift="0,5"), "`chance_gift` holds text that is no number in 12 rows, such as '0,5'"),
        (change(holdout="no"), "`holdout` should hold True or False"),
        (make_twelve()[["customer_id", "arm", "profit"]], "there is no column `propensity`"),
    ],
)
def test_what_is_no_log_is_told_in_words(table, says):
    with pytest.raises(TableError, match=says):
        open_log(table)


def test_arm_probs_that_lack_rows_or_arms_are_told():
    contacts, outcomes, long = split(make_log(1, 30))
    with pytest.raises(TableError, match="1 rows have no chances in arm_probs .customer_id 7."):
        open_log(contacts, outcomes, long[long["customer_id"] != 7])
    with pytest.raises(TableError, match="do not sum to 1"):
        open_log(contacts, outcomes, long[long["arm"] != "control"])
    with pytest.raises(TableError, match="no window `post`"):
        open_log(contacts, outcomes, long, window="post")
    with pytest.raises(TableError, match="`profit`"):
        open_log(contacts, outcomes.assign(profit="x"), long)


def test_only_the_propensity_is_enough_and_is_said():
    contacts, outcomes, _ = split(make_log(1, 300))
    log = open_log(contacts, outcomes)
    assert log.chances is None
    assert any("only the chance of the drawn arm is known" in text for text in value_plan(log, "gift").warnings)
    assert "2 customers" in repr(open_log(make_twelve().head(2))) and "control" in log._repr_html_()


def test_chances_of_ones_own_that_stay_are_not_taken_for_a_plan_that_learns():
    rng = np.random.default_rng(3)
    chances = rng.dirichlet(np.full(3, 2.0), 120)
    parts = []
    for wave in (1, 2, 3):
        here = rng.random(120) < 0.6  # others are silent
        arm = (rng.random(120)[:, None] >= chances.cumsum(axis=1)[:, :-1]).sum(axis=1)
        part = pd.DataFrame({"wave": wave, "customer_id": range(120), "arm": np.array(ARMS)[arm], "profit": 1.0})
        parts.append(part.assign(segment="all", **{f"chance_{n}": chances[:, at] for at, n in enumerate(ARMS)})[here])
    table = pd.concat(parts)
    assert not open_log(table).is_adaptive
    moved = table.assign(**{f"chance_{n}": [0.2, 0.3, 0.5][at] for at, n in enumerate(ARMS)})
    moved.loc[moved["wave"] == 3, ["chance_control", "chance_gift"]] = [0.3, 0.2]
    assert open_log(moved).is_adaptive
    bare = moved.drop(columns=["chance_control", "chance_gift", "chance_points"])
    assert open_log(bare.assign(propensity=np.where(moved["wave"] == 3, 0.5, 0.3))).is_adaptive


@pytest.mark.parametrize("mail", [1, 0.5])
def test_a_plan_in_two_forms_at_once_is_refused(mail):
    plan = pd.DataFrame({"customer_id": range(1, 13), "arm": "control", "gift": mail})
    with pytest.raises(TableError, match="columns that bear the names of arms .gift.: which of the two is meant"):
        read_plan(open_log(make_twelve()), plan)
    with pytest.raises(TableError, match="which of the two is meant"):
        read_plan(open_log(make_twelve()), plan.assign(probability=1.0))


def test_arm_probs_that_contradict_columns_of_chances_are_refused():
    table = make_log(1, 30)
    _, _, long = split(table)
    one = table.assign(campaign_id="may", wave=1)
    assert open_log(one, arm_probs=long).chances is not None
    one.loc[:3, ["chance_control", "chance_gift"]] = [0.15, 0.25]
    with pytest.raises(TableError, match="arm_probs and the columns `chance_…` differ in 4 rows"):
        open_log(one, arm_probs=long)


def test_messages_name_only_what_open_log_has():
    contacts, outcomes, long = split(make_log(1, 30))
    with pytest.raises(TableError) as told:
        open_log(contacts, outcomes.head(20), long)
    assert "missing=" not in str(told.value) and "add a row of zeros" in str(told.value)
    with pytest.raises(TableError, match="`profit` is beyond 1e.50 in 12 rows"):
        open_log(change(profit=1e200))
