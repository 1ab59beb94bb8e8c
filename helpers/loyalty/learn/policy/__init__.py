"""Policies (lesson 42): who gets what by which chance, and what a programme of many waves earns with them."""

from loyalty.learn.policy.bands import compare_programmes
from loyalty.learn.policy.customers import describe_customers
from loyalty.learn.policy.policies import (
    BestPolicy,
    EpsilonGreedy,
    EqualSplit,
    Policy,
    ProfileThompson,
    RepeatWinner,
    Thompson,
)
from loyalty.learn.policy.programme import Programme, run_programme, run_programmes
from loyalty.learn.policy.rules import Choice, Rules

__all__ = [
    "compare_programmes",
    "describe_customers",
    "BestPolicy",
    "EpsilonGreedy",
    "EqualSplit",
    "Policy",
    "ProfileThompson",
    "RepeatWinner",
    "Thompson",
    "Programme",
    "run_programme",
    "run_programmes",
    "Choice",
    "Rules",
]
