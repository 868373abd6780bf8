"""An autograder for courses in which students write numerical Python; start reading in docs/architecture.md."""
