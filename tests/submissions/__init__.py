"""Whole submissions and the outcome that each must get. tests/harness/submissions grades them."""
