"""Exercise 38: its scene, its tasks, and the usual wrong answers."""

LESSON = "38_spend_the_budget"
