"""Checking of answers: grading, hints, bets, progress, and the cards that show them."""
