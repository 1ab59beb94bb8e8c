"""Exercise 31: its scene, its tasks, and the usual wrong answers."""

LESSON = "31_the_club_card_trap"
