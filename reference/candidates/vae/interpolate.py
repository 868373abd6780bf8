"""What is held against the checks of `interpolate`."""

import torch
from torch import Tensor

from autograder.authoring.candidates import graded, right, wrong
from reference.vae import interpolate

# ------------------------------------------------------------------------------------------------------- named mistakes


def _line(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    """The right answer under another name: with other shares on top of other mistakes, any constant row would be two of them."""
    return torch.lerp(z_b, z_a, alphas[:, None])


@wrong(
    "ends_swapped",
    "The ends are swapped: α is the share of z_a, so α = 1 gives z_a and α = 0 gives z_b.",
    severity="slip",
)
def _ends_swapped(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return interpolate(z_b, z_a, alphas)


@wrong(
    "minus_lost",
    "This is the formula as the handout prints it, which lost a minus: z_α = α z_a + (1 − α) z_b.",
    severity="slip",
)
def _minus_lost(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return interpolate(z_a, z_b, alphas) + 2 * alphas[:, None] * z_b


@wrong("subtracted", "(1 − α) z_b is subtracted; it is added to α z_a.", severity="slip")
def _subtracted(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return interpolate(z_a, -z_b, alphas)


@wrong(
    "own_steps",
    "Equally spaced steps are made up; the points are asked for at the α that are passed.",
    severity="gap",
    credit=0.5,
)
def _own_steps(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return _line(z_a, z_b, torch.linspace(0, 1, len(alphas), dtype=alphas.dtype))


@wrong(
    "end_overwritten",
    "z_a is overwritten in the loop, so that every step starts from the point before it.",
    severity="slip",
)
def _end_overwritten(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    points = []
    for alpha in alphas:
        z_a = alpha * z_a + (1 - alpha) * z_b
        points.append(z_a)
    return torch.stack(points)


@wrong(
    "other_end_overwritten",
    "z_b is overwritten in the loop, so that every step starts from the point before it.",
    severity="slip",
)
def _other_end_overwritten(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    points = []
    for alpha in alphas:
        z_b = alpha * z_a + (1 - alpha) * z_b
        points.append(z_b)
    return torch.stack(points)


@wrong(
    "spherical",
    "This is a spherical interpolation; a linear one is asked for, with the weights α and 1 − α.",
    severity="slip",
    credit=0.5,
)
def _spherical(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    angle = torch.acos(torch.dot(z_a, z_b) / (z_a.norm() * z_b.norm()))
    share = alphas[:, None]
    return (torch.sin(share * angle) * z_a + torch.sin((1 - share) * angle) * z_b) / torch.sin(angle)


@wrong(
    "unit_variance",
    "The weights are divided by the root of the sum of their squares; α and 1 − α add up to 1 as they are.",
    severity="slip",
    credit=0.5,
)
def _unit_variance(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return interpolate(z_a, z_b, alphas) / (alphas**2 + (1 - alphas) ** 2).sqrt()[:, None]


@wrong("first_missing", "α z_a is missing: only (1 − α) z_b is there.", severity="gap")
def _first_missing(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return interpolate(0 * z_a, z_b, alphas)


@wrong("second_missing", "(1 − α) z_b is missing: only α z_a is there.", severity="gap")
def _second_missing(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return interpolate(z_a, 0 * z_b, alphas)


@wrong(
    "whole_of_second",
    "z_b is added in full; its share is 1 − α.",
    severity="slip",
)
def _whole_of_second(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return interpolate(z_a, z_b, alphas) + alphas[:, None] * z_b


@wrong(
    "away_from_the_other",
    "The difference has the wrong sign: the points lie beyond an end, not between the two.",
    severity="slip",
)
def _away_from_the_other(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return z_b + alphas[:, None] * (z_b - z_a)


@wrong("midpoint", "Every point is the middle of the two: α makes no difference.", severity="empty")
def _midpoint(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return (0.5 * (z_a + z_b)).expand(len(alphas), -1)


@wrong("one_end", "Every point is one of the two ends: α makes no difference.", severity="empty", credit=0.0)
def _one_end(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return z_a.expand(len(alphas), -1).clone()


@wrong("one_end")
def _the_other_end(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return z_b.expand(len(alphas), -1).clone()


@wrong(
    "first_share_only",
    "All points are computed with the first α; every row has its own.",
    severity="gap",
)
def _first_share_only(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return _line(z_a, z_b, alphas[:1].expand(len(alphas)))


@wrong("shares_squared", "α² stands where α belongs.", severity="slip")
def _shares_squared(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return interpolate(z_a, z_b, alphas**2)


@wrong(
    "reversed_order",
    "The rows are in the reverse order; the first row belongs to the first α.",
    severity="slip",
    credit=0.7,
)
def _reversed_order(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return interpolate(z_a, z_b, alphas.flip(0))


@wrong(
    "detached",
    "The result is detached from the graph (`detach`, `.data`, numpy or `no_grad`), so no gradient reaches the two points.",
    severity="slip",
    credit=0.75,
)
def _detached(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return interpolate(z_a, z_b, alphas).detach()


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("minus_lost")
def _as_printed_as_product(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return alphas[:, None] * z_a + alphas[:, None] * z_b


@wrong("own_steps")
def _own_steps_downwards(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return _line(z_a, z_b, torch.linspace(1, 0, len(alphas), dtype=alphas.dtype))


@wrong("own_steps")
def _own_steps_from_a_tenth(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return _line(z_a, z_b, torch.linspace(0.1, 1, len(alphas), dtype=alphas.dtype))


@wrong("own_steps")
def _own_steps_without_the_last(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return _line(z_a, z_b, torch.arange(len(alphas), dtype=alphas.dtype) / len(alphas))


@wrong("away_from_the_other")
def _beyond_the_first(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return z_a + alphas[:, None] * (z_a - z_b)


@wrong("spherical")
def _spherical_from_the_other_end(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return _spherical(z_b, z_a, alphas)


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("ends_swapped", rewritten=True)
def _lerp(z_a, z_b, alphas):
    return torch.lerp(z_a, z_b, alphas.unsqueeze(1))


@wrong("ends_swapped", rewritten=True)
def _from_the_first_towards_the_second(z_a, z_b, alphas):
    return torch.stack([z_a + a * (z_b - z_a) for a in alphas])


@wrong("minus_lost", rewritten=True)
def _one_plus_alpha(z_a, z_b, alphas):
    return torch.outer(alphas, z_a) + torch.outer(1 + alphas, z_b)


@wrong("end_overwritten", rewritten=True)
def _in_place(z_a, z_b, alphas):
    z = z_a.clone()
    rows = []
    for a in alphas:
        z = torch.lerp(z_b, z, a)
        rows.append(z.clone())
    return torch.stack(rows)


@wrong("detached", rewritten=True)
def _numpy(z_a, z_b, alphas):
    a = alphas.detach().numpy()[:, None]
    return torch.from_numpy(a * z_a.detach().numpy() + (1 - a) * z_b.detach().numpy())


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _sorted_shares(z_a, z_b, alphas):
    return torch.lerp(z_b, z_a, alphas.sort().values[:, None])


@wrong()
def _shares_rounded(z_a, z_b, alphas):
    return torch.lerp(z_b, z_a, (10 * alphas).round()[:, None] / 10)


@wrong()
def _first_coordinate_kept(z_a, z_b, alphas):
    points = torch.lerp(z_b, z_a, alphas[:, None])
    return torch.cat([z_a[:1].expand(len(alphas), 1), points[:, 1:]], 1)


# ----------------------------------------------------------------------------------------------- what people gave for it


@graded(0.6, "From z_a to z_b for α from 0 to 1, in a loop.")
def _the_other_way_round(z_a, z_b, alphas):
    return torch.stack([(1 - a) * z_a + a * z_b for a in alphas])


# -------------------------------------------------------------------------------------------------------- right answers


@right("outer", "Two outer products.")
def _outer(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return torch.outer(alphas, z_a) + torch.outer(1 - alphas, z_b)


@right("matrix_product", "The weights as a matrix with two columns, times the two points.", second=True)
def _matrix_product(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return torch.stack([alphas, 1 - alphas], dim=1) @ torch.stack([z_a, z_b])


@right("lerp", "torch.lerp from z_b to z_a.")
def _right_lerp(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return torch.lerp(z_b, z_a, alphas[:, None])


@right("difference", "From z_b on, by the share α of the difference.")
def _difference(start: Tensor, end: Tensor, t: Tensor) -> Tensor:
    return end + t[:, None] * (start - end)


@right("loop", "A loop over the α, as the handout's function of one α suggests.")
def _loop(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return torch.stack([a * z_a + (1 - a) * z_b for a in alphas])


@right("numbers", "A loop over the α as Python numbers.")
def _numbers(z_a: Tensor, z_b: Tensor, alphas: Tensor) -> Tensor:
    return torch.stack([a * z_a + (1.0 - a) * z_b for a in alphas.tolist()])


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

_SHARES = "Shares are chosen for a picture: nothing is differentiated with respect to them."
EQUIVALENT = {
    "detach gradient: share = alphas[:, None] -> share = alphas[:, None].detach()": _SHARES,
    "detach gradient: share -> share.detach()": _SHARES,
    "detach gradient: share -> share.detach() #2": _SHARES,
}
