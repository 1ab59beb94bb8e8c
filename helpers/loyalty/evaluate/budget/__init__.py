"""The budget (lesson 38): which offer to which segment for this money, and the price of one more euro."""

from loyalty.evaluate.budget.options import cost_offers, read_options
from loyalty.evaluate.budget.plan import BudgetPlan, plan_budget, trace_frontier

__all__ = ["cost_offers", "read_options", "BudgetPlan", "plan_budget", "trace_frontier"]
