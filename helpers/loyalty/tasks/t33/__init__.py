"""Exercise 33: its scene, its tasks, and the usual wrong answers."""

LESSON = "33_measure_the_lift"
