"""Exercise 25: its scene, its tasks, and the usual wrong answers."""

LESSON = "25_lifetime_value_and_churn"
