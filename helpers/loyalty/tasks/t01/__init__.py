"""The pictures of lesson 01; it has no exercise."""

LESSON = "01_meet_the_world"
