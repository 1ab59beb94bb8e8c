"""Exercise 03: its scene, its tasks, and the usual wrong answers."""

LESSON = "03_numbers_that_lie"
