"""An autograder for courses on probabilistic machine learning; start reading in docs/architecture.md."""
