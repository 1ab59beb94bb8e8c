"""Exercise 35: its scene, its tasks, and the usual wrong answers."""

LESSON = "35_without_a_control_group"
