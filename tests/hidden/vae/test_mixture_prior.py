"""A mixture of Gaussians as the prior of a VAE: what only the grader runs. Nothing depends on names, or on how weights and variances are
parameterised: the density is integrated, draws are held against it, and free parameters are counted by the rank of its gradients.

All of it is asked once more with other parameters, as they are after some training: at the start weights are equal and variances 1.
"""

import numpy as np
import torch

from autograder.authoring import Case, check
from autograder.checking.statistics import gaussian_sample_test, independence_test, share_of
from tests.hidden.vae.density import Grid, log_prob, move, normal
from tests.hidden.vae.mixture import log_normal

POINTS = 48
"""At which gradients are asked for: more than a mixture of four has free parameters in two dimensions."""
TURNS = 4
"""A mixture may happen to have components that can hardly be told apart: it is asked about others then."""
LEAST_SINGULAR = 2e-6
"""Singular values that are smaller than this part of the largest one are rounding in float32."""
DRAWS = 4096
ROUGH = 0.004
"""A share of the draws: where the grid knows the distribution function no better, the draws are not judged."""
LEAST_TOGETHER = 0.01
"""Nats."""


def asked(student, latents, components=None, turn=0):
    """How a mixture is made, for this submission."""
    rng = np.random.default_rng(student.lot(f"sizes {latents} {turn}"))
    arguments = {"n_components": int(rng.integers(3, 5)) if components is None else components, "latent_dim": latents}
    return Case("mixture_prior", arguments, seed=student.lot(f"start {latents} {turn}") % 2**31)


def mixture(student, latents, components=None, moved=True, turn=0):
    """A mixture, at the start or as after some training."""
    made = student.make(asked(student, latents, components, turn))
    if moved:
        move(student, made, student.lot(f"moved {latents} {turn}"))
    return made


def grid_of(student, made, latents):
    """Its density at nodes that differ from submission to submission."""
    return Grid.of(made, latents, shift=student.lot("grid") % 1009 / 1009)


def somewhere(student, *shape):
    """Points for this submission."""
    return 2.0 * torch.randn(*shape, generator=torch.Generator().manual_seed(student.lot("z") % 2**31))


def fact(student, made, what, *numbers):
    """Tell the diagnosis what does not depend on the parameters."""
    student.sees(made.case, what, torch.tensor([float(number) for number in numbers], dtype=torch.float64))


@check("mixture_prior", "value")
def test_value(student):
    """exp(log_prob) is a density: in one dimension and in two it integrates to 1, at the start and with other parameters."""
    found = []
    for latents, moved in ((1, False), (1, True), (2, False), (2, True)):
        made = mixture(student, latents, moved=moved)
        grid = grid_of(student, made, latents)
        total = grid.integral()
        found.append((made, latents, moved, total, abs(total - 1.0) < 2e-3 or not grid.resolved()))
    points = somewhere(student, 9, 1)
    standard = bool(
        np.abs(log_prob(found[1][0], points) - np.asarray(log_normal(points, 0 * points, 0 * points))).max() < 1e-4
    )
    fact(
        student, found[0][0], "whether it integrates to 1", *(right for *_, right in found), found[0][3] > 1.0, standard
    )
    for made, latents, moved, total, right in found:
        when = "with other parameters, as after some training" if moved else "at the start"
        message = (
            f"with {latents} latent variable{'s'[: latents - 1]} it integrates to {total:.4g} {when}, but should to 1"
        )
        help_text = "Weights that add up to 1 whatever the parameters are, Gaussians with their constants, a sum over latent variables."
        student.require(right, made.case, message, help=help_text)


@check("mixture_prior", "single")
def test_single(student):
    """With one component it is a Gaussian in any number of dimensions: log_prob is quadratic in z, with its normalising constant."""
    made = mixture(student, 5, components=1)
    z = somewhere(student, 120, 5)
    values, z = log_prob(made, z), np.asarray(z, dtype=np.float64)
    rows, columns = np.triu_indices(5)
    features = np.concatenate([np.ones((len(z), 1)), z, z[:, rows] * z[:, columns]], axis=1)
    found, *_ = np.linalg.lstsq(features, values, rcond=None)
    quadratic = bool(np.abs(features @ found - values).max() < 1e-4 * max(1.0, np.abs(values).max()))
    precision = np.zeros((5, 5))
    precision[rows, columns] = -found[6:]
    precision = precision + precision.T
    sign, log_det = np.linalg.slogdet(precision)
    positive = quadratic and sign > 0 and bool((np.linalg.eigvalsh(precision) > 0).all())
    excess = 0.0
    if positive:
        mean = np.linalg.solve(precision, found[1:6])
        excess = float(found[0] + 0.5 * mean @ precision @ mean - 0.5 * log_det + 2.5 * np.log(2 * np.pi))
    fact(student, made, "whether one component is a Gaussian", quadratic, positive, abs(excess) < 0.01)
    student.require(positive, made.case, "with one component log_prob is not that of a Gaussian")
    message = f"with one component in 5 dimensions log_prob is off by {excess:.4f}"
    student.require(
        abs(excess) < 0.01,
        made.case,
        message,
        help="The constant is −½ Σ (log 2π + log σ²), summed over all dimensions.",
    )


