"""What is held against the checks of `sample_states`."""

import torch

from autograder.authoring.candidates import right, wrong


def _factor(cov):
    return torch.linalg.cholesky(cov)


def _noise(n, factor, generator):
    return torch.randn(n, len(factor), generator=generator, dtype=factor.dtype) @ factor.mT


def _draw(n, length, A, C, Q, R, m0, P0, generator, q=_factor, r=_factor, p=_factor, first=False, drawn=_noise):
    """The usual loop, with parts that can be changed."""
    z = m0 + _noise(n, p(P0), generator)
    if first:
        z = z @ A.mT + _noise(n, q(Q), generator)
    states, seen = [], []
    for t in range(length):
        if t:
            z = z @ A.mT + drawn(n, q(Q), generator)
        states.append(z)
        seen.append(z @ C.mT + drawn(n, r(R), generator))
    return torch.stack(states, 1), torch.stack(seen, 1)


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong(
    "state_std",
    "Q multiplies the noise of the states: it is their covariance, multiply by its Cholesky factor.",
    severity="slip",
)
def _state_std(n, length, A, C, Q, R, m0, P0, *, generator=None):
    return _draw(n, length, A, C, Q, R, m0, P0, generator, q=lambda cov: cov)


@wrong("seen_std", "R multiplies the noise of the observations: it is their covariance.", severity="slip")
def _seen_std(n, length, A, C, Q, R, m0, P0, *, generator=None):
    return _draw(n, length, A, C, Q, R, m0, P0, generator, r=lambda cov: cov)


@wrong("start_std", "P0 multiplies the noise of the first states: it is their covariance.", severity="slip", credit=0.7)
def _start_std(n, length, A, C, Q, R, m0, P0, *, generator=None):
    return _draw(n, length, A, C, Q, R, m0, P0, generator, p=lambda cov: cov)


@wrong(
    "diagonal", "Only the diagonals of the covariances are used: the noise is correlated.", severity="gap", credit=0.5
)
def _diagonal(n, length, A, C, Q, R, m0, P0, *, generator=None):
    def root(cov):
        return torch.diag(cov.diagonal().sqrt())

    return _draw(n, length, A, C, Q, R, m0, P0, generator, q=root, r=root, p=root)


@wrong(
    "factor_transposed",
    "The Cholesky factor is on the wrong side: rows of noise are multiplied by its transpose.",
    severity="slip",
)
def _factor_transposed(n, length, A, C, Q, R, m0, P0, *, generator=None):
    def root(cov):
        return torch.linalg.cholesky(cov).mT

    return _draw(n, length, A, C, Q, R, m0, P0, generator, q=root, r=root, p=root)


@wrong("transposed", "A is transposed.", severity="slip")
def _transposed(n, length, A, C, Q, R, m0, P0, *, generator=None):
    return _draw(n, length, A.mT, C, Q, R, m0, P0, generator)


@wrong("predicted_first", "The first state is moved once: it is N(m0, P0) itself.", severity="slip", credit=0.7)
def _predicted_first(n, length, A, C, Q, R, m0, P0, *, generator=None):
    return _draw(n, length, A, C, Q, R, m0, P0, generator, first=True)


@wrong("predicted_first", rewritten=True)
def _moved_start(n, length, A, C, Q, R, m0, P0, *, generator=None):
    return _draw(n, length, A, C, Q, R, A @ m0, A @ P0 @ A.mT + Q, generator)


@wrong("no_state_noise", "The states have no noise of their own.", severity="gap")
def _no_state_noise(n, length, A, C, Q, R, m0, P0, *, generator=None):
    return _draw(n, length, A, C, Q, R, m0, P0, generator, q=lambda cov: 0 * cov)


@wrong("no_seen_noise", "The observations have no noise.", severity="gap", credit=0.5)
def _no_seen_noise(n, length, A, C, Q, R, m0, P0, *, generator=None):
    return _draw(n, length, A, C, Q, R, m0, P0, generator, r=lambda cov: 0 * cov)


@wrong("shared_noise", "All sequences share their noise: each needs its own.", severity="gap", credit=0.5)
def _shared_noise(n, length, A, C, Q, R, m0, P0, *, generator=None):
    def drawn(n, factor, generator):
        return _noise(1, factor, generator)

    return _draw(n, length, A, C, Q, R, m0, P0, generator, drawn=drawn)


