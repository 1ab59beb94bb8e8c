"""What stands behind `python3 workshop.py`: the set-up, the verbs and the doctor, on the standard library alone."""
