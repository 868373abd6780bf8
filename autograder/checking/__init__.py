"""Judging answers: the session of checks, the fixtures `student` and `oracle`, the ladder, tolerance and statistics."""
