"""Exercise 12: its scene, its tasks, and the usual wrong answers."""

LESSON = "12_customer_profile"
