"""Exercise 26: its scene, its tasks, and the usual wrong answers."""

LESSON = "26_refresh_and_drift"
