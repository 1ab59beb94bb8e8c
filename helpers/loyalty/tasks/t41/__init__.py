"""Exercise 41: its scene, its tasks, and the usual wrong answers."""

LESSON = "41_response_history"
