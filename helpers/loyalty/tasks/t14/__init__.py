"""Exercise 14: its scene, its tasks, and the usual wrong answers."""

LESSON = "14_the_analytic_store"
