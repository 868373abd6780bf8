"""What is held against the checks of `project_2d`."""

import numpy as np
import torch
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.preprocessing import StandardScaler
from torch import Tensor
from torch.nn.functional import pad

from autograder.authoring.candidates import graded, right, wrong
from reference.ppca import pca_project
from reference.vae import project_2d

# ------------------------------------------------------------------------------------------------------- named mistakes


def _directions(z: Tensor) -> Tensor:
    """The principal directions of centred points, in rows."""
    return torch.linalg.svd(z - z.mean(0), full_matrices=False)[2]


@wrong(
    "first_two_latents",
    "The first two latents are kept; with more than two, the first two principal components are asked for.",
    severity="gap",
)
def _first_two_latents(z: Tensor) -> Tensor:
    return z[:, :2].clone() if z.shape[1] > 2 else project_2d(z)


@wrong(
    "latents_of_largest_variance",
    "The two latents of largest variance are kept; a principal component is a combination of all latents.",
    severity="gap",
)
def _latents_of_largest_variance(z: Tensor) -> Tensor:
    return z[:, z.var(0).argsort(descending=True)[:2]] if z.shape[1] > 2 else project_2d(z)


@wrong(
    "not_centred",
    "z is not centred: without that the first component points towards its mean.",
    severity="slip",
)
def _not_centred(z: Tensor) -> Tensor:
    if z.shape[1] <= 2:
        return project_2d(z)
    return z @ torch.linalg.svd(z, full_matrices=False)[2][:2].mT


@wrong(
    "scores_not_centred",
    "The components are right, but z itself is projected onto them: its mean is to be subtracted here, too.",
    severity="slip",
    credit=0.75,
)
def _scores_not_centred(z: Tensor) -> Tensor:
    return z @ _directions(z)[:2].mT if z.shape[1] > 2 else project_2d(z)


@wrong(
    "rows_centred",
    "The mean of every point over its latents is subtracted; it is the mean of every latent over the points.",
    severity="slip",
)
def _rows_centred(z: Tensor) -> Tensor:
    if z.shape[1] <= 2:
        return project_2d(z)
    centred = z - z.mean(1, keepdim=True)
    return centred @ torch.linalg.svd(centred, full_matrices=False)[2][:2].mT


@wrong(
    "other_order",
    "The coordinate of larger variance comes second; it should come first.",
    severity="slip",
    credit=0.75,
)
def _other_order(z: Tensor) -> Tensor:
    return project_2d(z).flip(1) if z.shape[1] > 2 else project_2d(z)


@wrong(
    "smallest_kept",
    "The components of the smallest variance are kept: `eigh` returns eigenvalues in ascending order.",
    severity="slip",
)
def _smallest_kept(z: Tensor) -> Tensor:
    if z.shape[1] <= 2:
        return project_2d(z)
    centred = z - z.mean(0)
    return centred @ torch.linalg.eigh(centred.mT @ centred).eigenvectors[:, :2]


@wrong(
    "rows_for_columns",
    "Rows and columns of the eigenvectors are mixed up: `eigh` has them in columns, and `svd` returns Vᵀ with them in rows.",
    severity="slip",
)
def _rows_for_columns(z: Tensor) -> Tensor:
    if z.shape[1] <= 2:
        return project_2d(z)
    return (z - z.mean(0)) @ torch.linalg.svd(z - z.mean(0), full_matrices=True)[2][:, :2]


@wrong("whitened", "The coordinates are scaled to the same variance; they are the scores themselves.", severity="slip")
def _whitened(z: Tensor) -> Tensor:
    scores = project_2d(z)
    return scores / scores.std(0) if z.shape[1] > 2 else scores


@wrong(
    "standardised",
    "The latents are divided by their standard deviations, which gives other components; they are only to be centred.",
    severity="slip",
)
def _standardised(z: Tensor) -> Tensor:
    return project_2d(z / z.std(0).clamp(min=1e-12)) if z.shape[1] > 2 else project_2d(z)


