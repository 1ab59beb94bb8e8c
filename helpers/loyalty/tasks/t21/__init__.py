"""Exercise 21: its scene, its tasks, and the usual wrong answers."""

LESSON = "21_rank_customers"
