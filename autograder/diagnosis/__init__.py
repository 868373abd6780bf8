"""Why a check failed: surveys, names of mistakes, and failures that come from another task."""
