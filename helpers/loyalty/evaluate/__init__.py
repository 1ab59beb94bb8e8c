"""Evaluate: what a campaign changed, and what may be said when nobody kept a control group."""
