"""Exercise 13: its scene, its tasks, and the usual wrong answers."""

LESSON = "13_one_customer_many_ids"
