"""Exercise 45: its scene, its tasks, and the usual wrong answers."""

LESSON = "45_recommend_and_message"
