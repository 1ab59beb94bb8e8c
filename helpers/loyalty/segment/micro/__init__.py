"""Micro-segments (lesson 24): links of customers and products, communities in the bipartite graph, offers from them."""

from loyalty.segment.micro.communities import Communities, find_communities
from loyalty.segment.micro.links import Links, link_customers
from loyalty.segment.micro.offers import OfferScores, score_offers
from loyalty.segment.micro.redraws import CommunityStability, redraw_communities

__all__ = [
    "Communities",
    "CommunityStability",
    "Links",
    "OfferScores",
    "find_communities",
    "link_customers",
    "redraw_communities",
    "score_offers",
]
