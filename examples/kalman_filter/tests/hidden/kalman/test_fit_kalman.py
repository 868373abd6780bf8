"""A fitted model: what only the grader runs. Only densities and forecasts are judged: states may have any basis."""

import torch
from tests.public.kalman.test_fit_kalman import SIZES, fit_kalman

from autograder.authoring import check


def fitted(iterations, seed=8):
    """A call that fits, and asks about new sequences."""
    return fit_kalman.build(SIZES[0], torch.float64, seed, iterations=iterations)


def static(y, new):
    """Log density of new sequences if all observations were independent draws from one Gaussian, fitted to y."""
    flat = y.reshape(-1, y.shape[-1])
    gaussian = torch.distributions.MultivariateNormal(flat.mean(0), torch.cov(flat.mT))
    return gaussian.log_prob(new).sum(-1)


@check("fit_kalman", "fits")
def test_fits(student, oracle):
    """New sequences are as likely as under a good fit: far more than under a Gaussian without memory."""
    case = fitted(40)
    new = case.calls["log_likelihood"]
    floor = static(case.arguments["y"], new["y"]).mean()
    best = oracle.method(oracle.make(case), "log_likelihood", new).mean()
    made = student.make(case)
    got = made.value("log_likelihood", new).mean()
    needed = floor + 0.7 * (best - floor)
    student.require(
        bool(got >= needed),
        made.call("log_likelihood", new),
        "the fit explains new sequences badly",
        got=f"{float(got):.3f} nats per sequence",
        expected=f"at least {float(needed):.3f}",
        help="Are all of A, C, Q and R learnt, from all sequences?",
    )


@check("fit_kalman", "improves")
def test_improves(student):
    """More iterations make the sequences more likely: one more than none, six more than one."""
    likelihoods = []
    for iterations in (0, 1, 6):
        case = fitted(iterations)
        made = student.make(case)
        likelihoods.append(made.value("log_likelihood", {"y": case.arguments["y"]}).sum())
    for fewer, more, iterations in zip(
        likelihoods, likelihoods[1:], ("1 iteration is", "6 iterations are"), strict=False
    ):
        message = f"{iterations} no better than fewer"
        student.require(bool(more > fewer), case, message, help="Is every step done, from the parameters before it?")


@check("fit_kalman", "forecast")
def test_forecast(student):
    """The forecast of the next observation is where the log likelihood of the longer sequence is highest."""
    case = fitted(12)
    made, new = student.make(case), case.calls["predict"]["y"]
    arguments = {"y": new, "steps": 1}
    forecast = made.value("predict", arguments)
    longer = torch.cat([new, forecast], dim=1)
    slope = made.gradient("log_likelihood", {"y": longer}, ["y"])["y"]
    student.require(slope is not None, case, "no gradient reaches the observations", help="Do not detach them.")
    student.close(
        made.call("predict", arguments),
        slope[:, -1],
        torch.zeros_like(slope[:, -1]),
        what="the slope of the log likelihood at the forecast",
        help="C A m, with m the mean of the last filtered state.",
    )


@check("fit_kalman", "steps", after=["forecast"])
def test_steps(student):
    """A longer forecast goes on from a shorter one: it is the forecast after its own first step."""
    case = fitted(12)
    made, new = student.make(case), case.calls["predict"]["y"]
    arguments = {"y": new, "steps": 4}
    far = made.value("predict", arguments)
    again = made.value("predict", {"y": torch.cat([new, far[:, :1]], dim=1), "steps": 3})
    student.close(made.call("predict", arguments), far[:, 1:], again, what="the forecast", help="C Aᵏ m for step k.")


@check("fit_kalman", "states")
def test_states(student):
    """Filtered states have `n_states` numbers, and forecasts are a linear function of them: nothing else is remembered."""
    case = fitted(12)
    made, new = student.make(case), case.calls["predict"]["y"]
    y = torch.cat([case.arguments["y"], case.arguments["y"].flip(1)])
    call = made.call("filter", {"y": y})
    means, covs = made.value("filter", {"y": y})
    student.require(
        means.shape[-1] == case.arguments["n_states"],
        call,
        f"a state has {means.shape[-1]} numbers",
        expected="n_states",
    )
    made.value("filter", {"y": new})
    forecast = made.value("predict", {"y": y, "steps": 1})[:, 0]
    map_ = torch.linalg.lstsq(means[:, -1], forecast).solution
    student.close(
        call, means[:, -1] @ map_, forecast, what="what a linear map makes of the last states", help="E[y] = C A m."
    )
    lowest = torch.linalg.eigvalsh((covs + covs.mT) / 2).min()
    student.require(bool(lowest > 0), call, "a covariance of the states is not positive definite")
    first = covs[:, 0] - covs[:1, 0]
    student.close(call, first, torch.zeros_like(first), what="the difference of covariances between sequences")
