"""Exercise 11: its scene, its tasks, and the usual wrong answers."""

LESSON = "11_read_the_receipts"
