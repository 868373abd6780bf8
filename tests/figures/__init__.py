"""What the grader draws with a submission's functions for work that a person grades: one module per task, with a function `draw`."""
