"""What is held against the checks of `fit_kalman`."""

import torch
from reference.kalman import KalmanModel, em_step, fit_kalman, kalman_filter, log_likelihood

from autograder.authoring.candidates import right, wrong


def _start(y, n_states, seed):
    generator = torch.Generator().manual_seed(seed)
    C = torch.randn(y.shape[2], n_states, generator=generator, dtype=y.dtype)
    identity = torch.eye(n_states, dtype=y.dtype)
    return 0.5 * identity, C, identity, torch.eye(y.shape[2], dtype=y.dtype)


def _fit(y, n_states, iterations, seed, model=KalmanModel, step=em_step):
    parameters = _start(y, n_states, seed)
    m0, P0 = torch.zeros(n_states, dtype=y.dtype), torch.eye(n_states, dtype=y.dtype)
    for _ in range(iterations):
        parameters = step(y, *parameters, m0, P0)
    return model(*parameters, m0, P0)


# ------------------------------------------------------------------------------------------------------- named mistakes


@wrong("not_fitted", "The start is returned: no step of EM is done.", severity="gap", credit=0.3)
def _not_fitted(y, n_states, iterations=50, seed=0):
    return _fit(y, n_states, 0, seed)


@wrong("one_step", "Only one step of EM is done: the loop starts from the same parameters every time.", severity="slip")
def _one_step(y, n_states, iterations=50, seed=0):
    return _fit(y, n_states, min(iterations, 1), seed)


@wrong(
    "emission_fixed",
    "C stays as it was drawn at the start, and so do the noises: all of A, C, Q and R are learnt.",
    severity="gap",
)
def _emission_fixed(y, n_states, iterations=50, seed=0):
    def step(y, A, C, Q, R, m0, P0):
        return em_step(y, A, C, Q, R, m0, P0)[0], C, Q, R

    return _fit(y, n_states, iterations, seed, step=step)


@wrong("unseeded", "The start is drawn without `seed`: every fit gives another model.", severity="slip", credit=0.75)
def _unseeded(y, n_states, iterations=50, seed=0):
    return _fit(y, n_states, iterations, int(torch.randint(10000, ())))


class _Mean(KalmanModel):
    def log_likelihood(self, y):
        return super().log_likelihood(y) / y.shape[1]


@wrong("time_mean", "`log_likelihood` is a mean over time: it is the sum.", severity="slip", credit=0.75)
def _time_mean(y, n_states, iterations=50, seed=0):
    return _fit(y, n_states, iterations, seed, model=_Mean)


class _NoConstant(KalmanModel):
    def log_likelihood(self, y):
        return super().log_likelihood(y) + 0.9189385332046727 * y.shape[1] * y.shape[2]


@wrong("no_constant", "`log_likelihood` lacks the constant: exp of it is no density.", severity="slip", credit=0.75)
def _no_constant(y, n_states, iterations=50, seed=0):
    return _fit(y, n_states, iterations, seed, model=_NoConstant)


class _Late(KalmanModel):
    def predict(self, y, steps):
        state = self.filter(y)[0][:, -1]
        powers = [torch.linalg.matrix_power(self.A, k) for k in range(steps)]
        return torch.stack([state @ power.mT @ self.C.mT for power in powers], dim=1)


@wrong(
    "forecast_late",
    "The forecast starts at time S, the last that was seen: it starts at S + 1.",
    severity="slip",
    credit=0.7,
)
def _forecast_late(y, n_states, iterations=50, seed=0):
    return _fit(y, n_states, iterations, seed, model=_Late)


class _Transposed(KalmanModel):
    def predict(self, y, steps):
        state = self.filter(y)[0][:, -1]
        powers = [torch.linalg.matrix_power(self.A, k + 1) for k in range(steps)]
        return torch.stack([state @ power @ self.C.mT for power in powers], dim=1)


@wrong("forecast_transposed", "A is transposed in the forecast.", severity="slip", credit=0.7)
def _forecast_transposed(y, n_states, iterations=50, seed=0):
    return _fit(y, n_states, iterations, seed, model=_Transposed)


class _Constant(KalmanModel):
    def predict(self, y, steps):
        return super().predict(y, 1).repeat(1, steps, 1)


@wrong("forecast_repeated", "Every step of the forecast is the first one: the state goes on moving.", severity="slip")
def _forecast_repeated(y, n_states, iterations=50, seed=0):
    return _fit(y, n_states, iterations, seed, model=_Constant)


class _LastSeen(KalmanModel):
    def predict(self, y, steps):
        return y[:, -1:].repeat(1, steps, 1)


