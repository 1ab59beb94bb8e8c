"""Exercise 24: its scene, its tasks, and the usual wrong answers."""

LESSON = "24_micro_segments"
