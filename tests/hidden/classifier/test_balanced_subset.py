"""Random subset with equally many images of every digit: how many of each, none twice, and all equally likely."""

from itertools import combinations

import numpy as np
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from autograder.authoring import Case, Draw, Sizes, check, drawn_sizes
from autograder.checking.statistics import noise_test, share_of
from tests.public.classifier.test_balanced_subset import balanced_subset

SIZES = st.one_of(drawn_sizes(S=(1, 9), N=(1, 60)), drawn_sizes(S=(101, 200), N=(1, 900)))
"""How many of each digit are asked for, and how many more images there are."""
PLANS = (
    (5, 1, 300, {}),
    (4, 2, 300, {"own_generator": False}),
    (5, 3, 200, {"one_generator": True}),
    (90, 1, 200, {}),
)
"""Images of each digit, how many of them are asked for, calls, and how: few, so that every set of images has its share, and many."""


def chosen(student, case):
    """Return the digits of the images chosen, and their indices, which must lie within the labels."""
    indices, labels = student.value(case).long(), case.arguments["labels"]
    inside = bool(((indices >= 0) & (indices < len(labels))).all())
    student.require(inside, case, "there are indices outside of `labels`", help="They are numbers from 0 to N − 1.")
    return labels[indices], indices


@check("balanced_subset", "balanced")
@example(size=Sizes({"S": 1, "N": 1}), seed=1)
@example(size=Sizes({"S": 3, "N": 40}), seed=2)
@example(size=Sizes({"S": 120, "N": 2000}), seed=3)
@settings(max_examples=15)
@given(size=SIZES, seed=st.integers(0, 2**31 - 1))
def test_balanced(student, size, seed):
    """There are exactly `per_class` images of every digit, from 0 to 9, also where some digits occur more often than others."""
    case = balanced_subset.build(size, torch.float64, seed)
    digits, _ = chosen(student, case)
    counts, per_class = torch.bincount(digits, minlength=10), case.arguments["per_class"]
    student.sees(case, "the images of each digit", counts)
    message = "the digits are not chosen equally often, `per_class` times each"
    help_text = "Choose among the images of one digit at a time: labels == digit."
    got, expected = f"{counts.tolist()} images of the ten digits", f"{per_class} of each"
    student.require(bool((counts == per_class).all()), case, message, help=help_text, got=got, expected=expected)


@check("balanced_subset", "distinct", after=["balanced"])
@settings(max_examples=8)
@given(size=drawn_sizes(S=(3, 30), N=(1, 40)), seed=st.integers(0, 2**31 - 1))
def test_distinct(student, size, seed):
    """No image is chosen twice."""
    case = balanced_subset.build(size, torch.float64, seed)
    _, indices = chosen(student, case)
    twice = len(indices) - len(indices.unique())
    student.sees(case, "whether images are chosen twice", twice > 0)
    help_text = "Draw without replacement: torch.randperm, or replace=False."
    student.require(twice == 0, case, "an image is chosen twice", help=help_text, got=f"{twice} repeated", expected="0")


@check("balanced_subset", "random", after=["distinct"])
def test_random(student):
    """Every set of images of a digit is as likely as every other, and every digit and every call draws anew."""
    for turn, (images, per_class, calls, manner) in enumerate(PLANS):
        seed = student.lot(f"plan {turn}")
        labels = torch.arange(10).repeat(images)
        labels = labels[Draw(torch.float64, seed).normal(len(labels)).argsort()]
        case = Case("balanced_subset", {"labels": labels, "per_class": per_class}, seed=seed)
        found = positions(student, case, calls, manner)
        student.sees(case, "the places of the images chosen among those of their digit", found, interchangeable=True)
        sets = {places: k for k, places in enumerate(combinations(range(images), per_class))}
        number = np.array([[sets[tuple(places)] for places in call] for call in found.reshape(calls, 10, per_class)])
        # a number from 0 to K − 1, all equally likely, with a fraction added, is uniform: its normal score is N(0, 1)
        fraction = np.random.default_rng(seed).uniform(1e-6, 1 - 1e-6, number.shape)
        verdict = noise_test(ndtri((number + fraction) / len(sets))[..., None], false_fail=share_of(len(PLANS)))
        message = "not every choice of images is equally likely, for every digit and every call by itself"
        student.judge(
            verdict, case, message, help="torch.randperm of the images of a digit, anew for each, without a seed."
        )


def positions(student, case, calls, manner):
    """Return for every call the places of the images chosen among those of their digit, in order, digit by digit: (calls, 10 per_class)."""
    labels, per_class = case.arguments["labels"], case.arguments["per_class"]
    place = torch.empty(len(labels), dtype=torch.long)
    for digit in range(10):
        place[labels == digit] = torch.arange(int((labels == digit).sum()))
    rows = torch.from_numpy(student.draws(case, **manner)(0, calls)).long().reshape(calls, -1).clamp(0, len(labels) - 1)
    keys = (labels[rows] * len(labels) + place[rows]).sort(dim=1).values
    digits = torch.arange(10).repeat_interleave(per_class)
    even = keys.shape[1] == len(digits) and bool((keys // len(labels) == digits).all())
    message = "some of many calls do not choose `per_class` images of every digit"
    student.require(even and bool((keys.diff(dim=1) > 0).all()), case, message)
    return (keys % len(labels)).numpy()
