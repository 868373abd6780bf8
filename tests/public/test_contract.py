"""The first rungs of every function: it exists, can be called as documented, and returns what the signature says."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.checking import check_each
from tests.public import cases

BATCH_AXIS = {
    "gaussian_log_density": "B",
    "bernoulli_log_density": "B",
    "sample_gaussian": "B",
    "kl_standard_normal": "B",
    "ppca_posterior": "B",
    "ppca_log_likelihood": "N",
    "elbo": "B",
    "log_mean_exp": "B",
    "estimate_log_likelihood": "B",
}


@check_each(cases.FUNCTION_TASKS, "contract")
@settings(max_examples=8)
@given(size=st.sampled_from(cases.SIZES), dtype=st.sampled_from(cases.DTYPES), seed=st.integers(0, 2**31 - 1))
def test_contract(student, task, size, dtype, seed):
    """`{task}` exists, takes the documented arguments, and returns finite values of the documented type, dtype and
    shape without changing its inputs.
    """
    dtype = torch.float32 if task in cases.ONLY_FLOAT32 else dtype
    student.value(cases.build(task, size, dtype, seed), untouched=True)


@check_each(list(BATCH_AXIS), "vectorised")
def test_vectorised(student, task):
    """`{task}` needs no Python loop over the batch: the number of tensor operations does not grow with it."""
    axis = BATCH_AXIS[task]
    dtype = torch.float64
    few, many = (student.operations(cases.build(task, cases.SIZES[3].but(**{axis: n}), dtype)) for n in (6, 29))
    case = cases.build(task, cases.SIZES[3].but(**{axis: 29}), dtype)
    student.require(
        many <= few + 10,
        case,
        f"`{task}` runs {few} tensor operations for a batch of 6, but {many} for a batch of 29",
        help="Replace the loop over examples by operations on whole tensors; sums over an axis take `dim=`.",
    )
