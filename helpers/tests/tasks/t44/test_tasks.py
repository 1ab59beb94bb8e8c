"""Exercise 44: each usual mistake, made the way a participant makes it, is answered by its own name."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from loyalty.learn.offers import list_refills, mine_rules
from loyalty.tables import TableError
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
    any_cream = rows[gap.between(90, 210)].customer_id.nunique() / len(first)
    assert "any_cream" in check("44a", any_cream).mistake


def test_other_creams_and_other_days_are_named_and_none_of_them_is_called_right(scene):
    creams, serums, _, _ = scene
    over = creams[creams.time.dt.normalize() + pd.Timedelta(210, "D") < END].sort_values("time")
    first = over.drop_duplicates("customer_id")
    last = over.drop_duplicates("customer_id", keep="last")
    pairs, days = join(last, serums)
    came = pairs[days.between(90, 210)].customer_id.nunique()
    for answer in (came / len(last), round(came / len(last), 3)):
        assert check("44a", answer).mistake == "last_cream"
    coarse = check("44a", 0.35)  # the right share and the last cream's, both rounded
    assert coarse.status == "wrong" and "may be right" in coarse.message and "Right" not in coarse.message
    pairs, days = join(first, serums)
    share = pairs[(days > 90) & (days < 210)].customer_id.nunique() / len(first)
    for answer in (share, round(share, 3)):
        assert "ends_left_out" in check("44a", answer).mistake.split(" or ")
    months = pairs.time.dt.to_period("M").astype("int64") - pairs.time_x.dt.to_period("M").astype("int64")
    share = pairs[months.between(3, 7)].customer_id.nunique() / len(first)
    assert "calendar_months" in check("44a", share).mistake.split(" or ")
    came = pairs[days.between(90, 210)].customer_id.nunique()
    assert check("44a", pairs[days.between(0, 210)].customer_id.nunique() / len(first)).mistake == "from_the_same_day"
    assert check("44a", came / creams.customer_id.nunique()).mistake == "of_all_creams_buyers"
    assert check("44a", came / pairs.customer_id.nunique()).mistake == "of_those_with_any_serum"
    next_one = pairs[days > 0].sort_values("time").drop_duplicates("customer_id")
    lag = (next_one.time.dt.normalize() - next_one.time_x.dt.normalize()).dt.days
    share = lag.between(90, 210).sum() / len(first)
    assert "first_serum_only" in check("44a", share).mistake.split(" or ")
    hours = (pairs.time - pairs.time_x).dt.days
    windows = {"days_by_the_hour": hours.between(90, 210), "first_90_days": days.between(0, 90), "no_end": days >= 90}
    for name, inside in windows.items():
        share = pairs[inside].customer_id.nunique() / len(first)
        assert name in check("44a", share).mistake.split(" or ")
        assert name in check("44a", round(share, 3)).mistake.split(" or ")
    assert check("44a", round(days.between(90, 210).sum() / len(first), 3)).mistake == "rows_for_buyers"


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
    for column in ("chance", "support", "lift"):
        assert check("44b", read(proof, (column, "low", "high"))).mistake == f"{column}_for_confidence"
    july = mine_rules(receipts, lag=(90, 210), until="2025-07-01")
    assert check("44b", read(july)).mistake == "mined_until_july"
    monitor = proof.to_frame(scene.products).query("first_product == 'Monitors 01'")
    result = check("44b", tuple(monitor[["confidence", "low", "high"]].iloc[0]))
    assert result.mistake.startswith("row_") and "Monitors 01" in result.message


def test_a_proof_on_the_days_after_alone_is_refused(scene):
    rules = mine_rules(scene.receipts, lag=(90, 210), until="2025-01-01")
    with pytest.raises(TableError, match="Give all receipts, the older ones too"):
        rules.prove(scene.receipts[scene.receipts.time >= "2025-01-01"])


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
    by_then = int((right.table.due <= pd.Timestamp("2025-07-14")).sum())
    result = check("44c", by_then)
    assert result.mistake == "all_due_until_then" and "late ones and those who have perhaps stopped" in result.message
    for horizon, name in ((7, "a_week"), (13, "a_day_less"), (15, "a_day_more"), (30, "a_month")):
        assert check("44c", len(list_refills(lines, "2025-07-01", horizon=horizon).due_now)).mistake == name
    assert check("44c", right.due_now.customer_id.nunique()).mistake == "customers"
    assert check("44c", round(right.due_now.chance.sum())).mistake == "expected"
    last = lines.drop_duplicates(["customer_id", "substance"], keep="last")
    ends = last.time + pd.to_timedelta(last.pack, unit="D")
    in_days = int(ends.between("2025-07-01", "2025-07-14").sum())
    assert check("44c", in_days).mistake == "last_pack_in_days"


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
    with_other = later[later.product_id != "A 30"].customer_id.nunique()
    assert check("44d", round(new / with_other, 3)).mistake == "of_those_with_another_product"
    substances = later[is_new].drop_duplicates(["customer_id", "substance"])
    assert check("44d", round(len(substances) / len(plain), 3)).mistake == "substances_for_customers"

    def count(from_day, to_day, known, column="substance"):
        old = set(zip(pairs.customer_id[known], pairs[column][known], strict=True))
        window = pairs[days.between(from_day, to_day)]
        fresh = [pair not in old for pair in zip(window.customer_id, window[column], strict=True)]
        return window[fresh].customer_id.nunique() / len(plain)

    slips = {
        "known_of_210_days": count(90, 210, days.between(-210, 0)),
        "known_before_the_day": count(90, 210, days < 0),
        "known_until_the_window": count(90, 210, days < 90),
        "ends_left_out": count(91, 209, days <= 0),
        "products_for_substances": count(90, 210, days <= 0, "product_id"),
    }
    for name, share in slips.items():
        assert check("44d", share).mistake == check("44d", round(share, 3)).mistake == name


def test_other_buyers_of_the_tablets_are_named(register):
    def count(rows):
        pairs, days = join(rows.reset_index(), register)
        had = pairs[days <= 0][["customer_id", "substance"]].drop_duplicates()
        window = pairs[days.between(90, 210)].merge(had, how="left", indicator=True)
        return window[window._merge == "left_only"].customer_id.nunique() / len(rows)

    lines = register[register.product_id == "A 30"].sort_values("time")
    over = lines[lines.time + pd.Timedelta(210, "D") < "2025-07-01"]
    every = count(lines.drop_duplicates("customer_id"))
    assert "windows_not_over" in check("44d", every).mistake.split(" or ")
    early = count(over[over.time + pd.Timedelta(210, "D") < END].drop_duplicates("customer_id"))
    assert check("44d", round(early, 3)).mistake == "windows_over_in_2024"
    assert check("44d", count(over.drop_duplicates("customer_id", keep="last"))).mistake == "last_purchase"
    tablets = register[(register.substance == "A") & (register.time + pd.Timedelta(210, "D") < "2025-07-01")]
    assert check("44d", count(tablets.sort_values("time").drop_duplicates("customer_id"))).mistake == "any_pack_of_a"


def test_some_patients_of_the_register_pause_and_come_back(register):
    whole = make_register(53)
    whole = whole[whole.time < "2025-07-01"]
    assert 0.7 * len(whole) < len(register) < len(whole)
    gaps = register.sort_values("time").groupby(["customer_id", "substance"]).time.diff().dt.days
    assert (gaps > 300).any()
    assert whole.groupby(["customer_id", "substance"]).time.diff().dt.days.max() < 300


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
