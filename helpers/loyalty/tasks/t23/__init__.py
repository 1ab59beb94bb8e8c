"""Exercise 23: its scene, its tasks, and the usual wrong answers."""

LESSON = "23_clusters"
