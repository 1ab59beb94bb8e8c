"""Report: what the templates compute and show, and how they are run on an analyst's own tables."""
