"""Loops over the batch that run no tensor operation in the main thread: numpy, other threads, `map`, plain Python numbers."""

from __future__ import annotations

from .piece import Piece, changed

_THREADS = """
from concurrent.futures import ThreadPoolExecutor


def each(function, *rows):
    with ThreadPoolExecutor(4) as pool:
        return torch.stack(list(pool.map(function, *rows)))

"""

_THREAD = """
import threading


def elsewhere(function):
    found = []
    thread = threading.Thread(target=lambda: found.append(function()))
    thread.start()
    thread.join()
    return found[0]

"""

_WITH_GRADIENT = """
import numpy as np


class Looped(torch.autograd.Function):
    @staticmethod
    def forward(ctx, value, slope, *inputs):
        ctx.save_for_backward(*inputs)
        ctx.slope = slope
        return value(*inputs)

    @staticmethod
    def backward(ctx, weight):
        with torch.enable_grad():
            leaves = [t.detach().requires_grad_() for t in ctx.saved_tensors]
            return None, None, *torch.autograd.grad(ctx.slope(*leaves), leaves, weight)

"""

_GAUSSIAN_BODY = """\
    squares = (x - mean) ** 2 * torch.exp(-log_var)
    return -0.5 * (math.log(2 * math.pi) + log_var + squares).sum(-1)
"""
_BERNOULLI_BODY = "    return x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)\n"
_KL_BODY = "    return 0.5 * (log_var.exp() + mean**2 - 1 - log_var).sum(-1)\n"
_LME_BODY = "    return torch.logsumexp(log_w, dim=0) - math.log(log_w.shape[0])\n"

_KL_LOOPED = """\
    def value(mean, log_var):
        rows = zip(mean.tolist(), log_var.tolist())
        done = [0.5 * sum(math.exp(v) + m * m - 1 - v for m, v in zip(*row)) for row in rows]
        return torch.tensor(done, dtype=mean.dtype)

    def slope(mean, log_var):
        return 0.5 * (log_var.exp() + mean**2 - log_var).sum(-1)

    return Looped.apply(value, slope, mean, log_var)
"""

