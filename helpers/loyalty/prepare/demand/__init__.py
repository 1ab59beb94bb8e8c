"""Sales structure and demand (lesson 15): what is sold, to whom, and what comes next.

classes (ABC-XYZ), mix (categories of segments), season (index of months or weekdays), periods (lines reduced to days,
weeks or months), forecast and backtest (rolling origin, MASE, bias, coverage) with their methods.
"""

from loyalty.prepare.demand.backtest import DemandBacktest, backtest_demand
from loyalty.prepare.demand.forecast import DemandForecast, forecast_demand
from loyalty.prepare.demand.periods import Demand, flag_periods, sum_demand

__all__ = [
    "Demand",
    "DemandBacktest",
    "DemandForecast",
    "backtest_demand",
    "flag_periods",
    "forecast_demand",
    "sum_demand",
]
