"""Exercise 44: its scene, its tasks, and the usual wrong answers."""

LESSON = "44_the_next_offer"
