"""Linear-Gaussian state-space models: filter, smoother, likelihood, samples and EM.

The model of one sequence of observations is

    z_1 ~ N(m0, P0),    z_t = A z_{t-1} + w_t,  w_t ~ N(0, Q),    y_t = C z_t + v_t,  v_t ~ N(0, R).

The first state has the distribution N(m0, P0) itself: nothing is predicted before the first observation. Q, R and P0 are
covariances, not standard deviations. A batch of B sequences comes as a tensor of shape (B, T, K); logarithms are natural, so
likelihoods are in nats. Results have the dtype of the arguments.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor


def kalman_predict(
    mean: Float[Tensor, "B D"], cov: Float[Tensor, "B D D"], A: Float[Tensor, "D D"], Q: Float[Tensor, "D D"]
) -> tuple[Float[Tensor, "B D"], Float[Tensor, "B D D"]]:
    r"""Predict: the distribution of the next state, for every state of a batch.

    .. math::
        \bar m = A m, \qquad \bar P = A P A^\top + Q

    Args:
        mean: means m of the states, shape (B, D).
        cov: covariances P of the states, shape (B, D, D).
        A: transition matrix, shape (D, D); it need not be symmetric.
        Q: covariance of the noise of the transition, shape (D, D).

    Returns:
        Means of shape (B, D) and covariances of shape (B, D, D).

    Source:
        Lecture 7, equation 4.
    """
    return mean @ A.mT, A @ cov @ A.mT + Q


def kalman_update(
    mean: Float[Tensor, "B D"],
    cov: Float[Tensor, "B D D"],
    y: Float[Tensor, "B K"],
    C: Float[Tensor, "K D"],
    R: Float[Tensor, "K K"],
) -> tuple[Float[Tensor, "B D"], Float[Tensor, "B D D"]]:
    r"""Update: the distribution of a state once its observation is known.

    .. math::
        S = C P C^\top + R, \qquad G = P C^\top S^{-1}, \qquad
        m' = m + G (y - C m), \qquad P' = P - G S G^\top

    Args:
        mean: means m before the observation, shape (B, D).
        cov: covariances P before the observation, shape (B, D, D).
        y: observations, shape (B, K).
        C: observation matrix, shape (K, D).
        R: covariance of the noise of the observations, shape (K, K).

    Returns:
        Means of shape (B, D) and covariances of shape (B, D, D).

    Source:
        Lecture 7, equation 6.
    """
    S = C @ cov @ C.mT + R
    gain = torch.linalg.solve(S, C @ cov).mT
    residual = y - mean @ C.mT
    return mean + (gain @ residual[..., None])[..., 0], cov - gain @ C @ cov


def kalman_filter(
    y: Float[Tensor, "B T K"],
    A: Float[Tensor, "D D"],
    C: Float[Tensor, "K D"],
    Q: Float[Tensor, "D D"],
    R: Float[Tensor, "K K"],
    m0: Float[Tensor, "D"],
    P0: Float[Tensor, "D D"],
) -> tuple[Float[Tensor, "B T D"], Float[Tensor, "B T D D"]]:
    r"""Kalman filter: the distribution of every state given the observations up to its time.

    .. math::
        p(z_t \mid y_1, \dots, y_t) = N(m_t, P_t), \qquad t = 1, \dots, T

    The first state is N(m0, P0) before its observation: it is updated, but not predicted.

    Args:
        y: observations, shape (B, T, K).
        A: transition matrix, shape (D, D).
        C: observation matrix, shape (K, D).
        Q: covariance of the noise of the transition, shape (D, D).
        R: covariance of the noise of the observations, shape (K, K).
        m0: mean of the first state, shape (D,).
        P0: covariance of the first state, shape (D, D).

    Returns:
        Means of shape (B, T, D) and covariances of shape (B, T, D, D): the covariances are given for every sequence,
        although they do not depend on the observations.

    Source:
        Lecture 7, algorithm 1.
    """
    mean, cov = m0.expand(y.shape[0], -1), P0.expand(y.shape[0], -1, -1)
    means, covs = [], []
    for t in range(y.shape[1]):
        if t > 0:
            mean, cov = kalman_predict(mean, cov, A, Q)
        mean, cov = kalman_update(mean, cov, y[:, t], C, R)
        means.append(mean)
        covs.append(cov)
    return torch.stack(means, dim=1), torch.stack(covs, dim=1)


def rts_smoother(
    y: Float[Tensor, "B T K"],
    A: Float[Tensor, "D D"],
    C: Float[Tensor, "K D"],
    Q: Float[Tensor, "D D"],
    R: Float[Tensor, "K K"],
    m0: Float[Tensor, "D"],
    P0: Float[Tensor, "D D"],
) -> tuple[Float[Tensor, "B T D"], Float[Tensor, "B T D D"]]:
    r"""Rauch-Tung-Striebel smoother: the distribution of every state given all observations.

    With filtered :math:`m_t, P_t` and predicted :math:`\bar m_{t+1} = A m_t` and :math:`\bar P_{t+1} = A P_t A^\top + Q`:

    .. math::
        J_t = P_t A^\top \bar P_{t+1}^{-1}, \qquad
        m^s_t = m_t + J_t (m^s_{t+1} - \bar m_{t+1}), \qquad
        P^s_t = P_t + J_t (P^s_{t+1} - \bar P_{t+1}) J_t^\top

    from the last state, which is as filtered, backwards.

    Args:
        y: observations, shape (B, T, K).
        A: transition matrix, shape (D, D).
        C: observation matrix, shape (K, D).
        Q: covariance of the noise of the transition, shape (D, D).
        R: covariance of the noise of the observations, shape (K, K).
        m0: mean of the first state, shape (D,).
        P0: covariance of the first state, shape (D, D).

    Returns:
        Means of shape (B, T, D) and covariances of shape (B, T, D, D).

    Source:
        Lecture 8, algorithm 2.
    """
    filtered_means, filtered_covs = kalman_filter(y, A, C, Q, R, m0, P0)
    mean, cov = filtered_means[:, -1], filtered_covs[:, -1]
    means, covs = [mean], [cov]
    for t in range(y.shape[1] - 2, -1, -1):
        predicted_mean, predicted_cov = kalman_predict(filtered_means[:, t], filtered_covs[:, t], A, Q)
        J = torch.linalg.solve(predicted_cov, A @ filtered_covs[:, t]).mT
        mean = filtered_means[:, t] + (J @ (mean - predicted_mean)[..., None])[..., 0]
        cov = filtered_covs[:, t] + J @ (cov - predicted_cov) @ J.mT
        means.insert(0, mean)
        covs.insert(0, cov)
    return torch.stack(means, dim=1), torch.stack(covs, dim=1)


def log_likelihood(
    y: Float[Tensor, "B T K"],
    A: Float[Tensor, "D D"],
    C: Float[Tensor, "K D"],
    Q: Float[Tensor, "D D"],
    R: Float[Tensor, "K K"],
    m0: Float[Tensor, "D"],
    P0: Float[Tensor, "D D"],
) -> Float[Tensor, "B"]:
    r"""Log likelihood of every sequence, in nats.

    .. math::
        \log p(y_1, \dots, y_T) = \sum_{t=1}^{T} \log N(y_t; C \bar m_t, C \bar P_t C^\top + R)

    with the *predicted* :math:`\bar m_t, \bar P_t` (for t = 1: m0 and P0). It must hold for long sequences, too.

    Args:
        y: observations, shape (B, T, K).
        A: transition matrix, shape (D, D).
        C: observation matrix, shape (K, D).
        Q: covariance of the noise of the transition, shape (D, D).
        R: covariance of the noise of the observations, shape (K, K).
        m0: mean of the first state, shape (D,).
        P0: covariance of the first state, shape (D, D).

    Returns:
        One number per sequence, shape (B,): a sum over time, not a mean.

    Source:
        Lecture 7, equation 11.
    """
    mean, cov = m0.expand(y.shape[0], -1), P0.expand(y.shape[0], -1, -1)
    total = torch.zeros(y.shape[0], dtype=y.dtype)
    for t in range(y.shape[1]):
        if t > 0:
            mean, cov = kalman_predict(mean, cov, A, Q)
        S = C @ cov @ C.mT + R
        residual = y[:, t] - mean @ C.mT
        distance = (residual * torch.linalg.solve(S, residual)).sum(-1)
        total = total - 0.5 * (distance + torch.logdet(S) + y.shape[2] * math.log(2 * math.pi))
        mean, cov = kalman_update(mean, cov, y[:, t], C, R)
    return total


def sample_states(
    n: int,
    length: int,
    A: Float[Tensor, "D D"],
    C: Float[Tensor, "K D"],
    Q: Float[Tensor, "D D"],
    R: Float[Tensor, "K K"],
    m0: Float[Tensor, "D"],
    P0: Float[Tensor, "D D"],
    *,
    generator: torch.Generator | None = None,
) -> tuple[Float[Tensor, "{n} {length} D"], Float[Tensor, "{n} {length} K"]]:
    r"""Draw n sequences of states and observations from the model.

    .. math::
        z_1 \sim N(m_0, P_0), \qquad z_t \sim N(A z_{t-1}, Q), \qquad y_t \sim N(C z_t, R)

    Args:
        n: how many sequences.
        length: how many steps T each has.
        A: transition matrix, shape (D, D).
        C: observation matrix, shape (K, D).
        Q: covariance of the noise of the transition, shape (D, D): not diagonal.
        R: covariance of the noise of the observations, shape (K, K): not diagonal.
        m0: mean of the first state, shape (D,).
        P0: covariance of the first state, shape (D, D).
        generator: source of random numbers.

    Returns:
        States of shape (n, length, D) and observations of shape (n, length, K).

    Source:
        Lecture 7, equations 1 and 2.
    """
    w = torch.randn(n, length, A.shape[0], generator=generator, dtype=A.dtype)
    v = torch.randn(n, length, C.shape[0], generator=generator, dtype=A.dtype)
    states = [m0 + w[:, 0] @ torch.linalg.cholesky(P0).mT]
    for t in range(1, length):
        states.append(states[-1] @ A.mT + w[:, t] @ torch.linalg.cholesky(Q).mT)
    z = torch.stack(states, dim=1)
    return z, z @ C.mT + v @ torch.linalg.cholesky(R).mT


def em_step(
    y: Float[Tensor, "B T K"],
    A: Float[Tensor, "D D"],
    C: Float[Tensor, "K D"],
    Q: Float[Tensor, "D D"],
    R: Float[Tensor, "K K"],
    m0: Float[Tensor, "D"],
    P0: Float[Tensor, "D D"],
) -> tuple[Float[Tensor, "D D"], Float[Tensor, "K D"], Float[Tensor, "D D"], Float[Tensor, "K K"]]:
    r"""One step of expectation maximisation for A, C, Q and R; m0 and P0 stay as they are.

    The E-step smooths with the old parameters: :math:`m^s_t, P^s_t, J_t` as in `rts_smoother`. With the moments

    .. math::
        M_t = P^s_t + m^s_t {m^s_t}^\top, \qquad M_{t,t-1} = P^s_t J_{t-1}^\top + m^s_t {m^s_{t-1}}^\top

    the M-step maximises the expected log likelihood, over all sequences and times (t from 2 where t - 1 is needed):

    .. math::
        A' = \Big(\sum M_{t,t-1}\Big) \Big(\sum M_{t-1}\Big)^{-1}, \qquad
        Q' = \frac{1}{B (T - 1)} \sum \left( M_t - A' M_{t,t-1}^\top \right)

        C' = \Big(\sum y_t {m^s_t}^\top\Big) \Big(\sum M_t\Big)^{-1}, \qquad
        R' = \frac{1}{B T} \sum \left( y_t y_t^\top - C' m^s_t y_t^\top \right)

    The likelihood of `y` under the new parameters is never lower than under the old ones.

    Args:
        y: observations, shape (B, T, K) with T > 1.
        A: transition matrix, shape (D, D).
        C: observation matrix, shape (K, D).
        Q: covariance of the noise of the transition, shape (D, D).
        R: covariance of the noise of the observations, shape (K, K).
        m0: mean of the first state, shape (D,).
        P0: covariance of the first state, shape (D, D).

    Returns:
        The new A, C, Q and R, in this order.

    Source:
        Lecture 9, equations 8 to 12.
    """
    B, T, _ = y.shape
    _, filtered = kalman_filter(y, A, C, Q, R, m0, P0)
    means, covs = rts_smoother(y, A, C, Q, R, m0, P0)
    J = torch.linalg.solve(A @ filtered[:, :-1] @ A.mT + Q, A @ filtered[:, :-1]).mT
    moments = covs + means[..., :, None] * means[..., None, :]
    crossed = covs[:, 1:] @ J.mT + means[:, 1:, :, None] * means[:, :-1, None, :]
    cross = crossed.sum(dim=(0, 1))
    new_A = torch.linalg.solve(moments[:, :-1].sum(dim=(0, 1)), cross.mT).mT
    new_Q = (moments[:, 1:].sum(dim=(0, 1)) - new_A @ cross.mT) / (B * (T - 1))
    seen = torch.einsum("btk,btd->kd", y, means)
    new_C = torch.linalg.solve(moments.sum(dim=(0, 1)), seen.mT).mT
    new_R = (torch.einsum("btk,btl->kl", y, y) - new_C @ seen.mT) / (B * T)
    return new_A, new_C, (new_Q + new_Q.mT) / 2, (new_R + new_R.mT) / 2


@dataclass
class KalmanModel:
    """A fitted model, as `fit_kalman` returns it.

    Attributes:
        A: transition matrix, shape (D, D).
        C: observation matrix, shape (K, D).
        Q: covariance of the noise of the transition, shape (D, D).
        R: covariance of the noise of the observations, shape (K, K).
        m0: mean of the first state, shape (D,).
        P0: covariance of the first state, shape (D, D).
    """

    A: Float[Tensor, "D D"]
    C: Float[Tensor, "K D"]
    Q: Float[Tensor, "D D"]
    R: Float[Tensor, "K K"]
    m0: Float[Tensor, "D"]
    P0: Float[Tensor, "D D"]

    def filter(self, y: Float[Tensor, "M S K"]) -> tuple[Float[Tensor, "M S D"], Float[Tensor, "M S D D"]]:
        """Filtered distributions of the states of new sequences.

        Args:
            y: observations, shape (M, S, K).

        Returns:
            Means of shape (M, S, D) and covariances of shape (M, S, D, D).
        """
        return kalman_filter(y, self.A, self.C, self.Q, self.R, self.m0, self.P0)

    def log_likelihood(self, y: Float[Tensor, "M S K"]) -> Float[Tensor, "M"]:
        """Log likelihood of every new sequence under the fitted model, in nats.

        Args:
            y: observations, shape (M, S, K).

        Returns:
            Shape (M,).
        """
        return log_likelihood(y, self.A, self.C, self.Q, self.R, self.m0, self.P0)

    def predict(self, y: Float[Tensor, "M S K"], steps: int) -> Float[Tensor, "M {steps} K"]:
        """Forecast: the expected observations at the times S + 1, ..., S + steps, given y.

        Args:
            y: observations, shape (M, S, K).
            steps: how many steps.

        Returns:
            Shape (M, steps, K).
        """
        state = self.filter(y)[0][:, -1]
        forecasts = []
        for _ in range(steps):
            state = state @ self.A.mT
            forecasts.append(state @ self.C.mT)
        return torch.stack(forecasts, dim=1)


def fit_kalman(y: Float[Tensor, "B T K"], n_states: int, iterations: int = 50, seed: int = 0) -> KalmanModel:
    """Fit a model with `n_states` states to sequences by EM.

    The first state has the fixed distribution N(0, I): A, C, Q and R are learnt. Start where you like (a random C by `seed`,
    for instance) and do `iterations` steps of EM; more iterations never make the likelihood of `y` lower. Another
    optimiser may be used, if it comes as far.

    Args:
        y: observations, shape (B, T, K).
        n_states: number of states D.
        iterations: how many steps of EM; 0 gives the start.
        seed: for whatever is random at the start; the same seed gives the same model.

    Returns:
        An object with the methods of `KalmanModel`. Only these are asked, so states may have any basis.

    Source:
        Lecture 9, exercise.
    """
    generator = torch.Generator().manual_seed(seed)
    K = y.shape[2]
    identity = torch.eye(n_states, dtype=y.dtype)
    C = torch.randn(K, n_states, generator=generator, dtype=torch.float64).to(y.dtype)
    A, Q, R = 0.5 * identity, identity, torch.eye(K, dtype=y.dtype)
    m0, P0 = torch.zeros(n_states, dtype=y.dtype), identity
    for _ in range(iterations):
        A, C, Q, R = em_step(y, A, C, Q, R, m0, P0)
    return KalmanModel(A, C, Q, R, m0, P0)
