"""Clusters (lesson 23): scaling, whether there are groups, four methods, stability, profiles and names, a rule tree."""

from loyalty.segment.clusters.agreement import Agreement, compare_segmentations
from loyalty.segment.clusters.choice import KChoice, choose_k
from loyalty.segment.clusters.grouping import Clustering, assign_clusters, cluster_customers
from loyalty.segment.clusters.groups import GroupTest, find_groups
from loyalty.segment.clusters.null_cloud import draw_null_cloud
from loyalty.segment.clusters.profiles import ClusterProfiles, name_clusters, profile_clusters
from loyalty.segment.clusters.rule_tree import RuleTree, apply_rules, learn_rules
from loyalty.segment.clusters.scaling import ScaledFeatures, scale_features
from loyalty.segment.clusters.shares import share_spend
from loyalty.segment.clusters.stability import Stability, measure_stability

__all__ = [
    "Agreement",
    "ClusterProfiles",
    "Clustering",
    "GroupTest",
    "KChoice",
    "RuleTree",
    "ScaledFeatures",
    "Stability",
    "apply_rules",
    "assign_clusters",
    "choose_k",
    "cluster_customers",
    "compare_segmentations",
    "draw_null_cloud",
    "find_groups",
    "learn_rules",
    "measure_stability",
    "name_clusters",
    "profile_clusters",
    "scale_features",
    "share_spend",
]
