"""One submission from intake to record: the run, the points, and grading again."""
