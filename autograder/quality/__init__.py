"""What grades the grader: the matrix of wrong and right answers, null distributions, benchmarks, the doctor."""