@check("mixture_prior", "joint")
def test_joint(student):
    """A component belongs to the whole of z: the latent variables of a mixture depend on each other."""
    found = []
    for turn in range(TURNS):
        made = mixture(student, 2, turn=turn)
        found.append(grid_of(student, made, 2).together())
        if found[-1] > LEAST_TOGETHER:
            break
    fact(student, made, "whether latent variables depend on each other", found[-1] > LEAST_TOGETHER)
    help_text = (
        "Sum over the latent variables inside a component (`Independent(Normal(...), 1)`), then over the components."
    )
    message = (
        "log_prob is a sum of one function for each latent variable, as if each of them had a component of its own"
    )
    student.require(found[-1] > LEAST_TOGETHER, made.case, message, help=help_text)


@check("mixture_prior", "samples")
def test_samples(student):
    """Draws follow exp(log_prob): components are drawn by their weights, and every draw has noise of its own in every dimension."""
    share, verdicts, facts = share_of(8), [], []
    for latents, turn in ((1, 0), (1, 1), (2, 0), (2, 1)):
        made = mixture(student, latents, turn=turn)
        grid, seed = grid_of(student, made, latents).near(made), student.lot(f"draws {latents} {turn}")
        call = made.call("sample", {"n": DRAWS}, seed=seed)
        drawn = np.asarray(student.value(call).double())
        uniform = grid.uniform(drawn)
        exact = all(np.abs(u - v).max() < 4 * ROUGH for u, v in zip(uniform, grid.halved().uniform(drawn), strict=True))
        standard = [normal(u).clip(-8.0, 8.0) for u in uniform]
        tests = [gaussian_sample_test(z, false_fail=share) for z in standard]
        tests.extend([independence_test(*standard, false_fail=share)] if latents == 2 else [])
        verdicts.extend((call, verdict) for verdict in tests if exact)
        first = drawn[:, 0]
        for like in (first, (first - first.mean()) / max(float(first.std()), 1e-9)):  # N(0, 1), or any other Gaussian
            facts.append(gaussian_sample_test(like.clip(-99.0, 99.0)).decision == "pass")
        facts.extend(
            [not exact or all(verdict.decision == "pass" for verdict in tests), len(np.unique(drawn, axis=0)) > 8]
        )
    fact(student, made, "what draws are like", *facts)
    for call, verdict in verdicts:
        message = "the draws do not follow the density that `log_prob` gives, with the parameters that it holds"
        help_text = "A component by the weights π for every draw, then mean and standard deviation of that component."
        student.judge(verdict, call, message, help=help_text)


@check("mixture_prior", "fresh")
def test_fresh(student):
    """Every call and every draw has noise of its own."""
    made = mixture(student, 3)
    seeds = [student.lot("one") % 2**31, student.lot("other") % 2**31]
    first, other = (made.value("sample", {"n": 64}, seed=seed) for seed in seeds)
    calls, rows = bool((first == other).all(-1).any()), len(torch.unique(first, dim=0)) < 64
    fact(student, made, "whether draws repeat", calls, rows)
    call = made.call("sample", {"n": 64})
    student.require(not calls, call, "another call, with another seed, repeats draws", help="Set no seed inside.")
    student.require(not rows, call, "draws of one call repeat each other")


@check("mixture_prior", "learned")
def test_learned(student):
    """Weights, means and variances are all learnt: gradients of log_prob reach as many free parameters as a mixture has."""
    excess = -np.inf
    for turn in range(TURNS):
        made = mixture(student, 2, turn=turn)
        K = made.case.arguments["n_components"]
        rank, right = rank_of(jacobian_of(student, made)), K - 1 + 2 * K * 2
        excess = max(excess, rank - right)
        if excess >= 0:
            break
    fact(student, made, "how many parameters are free", min(excess, 0))
    message = f"{rank} free parameters of the density are learnt, but a mixture of {K} in 2 dimensions has {right}"
    help_text = "Weights (their sum is fixed), and a mean and a variance for every component and dimension: each an nn.Parameter."
    student.require(excess >= 0, made.case, message, help=help_text)