@wrong("no_start_noise", "All sequences start at m0: P0 is forgotten.", severity="slip")
def _no_start_noise(n, length, A, C, Q, R, m0, P0, *, generator=None):
    return _draw(n, length, A, C, Q, R, m0, P0, generator, p=lambda cov: 0 * cov)


@wrong("seen_late", "y_t is seen from z_{t-1}: it belongs to z_t.", severity="slip")
def _seen_late(n, length, A, C, Q, R, m0, P0, *, generator=None):
    states, seen = _draw(n, length + 1, A, C, Q, R, m0, P0, generator)
    return states[:, 1:], seen[:, :-1]


@wrong("fixed_seed", "A seed is set inside the function: every call returns the same.", severity="slip")
def _fixed_seed(n, length, A, C, Q, R, m0, P0, *, generator=None):
    return _draw(n, length, A, C, Q, R, m0, P0, torch.Generator().manual_seed(0))


@wrong("time_first", "Time is the first axis of the results: it is the second.", severity="form", credit=0.75)
def _time_first(n, length, A, C, Q, R, m0, P0, *, generator=None):
    return tuple(each.transpose(0, 1) for each in _draw(n, length, A, C, Q, R, m0, P0, generator))


@wrong("two_needed", "A sequence of one step cannot be drawn.", severity="form")
def _two_needed(n, length, A, C, Q, R, m0, P0, *, generator=None):
    states, seen = _draw(n, max(length, 2), A, C, Q, R, m0, P0, generator)
    return states, seen


@wrong()
def _noise_reused(n, length, A, C, Q, R, m0, P0, *, generator=None):
    w = torch.randn(n, len(A), generator=generator, dtype=A.dtype) @ torch.linalg.cholesky(Q).mT
    z = m0 + _noise(n, _factor(P0), generator)
    states = [z]
    for _ in range(length - 1):
        z = z @ A.mT + w
        states.append(z)
    states = torch.stack(states, 1)
    noise = torch.randn(n, length, len(C), generator=generator, dtype=A.dtype)
    return states, states @ C.mT + noise @ torch.linalg.cholesky(R).mT


# -------------------------------------------------------------------------------------------------------- right answers


@right("distributions", "torch.distributions, which uses the global generator.")
def _distributions(n, length, A, C, Q, R, m0, P0, *, generator=None):
    normal = torch.distributions.MultivariateNormal
    states = [normal(m0, P0).sample((n,))]
    while len(states) < length:
        states.append(normal(states[-1] @ A.mT, Q).sample())
    states = torch.stack(states, 1)
    return states, normal(states @ C.mT, R).sample()


@right("symmetric_root", "Symmetric roots of the covariances in place of Cholesky factors.")
def _symmetric_root(n, length, A, C, Q, R, m0, P0, *, generator=None):
    def root(cov):
        values, vectors = torch.linalg.eigh(cov)
        return vectors * values.sqrt() @ vectors.mT

    return _draw(n, length, A, C, Q, R, m0, P0, generator, q=root, r=root, p=root)


@right("loop", "Sequence by sequence.")
def _loop(n, length, A, C, Q, R, m0, P0, *, generator=None):
    each = [_draw(1, length, A, C, Q, R, m0, P0, generator) for _ in range(n)]
    return torch.cat([z for z, _ in each]), torch.cat([y for _, y in each])


EQUIVALENT = {
    "detach gradient: C -> C.detach()": "Draws are judged by their distribution; nobody differentiates them.",
    "detach gradient: R -> R.detach()": "Draws are judged by their distribution; nobody differentiates them.",
    "flip sign: m0 + w[:, 0] @ torch.linalg.cholesky(P0).mT -> m0 - w[:, 0] @ torch.linalg.cholesky(P0).mT": "Noise is symmetric.",
    "flip sign: states[-1] @ A.mT + w[:, t] @ torch.linalg.cholesky(Q).mT"
    " -> states[-1] @ A.mT - w[:, t] @ torch.linalg.cholesky(Q).mT": "Noise is symmetric.",
    "flip sign: z @ C.mT + v @ torch.linalg.cholesky(R).mT -> z @ C.mT - v @ torch.linalg.cholesky(R).mT": "Noise is symmetric.",
}
