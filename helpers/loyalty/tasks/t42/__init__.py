"""Exercise 42: its scene, its tasks, and the usual wrong answers."""

LESSON = "42_the_learning_loop"
