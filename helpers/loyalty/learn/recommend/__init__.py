"""Recommend and message (lesson 45): look-alikes, recommendations (collaborative filtering), and the send list.

- `find_lookalikes`: who is like the customers on a list, with a calibrated probability, scored on held-out seeds;
  `LookAlikes.prove` holds them against what they did later.
- `score_recommenders`: hit rate, NDCG, coverage and novelty by a time split, beside best-sellers and buy-it-again;
  `score_visitors` for visitors of whom one product is known.
- `recommend_products`, `recommend_beside`: the lists, with reasons.
- `plan_messages`, `export_messages`: what may go out to whom, who is withheld, and the files for the sender.
"""

from loyalty.learn.recommend.export import HandOver, export_messages
from loyalty.learn.recommend.lists import Recommendations, recommend_beside, recommend_products
from loyalty.learn.recommend.lookalikes import LookAlikes, SeedProof, find_lookalikes
from loyalty.learn.recommend.scores import RecommenderScores, score_recommenders
from loyalty.learn.recommend.sending import SendList, plan_messages
from loyalty.learn.recommend.visitors import VisitorScores, score_visitors

__all__ = [
    "HandOver",
    "LookAlikes",
    "Recommendations",
    "RecommenderScores",
    "SeedProof",
    "SendList",
    "VisitorScores",
    "export_messages",
    "find_lookalikes",
    "plan_messages",
    "recommend_beside",
    "recommend_products",
    "score_recommenders",
    "score_visitors",
]