def jacobian_of(student, made):
    """Gradients of log_prob by all parameters, one row for each of some points; a single 0 where there are none."""
    grid, seed = grid_of(student, made, 2), student.lot("points")
    rows = []
    for point in torch.cat([grid.points(POINTS // 2, seed + turn, power) for turn, power in enumerate((0.5, 0.1))]):
        answer = made.ask("log_prob", {"z": point[None]}, gradients=["self.*"]).gradients
        found = [answer[name] for name in sorted(answer) if answer[name] is not None]
        rows.append(torch.cat([g.double().reshape(-1) for g in found]) if found else torch.zeros(1).double())
    return torch.stack(rows) if len({len(row) for row in rows}) == 1 else torch.zeros(1, 1).double()


def rank_of(jacobian):
    """How many directions of the parameters change a density; each parameter is measured in units of its own."""
    jacobian = jacobian.nan_to_num(0.0, 0.0, 0.0)
    size = jacobian.square().sum(0).sqrt()
    jacobian = jacobian[:, size > 1e-12] / size[size > 1e-12]
    if not jacobian.numel():
        return 0
    singular = torch.linalg.svdvals(jacobian)
    return int((singular > LEAST_SINGULAR * singular[0]).sum())


@check("mixture_prior", "parameters")
def test_parameters(student):
    """It is a module, whose `state_dict` holds all of its parameters."""
    made = mixture(student, 3, components=5, moved=False)
    made.value("log_prob", {"z": somewhere(student, 2, 3)})
    looked = made.inspect(state=True)
    missing = [p.name for p in looked.parameters if p.name not in (looked.state or {})]
    fact(
        student,
        made,
        "its parameters",
        "Module" in looked.bases,
        len(missing),
        looked.count > 0,
        looked.trainable - looked.count,
    )
    student.require("Module" in looked.bases, made.case, "it is no `nn.Module`")
    student.require(
        looked.count > 0, made.case, "it has no parameters", help="Tensors that are no nn.Parameter are never learnt."
    )
    student.require(not missing, made.case, "its `state_dict` does not hold all of its parameters")


@check("mixture_prior", "initial")
def test_initial(student):
    """At the start components differ from each other: those that are alike would stay so for ever."""
    made = mixture(student, 3, components=5, moved=False)
    made.value("log_prob", {"z": somewhere(student, 2, 3)})
    state = made.inspect(state=True).state or {}
    rows = [row for value in state.values() for row in rows_of(value.double())]
    alike = len(rows) >= 5 and len(torch.unique(torch.stack(rows), dim=0)) <= len(rows) // 5
    fact(student, made, "whether components are alike", alike)
    help_text = "Draw the means at random: they get equal gradients as long as they are equal."
    student.require(
        not alike, made.case, "all components begin with the same mean and the same variances", help=help_text
    )


def rows_of(value):
    """What a tensor holds for each of five components in three dimensions."""
    value = value.squeeze()
    if value.shape == (3,):
        return [value]
    if sorted(value.shape) != [3, 5]:
        return []
    return list(value if value.shape == (5, 3) else value.mT)


@check("mixture_prior", "gradient")
def test_gradient(student):
    """log_prob can be differentiated by z: gradients reach the encoder through it."""
    made = mixture(student, 1)
    z = somewhere(student, 25, 1)
    found = made.gradient("log_prob", {"z": z}, ["z"])["z"]
    got = None if found is None else np.asarray(found.double()).ravel()
    step = 0.02
    expected = (log_prob(made, z + step) - log_prob(made, z - step)) / (2 * step)
    right = got is not None and bool(np.abs(got - expected).max() < 0.03 * max(1.0, np.abs(expected).max()))
    fact(student, made, "the gradient by z", got is not None, right)
    call = made.call("log_prob", {"z": z})
    student.require(
        got is not None, call, "no gradient of log_prob reaches z", help="No detach, and no torch.no_grad()."
    )
    student.require(right, call, "the gradient by z is not the slope of log_prob")


@check("mixture_prior", "leading", given=True)
def test_leading(student):
    """Samples of a whole batch may be asked about at once: z of shape (S, B, M) gives log-densities of shape (S, B)."""
    made = mixture(student, 2)
    z = somewhere(student, 12, 2)
    flat, got = log_prob(made, z), log_prob(made, z.reshape(3, 4, 2))
    call = made.call("log_prob", {"z": z.reshape(3, 4, 2)})
    right = bool(np.allclose(got.ravel(), flat, atol=1e-4))
    student.require(right, call, "z of shape (3, 4, M) gives other log-densities than its rows")


@check("mixture_prior", "extreme")
def test_extreme(student):
    """log_prob stays finite far away from all components."""
    made = mixture(student, 2)
    z = torch.tensor([[300.0, -200.0], [0.0, 400.0], [0.0, 0.0]]) + somewhere(student, 3, 2)
    found = np.asarray(made.value("log_prob", {"z": z}, finite=False).double())
    finite = bool(np.isfinite(found).all())
    fact(student, made, "whether it is finite far away", finite)
    student.require(
        finite,
        made.call("log_prob", {"z": z}),
        "far from all components log_prob is not finite",
        help="Add up by torch.logsumexp.",
    )
    student.require(
        bool((found[:2] < found[2]).all()), made.case, "far from all components log_prob is no smaller than at 0"
    )