@wrong(
    "two_latents_turned",
    "Two latents are centred or turned towards their principal components; with M = 2 z itself is asked for.",
    severity="slip",
    credit=0.75,
)
def _two_latents_turned(z: Tensor) -> Tensor:
    return pca_project(z, 2)[1] if z.shape[1] == 2 and len(z) > 2 else project_2d(z)


@wrong(
    "second_column",
    "One latent gets a second column of something else than zeros.",
    severity="slip",
    credit=0.75,
)
def _second_column(z: Tensor) -> Tensor:
    return z.expand(-1, 2).clone() if z.shape[1] == 1 else project_2d(z)


@wrong(
    "zeros_first",
    "With one latent the column of zeros comes first; it is the second column.",
    severity="slip",
    credit=0.75,
)
def _zeros_first(z: Tensor) -> Tensor:
    return torch.cat([torch.zeros_like(z), z], 1) if z.shape[1] == 1 else project_2d(z)


@wrong(
    "one_latent_alone",
    "With one latent the result has one column only; a column of zeros is missing.",
    severity="slip",
    credit=0.75,
)
def _one_latent_alone(z: Tensor) -> Tensor:
    return z.clone() if z.shape[1] == 1 else project_2d(z)


@wrong(
    "absolute",
    "The absolute values of the coordinates are taken; only the sign of a whole column is free.",
    severity="slip",
)
def _absolute(z: Tensor) -> Tensor:
    return project_2d(z).abs() if z.shape[1] > 2 else project_2d(z)


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("two_latents_turned")
def _two_latents_centred(z: Tensor) -> Tensor:
    return z - z.mean(0) if z.shape[1] == 2 else project_2d(z)


@wrong("second_column")
def _ones(z: Tensor) -> Tensor:
    return pad(z, (0, 1), value=1.0) if z.shape[1] == 1 else project_2d(z)


@wrong("second_column")
def _counted(z: Tensor) -> Tensor:
    counted = torch.arange(len(z), dtype=z.dtype)[:, None]
    return torch.cat([z, counted], 1) if z.shape[1] == 1 else project_2d(z)


@wrong("whitened")
def _left_singular_vectors(z: Tensor) -> Tensor:
    return torch.linalg.svd(z - z.mean(0), full_matrices=False)[0][:, :2] if z.shape[1] > 2 else project_2d(z)


@wrong("whitened")
def _by_deviations_of_n(z: Tensor) -> Tensor:
    scores = project_2d(z)
    return scores / scores.std(0, correction=0) if z.shape[1] > 2 else scores


@wrong("standardised")
def _standardised_by_n(z: Tensor) -> Tensor:
    return project_2d(z / z.std(0, correction=0).clamp(min=1e-12)) if z.shape[1] > 2 else project_2d(z)


@wrong("rows_for_columns")
def _first_rows_of_eigh(z: Tensor) -> Tensor:
    if z.shape[1] <= 2:
        return project_2d(z)
    centred = z - z.mean(0)
    return centred @ torch.linalg.eigh(centred.mT @ centred).eigenvectors.flip(1)[:2].mT


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("first_two_latents", rewritten=True)
def _columns_zero_and_one(z):
    if z.shape[1] == 1:
        return torch.stack([z[:, 0], torch.zeros(len(z), dtype=z.dtype)], dim=1)
    return torch.stack([z[:, 0], z[:, 1]], dim=1)


@wrong("not_centred", rewritten=True)
def _second_moments(z):
    if z.shape[1] <= 2:
        return pad(z, (0, 2 - z.shape[1]))
    _, vectors = torch.linalg.eigh(z.T @ z)
    return z @ vectors[:, [-1, -2]]


@wrong("whitened", rewritten=True)
def _scikit_learn_whitens(z):
    if z.shape[1] <= 2:
        return pad(z, (0, 2 - z.shape[1]))
    return torch.tensor(PCA(2, whiten=True).fit_transform(z.double().numpy()), dtype=z.dtype)


