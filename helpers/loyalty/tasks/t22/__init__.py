"""Exercise 22: its scene, its tasks, and the usual wrong answers."""

LESSON = "22_rules_and_life_cycle"
