"""Exercise 44: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from loyalty.learn.offers import list_refills, mine_rules
from loyalty.tasks import check
from loyalty.tasks.t44.pictures import draw_chances, draw_deals, draw_lives, draw_sides, draw_split, draw_thousands
from loyalty.tasks.t44.scene import (
    deal_buyers,
    find_product,
    make_register,
    mine_chain,
    open_chain,
    open_exercise,
    open_register,
    pick_buyers,
    prefer_department,
    read_register,
    write_slide,
)

pytestmark = [pytest.mark.slow, pytest.mark.lesson]
END = pd.Timestamp("2025-01-01")


@pytest.fixture(scope="module")
def scene():
    return open_exercise()


@pytest.fixture(scope="module")
def register():
    return open_register()


def join(first, then):
    pairs = then.merge(first[["customer_id", "time"]], on="customer_id", suffixes=("", "_x"))
    return pairs, (pairs.time.dt.normalize() - pairs.time_x.dt.normalize()).dt.days


def test_the_share_of_those_whose_window_is_over_is_right_and_other_denominators_are_named(scene):
    creams, serums, receipts, _ = scene
    over = creams[creams.time.dt.normalize() + pd.Timedelta(210, "D") < END]
    first = over.sort_values("time").drop_duplicates("customer_id")
    pairs, days = join(first, serums)
    came = pairs[days.between(90, 210)].customer_id.nunique()
    assert check("44a", round(came / len(first), 3)).status == "right"
    assert check("44a", 100 * came / len(first)).mistake == "percent"
    every = creams.sort_values("time").drop_duplicates("customer_id")
    other, lag = join(every, serums)
    share = other[lag.between(90, 210)].customer_id.nunique() / len(every)
    assert check("44a", share).mistake == "windows_not_over"
    assert check("44a", pairs[days > 0].customer_id.nunique() / len(first)).mistake == "any_time_after"
    assert check("44a", pairs.customer_id.nunique() / len(first)).mistake == "before_too"
    assert check("44a", came / serums.customer_id.nunique()).mistake == "of_the_serums_buyers"
    fans = serums[serums.customer_id.isin(creams.customer_id)].customer_id.nunique()
    assert check("44a", fans / serums.customer_id.nunique()).mistake == "serums_buyers_with_a_cream"
    early = receipts[receipts.time < END]
    assert check("44a", came / early.customer_id.nunique()).mistake == "support"
    rows, gap = join(over, serums)
    assert check("44a", gap.between(90, 210).sum() / len(over)).mistake == "rows_for_customers"


def test_a_rule_is_read_from_the_proof_and_not_where_it_was_found(scene):
    receipts = scene.receipts
    rules = mine_rules(receipts, lag=(90, 210), until="2025-01-01")

    def read(found, columns=("confidence", "low", "high")):
        row = found.to_frame(scene.products).query("first_product == 'Face cream 01' and then_product == 'Serum 01'")
        return tuple(row[list(columns)].iloc[0])

    proof = rules.prove(receipts)
    assert check("44b", tuple(np.round(read(proof), 3))).status == "right"
    assert check("44b", read(rules)).mistake == "where_it_was_found"
    assert check("44b", read(mine_rules(receipts, lag=(90, 210)))).mistake == "mined_on_everything"
    assert check("44b", read(proof, ("lift", "lift_low", "lift_high"))).mistake == "lift"


def test_refills_are_counted_by_substance_and_pack(register):
    lines = register.assign(product_id=register.substance, quantity=register.pack)
    right = list_refills(lines, "2025-07-01", horizon=14)
    assert check("44c", len(right.due_now)).status == "right"
    assert check("44c", len(list_refills(lines, "2025-07-01", per="purchase").due_now)).mistake == "pack_size_ignored"
    without = list_refills(register.assign(product_id=register.substance), "2025-07-01")
    assert check("44c", len(without.due_now)).mistake == "pack_size_ignored"
    apart = list_refills(register.assign(quantity=register.pack), "2025-07-01")
    assert check("44c", len(apart.due_now)).mistake == "packs_as_products"
    counts = right.table.status.value_counts()
    assert check("44c", int(counts["late"])).mistake == "only_the_late"
    assert check("44c", int(counts["late"] + counts["due now"])).mistake == "late_too"


def test_a_refill_is_no_cross_sell(register):
    plain = register[(register.product_id == "A 30") & (register.time + pd.Timedelta(210, "D") < "2025-07-01")]
    plain = plain.sort_values("time").drop_duplicates("customer_id")
    pairs, days = join(plain, register)
    had = set(zip(pairs.customer_id[days <= 0], pairs.substance[days <= 0], strict=True))
    later = pairs[days.between(90, 210)]
    is_new = [pair not in had for pair in zip(later.customer_id, later.substance, strict=True)]
    new = later[is_new].customer_id.nunique()
    assert check("44d", round(new / len(plain), 3)).status == "right"
    slide = later[later.product_id != "A 30"].customer_id.nunique() / len(plain)
    assert check("44d", slide).mistake == "refill_counted_as_cross_sell"
    other = later[later.substance != "A"].customer_id.nunique() / len(plain)
    assert check("44d", other).mistake == "known_substances"
    assert check("44d", later.customer_id.nunique() / len(plain)).mistake == "any_purchase"
    assert check("44d", new / register.customer_id.nunique()).mistake == "of_all_customers"


def test_each_wrong_decision_is_answered():
    assert check("44e", "q").status == "right"
    names = {check("44e", letter).mistake for letter in "PRST"}
    assert len(names) == 4 and None not in names


def test_the_slide_of_the_lesson_holds_no_rule_and_the_pictures_are_drawn():
    world = open_chain()
    rules = mine_chain()
    slide = write_slide(rules, world.products.set_index("product_id")["name"])
    assert len(slide) == 8 and slide.confidence.is_monotonic_decreasing
    monitor, tablets = find_product("Monitors 01"), find_product("Blood pressure 01")
    buyers = pick_buyers(world.receipts, monitor, 12)
    then = world.receipts[world.receipts.product_id == tablets][["customer_id", "time"]]
    deals = deal_buyers(world.receipts, monitor, tablets, times=50)
    split = rules.split(world.receipts, prefer_department(world, "2025-01-01"))
    register = read_register(make_register())
    chances = list_refills(register, "2025-07-01").prove(register)
    draw_lives(buyers, then, "lives")
    draw_deals(deals, 90, "deals")
    draw_sides(rules.found, "sides")
    draw_split(split[split.first_product == monitor], "split")
    draw_chances(chances, "chances", "here")
    draw_thousands(rules.table, rules.table.head(100), "thousands")
    assert len(plt.get_fignums()) == 6
    plt.close("all")
