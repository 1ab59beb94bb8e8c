"""Exercise 02: its scene, its tasks, and the usual wrong answers."""

LESSON = "02_jupyter_and_pandas_for_excel_people"