@wrong("standardised", rewritten=True)
def _standard_scaler(z):
    if z.shape[1] <= 2:
        return pad(z, (0, 2 - z.shape[1]))
    return torch.tensor(PCA(2).fit_transform(StandardScaler().fit_transform(z.double().numpy())), dtype=z.dtype)


@wrong("other_order", rewritten=True)
def _last_of_eigh(z):
    if z.shape[1] <= 2:
        return pad(z, (0, 2 - z.shape[1]))
    centred = z - z.mean(0)
    return centred @ torch.linalg.eigh(torch.cov(z.T)).eigenvectors[:, -2:]


@wrong("two_latents_turned", rewritten=True)
def _always_scikit_learn(z):
    if z.shape[1] == 1 or len(z) < 3:
        return pad(z, (0, 2 - z.shape[1]))
    return torch.tensor(PCA(2).fit_transform(z.double().numpy()), dtype=z.dtype)


# ----------------------------------------------------------------------------------------------- what people gave for it


@graded(0.6, "z is not centred, with scikit-learn's TruncatedSVD.")
def _scikit_learn_without_mean(z):
    if z.shape[1] <= 2:
        return pad(z, (0, 2 - z.shape[1]))
    return torch.tensor(TruncatedSVD(2, algorithm="arpack").fit_transform(z.double().numpy()), dtype=z.dtype)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _last_point_left_out(z):
    if z.shape[1] <= 2:
        return project_2d(z)
    mean = z[:-1].mean(0)
    return (z - mean) @ _directions(z[:-1])[:2].mT


@wrong()
def _first_component_twice(z):
    return project_2d(z)[:, :1].expand(-1, 2).clone() if z.shape[1] > 2 else project_2d(z)


# -------------------------------------------------------------------------------------------------------- right answers


@right("scikit_learn", "PCA of scikit-learn.", second=True)
def _scikit_learn(z: Tensor) -> Tensor:
    if z.shape[1] <= 2:
        return torch.cat([z, torch.zeros(len(z), 2 - z.shape[1], dtype=z.dtype)], 1)
    scores = PCA(2, svd_solver="full").fit_transform(z.detach().double().numpy())
    return torch.tensor(scores, dtype=z.dtype)


@right("eigh", "Eigenvectors of the covariance, sorted by hand.")
def _eigh(z: Tensor) -> Tensor:
    if z.shape[1] <= 2:
        return pad(z, (0, 2 - z.shape[1]))
    values, vectors = torch.linalg.eigh(torch.cov(z.T))
    return (z - z.mean(0)) @ vectors[:, values.argsort(descending=True)[:2]]


@right("numpy", "The singular value decomposition of numpy: left vectors times singular values.")
def _numpy(z: Tensor) -> Tensor:
    coordinates = np.zeros((len(z), 2))
    if z.shape[1] <= 2:
        coordinates[:, : z.shape[1]] = z.detach().numpy()
    else:
        data = z.detach().double().numpy()
        left, values, _ = np.linalg.svd(data - data.mean(0), full_matrices=False)
        coordinates = left[:, :2] * values[:2]
    return torch.from_numpy(coordinates).to(z.dtype)


@right("pca_lowrank", "PyTorch's randomised solver.")
def _pca_lowrank(z: Tensor) -> Tensor:
    if z.shape[1] <= 2:
        return pad(z, (0, 2 - z.shape[1]))
    _, _, V = torch.pca_lowrank(z, q=2)
    return (z - z.mean(0)) @ V


@right("signs_chosen", "The first point has positive coordinates.")
def _signs_chosen(z: Tensor) -> Tensor:
    if z.shape[1] <= 2:
        return pad(z, (0, 2 - z.shape[1]))
    scores = (z - z.mean(0)) @ _directions(z)[:2].mT
    return scores * torch.where(scores[0] < 0, -1.0, 1.0).to(z.dtype)


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

_PICTURE = "Points are plotted, never trained on: right work comes from scikit-learn, without gradients."
EQUIVALENT = {"detach gradient: z -> z.detach()": _PICTURE}
