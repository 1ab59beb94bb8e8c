"""Exercise 37: its scene, its tasks, and the usual wrong answers."""

LESSON = "37_who_to_target"
