"""Segment: which customers belong together, for a stated task."""
