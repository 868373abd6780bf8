"""A small assignment, by file: one task with two checks, two named mistakes and a right answer."""

FILES = {
    "rubric.yaml": """
        title: Small
        points: 3
        budgets: {call_seconds: 60, load_seconds: 60}
        training_budgets: {}
        tasks:
          - id: scaled_sum
            title: A sum
            points: 3
            checks: {contract: 1, value: 2}
        tracks:
          full: {title: All, tasks: [scaled_sum]}
    """,
    "reference/sums.py": '''
        """Answers."""
        from jaxtyping import Float
        from torch import Tensor

        def scaled_sum(x: Float[Tensor, "B D"], weight: float) -> Float[Tensor, "B"]:
            """The weighted sum of squares."""
            return weight * (x**2).sum(dim=-1)
    ''',
    "tests/public/sums/test_scaled_sum.py": """
        from autograder.authoring import inputs

        @inputs("scaled_sum")
        def scaled_sum(draw):
            return {"x": draw.normal("B", "D"), "weight": 3.0}
    """,
    "tests/hidden/sums/test_scaled_sum.py": """
        from autograder.authoring import value_check
        from tests.public.sums.test_scaled_sum import scaled_sum

        test_value = value_check(scaled_sum, "The weighted sum of squares.", examples=5)
    """,
    "reference/candidates/sums/scaled_sum.py": """
        from autograder.authoring.candidates import right, wrong
        from reference.sums import scaled_sum

        @wrong("unscaled", "The weight is missing.", severity="slip")
        def _unscaled(x, weight):
            return (x**2).sum(-1)

        @wrong("twice", "It is twice what it should be.", severity="slip", credit=0.7)
        def _twice(x, weight):
            return 2 * scaled_sum(x, weight)

        @right("in_parts", "Weighted first.")
        def _in_parts(x, weight):
            return (weight * x * x).sum(1)
    """,
}