PIECES = (
    Piece(
        "gaussian_log_density",
        "numpy_row_by_row",
        "The value of every example is computed by numpy in a Python loop over the batch.",
        changed(
            "gaussian_log_density",
            (
                _GAUSSIAN_BODY,
                """\
    def value(x, mean, log_var):
        rows = zip(x.detach().numpy(), mean.detach().numpy(), log_var.detach().numpy())
        done = [-0.5 * np.sum(math.log(2 * math.pi) + v + (a - m) ** 2 * np.exp(-v)) for a, m, v in rows]
        return torch.from_numpy(np.array(done, dtype=x.detach().numpy().dtype))

    def slope(x, mean, log_var):
        return -0.5 * (log_var + (x - mean) ** 2 * torch.exp(-log_var)).sum(-1)

    return Looped.apply(value, slope, x, mean, log_var)
""",
            ),
            before=_WITH_GRADIENT,
        ),
    ),
    Piece(
        "bernoulli_log_density",
        "a_thread_for_every_example",
        "The batch is looped over by `pool.map`, one call for every example.",
        changed(
            "bernoulli_log_density",
            (
                _BERNOULLI_BODY,
                "    return each(lambda a, l: a * F.logsigmoid(l) + (1 - a) * F.logsigmoid(-l), x, logits)\n",
            ),
            before=_THREADS,
        ),
    ),
    Piece(
        "kl_standard_normal",
        "python_numbers",
        "Lists of Python floats are added up with `math`, example by example.",
        changed(
            "kl_standard_normal",
            (
                _KL_BODY,
                """\
    def value(mean, log_var):
        rows = zip(mean.tolist(), log_var.tolist())
        done = [0.5 * math.fsum(math.exp(v) + m * m - 1 - v for m, v in zip(*row)) for row in rows]
        return torch.tensor(done, dtype=mean.dtype)

    def slope(mean, log_var):
        return 0.5 * (log_var.exp() + mean**2 - log_var).sum(-1)

    return Looped.apply(value, slope, mean, log_var)
""",
            ),
            before=_WITH_GRADIENT,
        ),
    ),
    Piece(
        "kl_bernoulli",
        "loop_in_another_thread",
        "A Python loop over the batch that runs in a second thread.",
        changed(
            "kl_bernoulli",
            ("def kl_bernoulli(probs, prior=0.5):\n", "def one(probs, prior):\n"),
            (
                "    return (ones + zeros).sum(-1)\n",
                """\
    return (ones + zeros).sum(-1)


def kl_bernoulli(probs, prior=0.5):
    return elsewhere(lambda: torch.stack([one(row, prior) for row in probs]))
""",
            ),
            before=_THREAD,
        ),
    ),
    Piece(
        "ppca_posterior",
        "numpy_solve_for_every_point",
        "numpy solves the same M × M system anew for every point, in a loop.",
        changed(
            "ppca_posterior",
            (
                "    mean = (x - mu) @ W @ inverse\n",
                """\
    def value(x, W, M):
        points, right, system = (x - mu).detach().numpy(), W.detach().numpy(), M.detach().numpy()
        done = [np.linalg.solve(system, right.T @ point) for point in points]
        return torch.from_numpy(np.stack(done))

    def slope(x, W, M):
        return (x - mu) @ W @ torch.linalg.inv(M)

    mean = Looped.apply(value, slope, x, W, M)
""",
            ),
            before=_WITH_GRADIENT,
        ),
    ),
    Piece(
        "ppca_log_likelihood",
        "threads_over_points",
        "Every point has a call of its own in a pool of threads, and C is inverted anew in each.",
        changed(
            "ppca_log_likelihood",
            (
                "    solved = torch.linalg.solve(cov, away.T).T\n",
                "    solved = each(lambda point: torch.linalg.solve(cov, point), away)\n",
            ),
            before=_THREADS,
        ),
    ),
    Piece(
        "sample_gaussian",
        "python_random_numbers",
        "Every number of the batch is drawn by Python's `random.gauss` in a nested loop.",
        changed(
            "sample_gaussian",
            (
                "    return torch.randn(shape, generator=generator, dtype=like.dtype)\n",
                """\
    source = random.Random(int(torch.randint(2**31, (), generator=generator)))
    return torch.tensor([[source.gauss(0.0, 1.0) for _ in range(shape[1])] for _ in range(shape[0])], dtype=like.dtype)
""",
            ),
            before="import random\n\n",
        ),
    ),
    Piece(
        "log_mean_exp",
        "map_over_columns",
        "Columns are turned into lists and handled one after the other by `map`.",
        changed(
            "log_mean_exp",
            (
                _LME_BODY,
                """\
    def column(weights):
        top = max(weights)
        return top + math.log(math.fsum(math.exp(w - top) for w in weights) / len(weights)) if top > -math.inf else top

    def value(log_w):
        return torch.tensor(list(map(column, log_w.T.tolist())), dtype=log_w.dtype)

    return Looped.apply(value, lambda log_w: torch.logsumexp(log_w, 0), log_w)
""",
            ),
            before=_WITH_GRADIENT,
        ),
    ),
    Piece(
        "estimate_log_likelihood",
        "numpy_image_by_image",
        "The log-weights of every image are averaged by numpy in a loop over the images.",
        changed(
            "estimate_log_likelihood",
            (
                "    return log_mean_exp(log_w)\n",
                """\
    estimates = []
    for column in log_w.detach().numpy().T:
        top = column.max()
        estimates.append(top + np.log(np.exp(column - top).mean()))
    return torch.from_numpy(np.array(estimates, dtype=log_w.detach().numpy().dtype))
""",
            ),
            before="import numpy as np\n\n",
        ),
    ),
    Piece(
        "estimate_log_likelihood",
        "a_thread_for_every_image",
        "The log-weights of every image are averaged in a call of their own, in a pool of threads.",
        changed(
            "estimate_log_likelihood",
            (
                "    return log_mean_exp(log_w)\n",
                "    return each(lambda column: log_mean_exp(column[:, None])[0], log_w.unbind(1))\n",
            ),
            before=_THREADS,
        ),
    ),
    Piece(
        "elbo",
        "images_in_threads",
        "A call for every image in a pool of threads; the bound of each is computed alone.",
        changed(
            "elbo",
            (
                "    log_px = bernoulli_log_density(x, logits).sum(-1).mean(0)\n",
                "    log_px = each(lambda row, of_row: bernoulli_log_density(row, of_row).sum(-1).mean(0), x, logits.unbind(1))\n",
            ),
            before=_THREADS,
        ),
    ),
    Piece(
        "elbo",
        "kl_in_python_numbers",
        "The KL is added up from Python floats, image by image.",
        changed("elbo", (_KL_BODY, _KL_LOOPED), before=_WITH_GRADIENT),
    ),
    Piece(
        "vae_loss",
        "kl_image_by_image",
        "A list comprehension over the images computes the KL of each from Python numbers.",
        changed("vae_loss", (_KL_BODY, _KL_LOOPED), before=_WITH_GRADIENT),
    ),
)
