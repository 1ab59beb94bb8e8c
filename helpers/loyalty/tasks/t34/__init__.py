"""Exercise 34: its scene, its tasks, and the usual wrong answers."""

LESSON = "34_lift_in_money"
