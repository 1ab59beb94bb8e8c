"""Sales structure and demand (lesson 15): what is sold, to whom, and what comes next.

classes (ABC-XYZ), mix (categories of segments), season (index of months or weekdays), periods (lines reduced to days,
weeks or months), forecast and backtest (rolling origin, MASE, bias, coverage) with their methods and scores.
"""

from loyalty.prepare.demand.backtest import DemandBacktest, backtest_demand
from loyalty.prepare.demand.classes import ItemClasses, classify_abc_xyz
from loyalty.prepare.demand.forecast import DemandForecast, forecast_demand
from loyalty.prepare.demand.mix import SegmentMix, mix_by_segment
from loyalty.prepare.demand.periods import Demand, flag_periods, sum_demand
from loyalty.prepare.demand.season import Season, season_of

__all__ = [
    "Demand",
    "DemandBacktest",
    "DemandForecast",
    "ItemClasses",
    "Season",
    "SegmentMix",
    "backtest_demand",
    "classify_abc_xyz",
    "flag_periods",
    "forecast_demand",
    "mix_by_segment",
    "season_of",
    "sum_demand",
]
