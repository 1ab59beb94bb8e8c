"""Exercise 36: its scene, its tasks, and the usual wrong answers."""

LESSON = "36_broken_campaigns"
