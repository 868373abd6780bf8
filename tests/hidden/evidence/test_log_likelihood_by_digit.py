"""Mean log-likelihood of every digit: agreement with the reference, with and without all digits."""

from hypothesis import example, given
from hypothesis import strategies as st

from autograder.authoring import DTYPES, Sizes, check, drawn_sizes, siblings, value_check
from tests.public.evidence.test_log_likelihood_by_digit import log_likelihood_by_digit

ALL_DIGITS = st.one_of(drawn_sizes(N=(10, 60)), drawn_sizes(N=(10, 60)), drawn_sizes(N=(513, 1100)))
"""From one image of every digit on."""
ANY = st.one_of(drawn_sizes(N=(1, 25)), drawn_sizes(N=(1, 25)), drawn_sizes(N=(101, 300)))

test_value = value_check(
    log_likelihood_by_digit,
    "The mean of log p(x) over the images of each digit, where all ten occur: the sum over its images, divided by their number.",
    help="Divide by the number of images of that digit: it differs from digit to digit. The labels are in no order.",
    sizes=ALL_DIGITS,
    corners=[Sizes({"N": 10}), Sizes({"N": 2707})],
    moved=True,
    level={"log_p": ()},
)


@check("log_likelihood_by_digit", "missing")
@example(size=Sizes({"N": 1}), dtype=DTYPES[1], seed=1, absent=set())
@example(size=Sizes({"N": 14}), dtype=DTYPES[0], seed=2, absent={9})
@example(size=Sizes({"N": 14}), dtype=DTYPES[1], seed=3, absent={0})
@example(size=Sizes({"N": 14}), dtype=DTYPES[0], seed=4, absent={3, 4, 8})
@given(
    size=ANY,
    dtype=st.sampled_from(DTYPES),
    seed=st.integers(0, 2**31 - 1),
    absent=st.sets(st.integers(0, 9), min_size=1, max_size=9),
)
def test_missing(student, oracle, size, dtype, seed, absent):
    """A digit without any image gets NaN, and the means of the others are right and in their places."""
    case = log_likelihood_by_digit.build(size, dtype, seed, absent=absent)
    help_text = "There are ten entries in any case, entry c for digit c; torch's mean of nothing is NaN."
    for one in (case, *siblings(case)):
        student.agrees(one, oracle.value(one), finite=False, help=help_text)
