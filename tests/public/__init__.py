"""Checks that students also get; they never import reference/."""
