"""Weights of a log's rows for another plan: their effective sample size (Kish), and how the plans overlap."""

from __future__ import annotations

import numpy as np
import pandas as pd

from loyalty.learn.offpolicy.log import PolicyLog


def weigh_rows(log: PolicyLog, plan: np.ndarray) -> np.ndarray:
    """Weigh each row: the chance of its arm under the plan over the chance by which it was drawn.

    Parameters
    ----------
    log : PolicyLog
    plan : array, rows × arms

    Returns
    -------
    array
        0 where the plan would never give what was drawn; the mean is 1 on average.
    """
    return np.asarray(plan[np.arange(len(log)), log.arm] / log.propensity)


def list_overlap(log: PolicyLog, plan: np.ndarray, weight: np.ndarray) -> pd.DataFrame:
    """List for each arm what the plan wants and what the log has.

    Parameters
    ----------
    log : PolicyLog
    plan : array, rows × arms
    weight : array

    Returns
    -------
    pandas.DataFrame
        One row an arm: arm, planned (share), logged (share), rows, ess of its rows, biggest_weight.
    """
    arms = len(log.arms)
    rows = np.bincount(log.arm, minlength=arms)
    total = np.bincount(log.arm, weight, arms)
    squares = np.bincount(log.arm, weight**2, arms)
    biggest = np.zeros(arms)
    np.maximum.at(biggest, log.arm, weight)
    return pd.DataFrame(
        {
            "arm": log.arms,
            "planned": plan.mean(axis=0),
            "logged": rows / len(log),
            "rows": rows,
            "ess": np.divide(total**2, squares, out=np.zeros(arms), where=squares > 0),
            "biggest_weight": biggest,
        }
    )
