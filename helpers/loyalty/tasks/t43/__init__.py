"""Exercise 43: its scene, its tasks, and the usual wrong answers."""

LESSON = "43_would_another_plan_have_won"
