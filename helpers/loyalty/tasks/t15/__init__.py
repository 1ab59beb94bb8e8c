"""Exercise 15: its scene, its tasks, and the usual wrong answers."""

LESSON = "15_sales_structure_and_demand"
