"""Inputs and checks that students also get, one file per task; they never import reference/."""