@wrong("last_seen", "The forecast repeats the last observation.", severity="gap", credit=0.55)
def _last_seen(y, n_states, iterations=50, seed=0):
    return _fit(y, n_states, iterations, seed, model=_LastSeen)


class _Shifted(KalmanModel):
    def filter(self, y):
        means, covs = super().filter(y)
        return means.roll(1, 1), covs

    def predict(self, y, steps):
        return KalmanModel(self.A, self.C, self.Q, self.R, self.m0, self.P0).predict(y, steps)


@wrong("filter_shifted", "The filtered states are those of another time.", severity="slip", credit=0.7)
def _filter_shifted(y, n_states, iterations=50, seed=0):
    return _fit(y, n_states, iterations, seed, model=_Shifted)


@wrong("one_state_more", "The model has another number of states than was asked for.", severity="slip", credit=0.7)
def _one_state_more(y, n_states, iterations=50, seed=0):
    return _fit(y, n_states + 1, iterations, seed)


class _Batched(KalmanModel):
    def predict(self, y, steps):
        return super().predict(y, steps).transpose(0, 1)


@wrong("steps_first", "The forecast has steps as its first axis: the shape is (M, steps, K).", severity="form")
def _steps_first(y, n_states, iterations=50, seed=0):
    return _fit(y, n_states, iterations, seed, model=_Batched)


class _Detached(KalmanModel):
    def log_likelihood(self, y):
        return super().log_likelihood(y.detach())


@wrong("detached", "The log likelihood is detached from the observations.", severity="form")
def _detached(y, n_states, iterations=50, seed=0):
    return _fit(y, n_states, iterations, seed, model=_Detached)


@wrong()
def _first_sequence(y, n_states, iterations=50, seed=0):
    return _fit(y[:1], n_states, iterations, seed)


# -------------------------------------------------------------------------------------------------------- right answers


class _Other:
    """Another class, in another basis, with a loop over sequences."""

    def __init__(self, parameters, basis):
        A, C, Q, R, m0, P0 = parameters
        back = torch.linalg.inv(basis)
        self.p = (basis @ A @ back, C @ back, basis @ Q @ basis.T, R, basis @ m0, basis @ P0 @ basis.T)

    def filter(self, y):
        each = [kalman_filter(one[None], *self.p) for one in y]
        return torch.cat([m for m, _ in each]), torch.cat([P for _, P in each])

    def log_likelihood(self, y):
        return torch.cat([log_likelihood(one[None], *self.p) for one in y])

    def predict(self, y, steps):
        means, _ = self.filter(y)
        A, C = self.p[:2]
        powers = torch.stack([C @ torch.linalg.matrix_power(A, k + 1) for k in range(steps)])
        return torch.einsum("skd,bd->bsk", powers, means[:, -1])


@right("other_basis", "Another class, whose states are in another basis.")
def _other_basis(y, n_states, iterations=50, seed=0):
    m = fit_kalman(y, n_states, iterations, seed)
    basis = torch.eye(n_states, dtype=y.dtype) + 0.3 * torch.ones(n_states, n_states, dtype=y.dtype).triu()
    return _Other((m.A, m.C, m.Q, m.R, m.m0, m.P0), basis)


@right("principal_start", "C starts at the principal directions of the observations, R at what they leave over.")
def _principal_start(y, n_states, iterations=50, seed=0):
    K = y.shape[2]
    cov = torch.einsum("btk,btl->kl", y, y) / y[..., 0].numel()
    values, vectors = torch.linalg.eigh(cov)
    generator = torch.Generator().manual_seed(seed)
    C = 0.3 * torch.randn(K, n_states, generator=generator, dtype=y.dtype)
    top = min(K, n_states)
    C[:, :top] = C[:, :top] + (vectors * values.sqrt())[:, -top:].flip(1)
    identity = torch.eye(n_states, dtype=y.dtype)
    parameters = (0.8 * identity, C, 0.5 * identity, 0.5 * cov + 0.1 * torch.eye(K, dtype=y.dtype))
    m0, P0 = torch.zeros(n_states, dtype=y.dtype), identity
    for _ in range(iterations):
        parameters = em_step(y, *parameters, m0, P0)
    return KalmanModel(*parameters, m0, P0)


EQUIVALENT = {
    "detach gradient: A -> A.detach()": "Nobody asks for gradients through a fit, only through a fitted model.",
    "detach gradient: C -> C.detach()": "Nobody asks for gradients through a fit, only through a fitted model.",
    "detach gradient: Q -> Q.detach()": "Nobody asks for gradients through a fit, only through a fitted model.",
    "detach gradient: R -> R.detach()": "Nobody asks for gradients through a fit, only through a fitted model.",
    "drop factor: 0.5 * identity -> identity": "The start is free.",
}
