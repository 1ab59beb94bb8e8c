"""Money (lesson 34): profit per customer assigned, break-even, and what another test would be worth."""

from loyalty.evaluate.money.break_even import BreakEven, find_break_even, plan_economics
from loyalty.evaluate.money.profit import Money, campaign_money, compare_money
from loyalty.evaluate.money.value_of_testing import TestValue, decide, find_loss_chance, value_test

__all__ = [
    "BreakEven",
    "find_break_even",
    "plan_economics",
    "Money",
    "campaign_money",
    "compare_money",
    "TestValue",
    "decide",
    "find_loss_chance",
    "value_test",
]
