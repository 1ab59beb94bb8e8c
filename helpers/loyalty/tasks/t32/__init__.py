"""Exercise 32: its scene, its tasks, and the usual wrong answers."""

LESSON = "32_design_the_test"
