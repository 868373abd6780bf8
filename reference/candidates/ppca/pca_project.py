"""What is held against the checks of `pca_project`."""

import numpy as np
import torch
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.preprocessing import StandardScaler
from torch import Tensor

from autograder.authoring.candidates import graded, right, wrong
from reference.ppca import pca_project

Pair = tuple[Tensor, Tensor]

# ------------------------------------------------------------------------------------------------------- named mistakes


def _directions(X: Tensor) -> Tensor:
    """The principal directions of centred data, in rows."""
    return torch.linalg.svd(X - X.mean(0), full_matrices=False)[2]


@wrong(
    "not_centred",
    "The data are not centred: without that the first component points towards their mean.",
    severity="slip",
)
def _not_centred(X: Tensor, n_components: int) -> Pair:
    components = torch.linalg.svd(X, full_matrices=False)[2][:n_components]
    return components, X @ components.mT


@wrong(
    "scores_not_centred",
    "The components are right, but X itself is projected: the mean is to be subtracted here, too.",
    severity="slip",
    credit=0.7,
)
def _scores_not_centred(X: Tensor, n_components: int) -> Pair:
    components, _ = pca_project(X, n_components)
    return components, X @ components.mT


@wrong(
    "components_not_centred",
    "The components are those of data that are not centred; only the scores are centred.",
    severity="slip",
)
def _components_not_centred(X: Tensor, n_components: int) -> Pair:
    components = torch.linalg.svd(X, full_matrices=False)[2][:n_components]
    return components, (X - X.mean(0)) @ components.mT


@wrong(
    "rows_centred",
    "The mean of every data point over its dimensions is subtracted; it is the mean of every dimension over the data points.",
    severity="slip",
)
def _rows_centred(X: Tensor, n_components: int) -> Pair:
    centred = X - X.mean(1, keepdim=True)
    components = torch.linalg.svd(centred, full_matrices=False)[2][:n_components]
    return components, centred @ components.mT


@wrong(
    "centred_by_one_number",
    "One mean over all entries of X is subtracted; every dimension has its own.",
    severity="slip",
)
def _centred_by_one_number(X: Tensor, n_components: int) -> Pair:
    centred = X - X.mean()
    components = torch.linalg.svd(centred, full_matrices=False)[2][:n_components]
    return components, centred @ components.mT


@wrong(
    "smallest_kept",
    "The components of the smallest variance are kept: `eigh` returns eigenvalues in ascending order.",
    severity="slip",
)
def _smallest_kept(X: Tensor, n_components: int) -> Pair:
    centred = X - X.mean(0)
    components = torch.linalg.eigh(centred.mT @ centred).eigenvectors[:, :n_components].mT
    return components, centred @ components.mT


@wrong(
    "ascending_order",
    "The right components are kept, but the one with the largest variance comes last; it should come first.",
    severity="slip",
    credit=0.75,
)
def _ascending_order(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return components.flip(0), scores.flip(1)


@wrong(
    "scores_in_other_order",
    "The components are in descending order of variance, but their scores in ascending order.",
    severity="slip",
    credit=0.7,
)
def _scores_in_other_order(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return components, scores.flip(1)


@wrong(
    "rows_for_columns",
    "Rows and columns of the eigenvectors are mixed up: `eigh` has them in columns, and `svd` returns Vᵀ with them in rows.",
    severity="slip",
)
def _rows_for_columns(X: Tensor, n_components: int) -> Pair:
    centred = X - X.mean(0)
    components = torch.linalg.svd(centred, full_matrices=True)[2].mT[:n_components]
    return components, centred @ components.mT


@wrong(
    "whitened",
    "The scores are scaled to the same variance for all components; they are the projections themselves.",
    severity="slip",
)
def _whitened(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return components, scores / scores.std(0)


@wrong(
    "scores_divided_by_n",
    "The scores are divided by N or its root; they are the projections themselves.",
    severity="slip",
)
def _scores_divided_by_n(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return components, scores / len(X) ** 0.5


@wrong(
    "components_scaled",
    "The components are scaled by the root of their variance: these are loadings; components are unit vectors.",
    severity="slip",
)
def _components_scaled(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return components * scores.std(0)[:, None], scores


@wrong(
    "loadings_throughout",
    "The components are scaled by the root of their variance, and the data are projected onto these; components are unit vectors.",
    severity="slip",
)
def _loadings_throughout(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return components * scores.std(0)[:, None], scores * scores.std(0)


@wrong(
    "scaled_twice",
    "The scores are multiplied by the singular values, which are in them already.",
    severity="slip",
)
def _scaled_twice(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return components, scores * scores.norm(dim=0)


@wrong(
    "standardised",
    "The dimensions are divided by their standard deviations, which gives other components; the data are only to be centred.",
    severity="slip",
)
def _standardised(X: Tensor, n_components: int) -> Pair:
    return pca_project(X / X.std(0).clamp(min=1e-12), n_components)


@wrong(
    "signs_apart",
    "The sign of a component is changed, but its scores keep theirs: both must change together.",
    severity="slip",
    credit=0.7,
)
def _signs_apart(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return -components, scores


@wrong("absolute", "The absolute values of the components are taken; signs within a component matter.", severity="slip")
def _absolute(X: Tensor, n_components: int) -> Pair:
    components, _ = pca_project(X, n_components)
    return components.abs(), (X - X.mean(0)) @ components.abs().mT


@wrong(
    "components_transposed",
    "The components are in columns, shape (D, M); they are asked for in rows, shape (M, D).",
    severity="slip",
    credit=0.75,
)
def _components_transposed(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return components.mT, scores


@wrong(
    "scores_transposed",
    "The scores have the shape (M, N); one row per data point is asked for, shape (N, M).",
    severity="slip",
    credit=0.75,
)
def _scores_transposed(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return components, scores.mT


@wrong(
    "parts_swapped",
    "The scores come first; the components are asked for first, then the scores.",
    severity="form",
)
def _parts_swapped(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return scores, components


@wrong(
    "reconstruction",
    "The scores are turned back into data space, shape (N, D); the scores themselves, shape (N, M), are asked for.",
    severity="gap",
)
def _reconstruction(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return components, scores @ components + X.mean(0)


@wrong(
    "first_dimensions",
    "The first dimensions of the data are kept; components are the directions of largest variance, whatever they are.",
    severity="empty",
)
def _first_dimensions(X: Tensor, n_components: int) -> Pair:
    components = torch.eye(X.shape[1], dtype=X.dtype)[:n_components]
    return components, (X - X.mean(0)) @ components.mT


@wrong(
    "dimensions_of_largest_variance",
    "The single dimensions of largest variance are chosen; a component is a combination of all dimensions.",
    severity="gap",
    credit=0.25,
)
def _dimensions_of_largest_variance(X: Tensor, n_components: int) -> Pair:
    chosen = X.var(0).argsort(descending=True)[:n_components]
    components = torch.eye(X.shape[1], dtype=X.dtype)[chosen]
    return components, (X - X.mean(0)) @ components.mT


# -------------------------------------------------------------------------------------------------- other forms of them


@wrong("whitened")
def _standard_deviation_of_n(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return components, scores / scores.std(0, correction=0)


@wrong("whitened")
def _left_singular_vectors(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return components, scores / scores.norm(dim=0)


@wrong("scores_divided_by_n")
def _by_root_of_n_minus_one(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return components, scores / (len(X) - 1) ** 0.5


@wrong("scores_divided_by_n")
def _by_n(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return components, scores / len(X)


@wrong("components_scaled")
def _by_singular_values(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return components * scores.norm(dim=0)[:, None], scores


@wrong("components_scaled")
def _by_eigenvalues(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return components * scores.var(0)[:, None], scores


@wrong("components_scaled")
def _by_eigenvalues_of_n(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return components * scores.var(0, correction=0)[:, None], scores


@wrong("components_scaled")
def _by_deviations_of_n(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return components * scores.std(0, correction=0)[:, None], scores


@wrong("loadings_throughout")
def _loadings_of_n(X: Tensor, n_components: int) -> Pair:
    components, scores = pca_project(X, n_components)
    return components * scores.std(0, correction=0)[:, None], scores * scores.std(0, correction=0)


@wrong("standardised")
def _standardised_by_n(X: Tensor, n_components: int) -> Pair:
    return pca_project(X / X.std(0, correction=0).clamp(min=1e-12), n_components)


@wrong("rows_for_columns")
def _last_rows(X: Tensor, n_components: int) -> Pair:
    centred = X - X.mean(0)
    vectors = torch.linalg.eigh(centred.mT @ centred).eigenvectors
    components = vectors.flip(0)[:n_components]
    return components, centred @ components.mT


@wrong("rows_for_columns")
def _first_rows_of_eigh(X: Tensor, n_components: int) -> Pair:
    centred = X - X.mean(0)
    components = torch.linalg.eigh(centred.mT @ centred).eigenvectors[:n_components]
    return components, centred @ components.mT


@wrong("rows_for_columns")
def _first_rows_of_flipped(X: Tensor, n_components: int) -> Pair:
    centred = X - X.mean(0)
    components = torch.linalg.eigh(centred.mT @ centred).eigenvectors.flip(1)[:n_components]
    return components, centred @ components.mT


# ------------------------------------------------------------------------------------------------------- in other words


@wrong("not_centred", rewritten=True)
def _truncated_svd(X, n_components):
    U, S, Vh = torch.linalg.svd(X, full_matrices=False)
    return Vh[:n_components], U[:, :n_components] * S[:n_components]


@wrong("not_centred", rewritten=True)
def _second_moments(X, n_components):
    values, vectors = torch.linalg.eigh(X.T @ X / X.shape[0])
    W = vectors[:, torch.argsort(values, descending=True)[:n_components]]
    return W.T, X @ W


@wrong("scores_not_centred", rewritten=True)
def _torch_cov(X, n_components):
    values, vectors = torch.linalg.eigh(torch.cov(X.T).reshape(X.shape[1], X.shape[1]))
    W = vectors[:, torch.argsort(values, descending=True)[:n_components]]
    return W.T, X @ W


@wrong()  # smallest_kept in other words, for which there is no name of its own yet, or a second one
def _first_of_eigh(X, n_components):
    C = torch.cov(X.T).reshape(X.shape[1], X.shape[1])
    _, vectors = torch.linalg.eigh(C)
    return vectors[:, :n_components].T, (X - X.mean(0)) @ vectors[:, :n_components]


@wrong()  # ascending_order in other words, for which there is no name of its own yet, or a second one
def _last_of_eigh(X, n_components):
    centred = X - X.mean(dim=0, keepdim=True)
    _, vectors = torch.linalg.eigh(centred.T @ centred / (len(X) - 1))
    W = vectors[:, -n_components:]
    return W.T, centred @ W


@wrong("standardised", rewritten=True)
def _standard_scaler(X, n_components):
    pca = PCA(n_components)
    scores = pca.fit_transform(StandardScaler().fit_transform(X.numpy()))
    return torch.from_numpy(pca.components_).to(X.dtype), torch.from_numpy(scores).to(X.dtype)


@wrong("whitened", rewritten=True)
def _scikit_learn_whitens(X, n_components):
    pca = PCA(n_components, whiten=True)
    scores = pca.fit_transform(X.double().numpy())
    return torch.tensor(pca.components_, dtype=X.dtype), torch.tensor(scores, dtype=X.dtype)


@wrong("components_transposed", rewritten=True)
def _columns(X, n_components):
    _, _, V = torch.svd(X - X.mean(0))
    return V[:, :n_components], (X - X.mean(0)) @ V[:, :n_components]


# ------------------------------------------------------------------------------------------------------------- graded


@graded(0.60, "The data are not centred, with scikit-learn's TruncatedSVD.")
def _scikit_learn_without_mean(X, n_components):
    svd = TruncatedSVD(n_components, algorithm="arpack") if n_components < min(X.shape) else None
    if svd is None:
        U, S, Vh = np.linalg.svd(X.numpy(), full_matrices=False)
        return torch.tensor(Vh[:n_components]), torch.tensor(U[:, :n_components] * S[:n_components])
    scores = svd.fit_transform(X.double().numpy())
    return torch.tensor(svd.components_.copy(), dtype=X.dtype), torch.tensor(scores, dtype=X.dtype)


# ------------------------------------------------------------------------------------------------------- without a name


@wrong()
def _last_point_left_out(X, n_components):
    mean = X[:-1].mean(0)
    components = torch.linalg.svd(X[:-1] - mean, full_matrices=False)[2][:n_components]
    return components, (X - mean) @ components.T


@wrong()
def _first_component_for_all(X, n_components):
    components, scores = pca_project(X, n_components)
    return components[:1].expand_as(components).clone(), scores[:, :1].expand_as(scores).clone()


@wrong()
def _centred_by_median(X, n_components):
    centred = X - X.median(0).values
    components = torch.linalg.svd(centred, full_matrices=False)[2][:n_components]
    return components, centred @ components.T


# -------------------------------------------------------------------------------------------------------- right answers


@right("scikit_learn", "PCA of scikit-learn.", second=True)
def _scikit_learn(X: Tensor, n_components: int) -> Pair:
    pca = PCA(n_components, svd_solver="full")
    scores = pca.fit_transform(X.detach().double().numpy())
    return torch.tensor(pca.components_, dtype=X.dtype), torch.tensor(scores, dtype=X.dtype)


@right("eigh", "Eigenvectors of the covariance with 1/(N − 1), which are those of the one with 1/N.")
def _eigh(X: Tensor, n_components: int) -> Pair:
    centred = X - X.mean(0, keepdim=True)
    vectors = torch.linalg.eigh(centred.T @ centred / (X.shape[0] - 1)).eigenvectors
    W = vectors.flip(1)[:, :n_components]
    return W.T, torch.einsum("nd,dm->nm", centred, W)


@right("eig_of_numpy", "The unsymmetric solver of numpy, sorted by hand.")
def _eig_of_numpy(X: Tensor, n_components: int) -> Pair:
    data = X.double().numpy()
    values, vectors = np.linalg.eig(np.atleast_2d(np.cov(data.T)))
    W = vectors.real[:, np.argsort(-values.real)[:n_components]]
    scores = (data - data.mean(0)) @ W
    return torch.tensor(W.T.copy(), dtype=X.dtype), torch.tensor(scores, dtype=X.dtype)


@right("singular_values", "Scores as left singular vectors times singular values.")
def _singular_values(X: Tensor, n_components: int) -> Pair:
    U, S, V = torch.svd(X - X.mean(0))
    return V[:, :n_components].T, (U * S)[:, :n_components]


@right("gram", "By the N × N matrix of inner products, as for images.")
def _gram(X: Tensor, n_components: int) -> Pair:
    centred = (X - X.mean(0)).double()
    values, vectors = torch.linalg.eigh(centred @ centred.T)
    values, vectors = values.flip(0)[:n_components], vectors.flip(1)[:, :n_components]
    scores = vectors * values.sqrt()
    components = (centred.T @ vectors / values.sqrt()).T
    return components.to(X.dtype), scores.to(X.dtype)


@right("signs_chosen", "The largest entry of every component is made positive, as other software does.")
def _signs_chosen(X: Tensor, n_components: int) -> Pair:
    centred = X - X.mean(0)
    components = _directions(X)[:n_components]
    largest = components.gather(1, components.abs().argmax(1, keepdim=True))
    components = components * torch.where(largest < 0, -1.0, 1.0).to(X.dtype)
    return components, centred @ components.T


@right("pca_lowrank", "PyTorch's randomised solver.")
def _pca_lowrank(X: Tensor, n_components: int) -> Pair:
    _, _, V = torch.pca_lowrank(X, q=n_components, center=True)
    return V.T, (X - X.mean(0)) @ V


@right("randomised", "The randomised solver of scikit-learn.")
def _randomised(X: Tensor, n_components: int) -> Pair:
    pca = PCA(n_components, svd_solver="randomized", random_state=0)
    scores = pca.fit_transform(X.double().numpy())
    return torch.tensor(pca.components_, dtype=X.dtype), torch.tensor(scores, dtype=X.dtype)


@right("power_iteration", "One component after the other, each by power iteration, and then taken out of the data.")
def _power_iteration(X: Tensor, n_components: int) -> Pair:
    centred = X - X.mean(0)
    rest, found = centred.double(), []
    for _ in range(n_components):
        v = torch.linspace(1.0, 2.0, X.shape[1], dtype=torch.float64)
        for _ in range(2000):
            v = rest.T @ (rest @ v)
            v = v / v.norm()
        found.append(v)
        rest = rest - torch.outer(rest @ v, v)
    components = torch.stack(found).to(X.dtype)
    return components, centred @ components.T


# ---------------------------------------------------------------------------------- generated mutants that are no mistakes

_DECOMPOSITION = (
    "Nothing is learnt through principal components: right work comes from scikit-learn, without gradients."
)
EQUIVALENT = {
    "detach gradient: centred = X - X.mean(dim=0) -> centred = (X - X.mean(dim=0)).detach()": _DECOMPOSITION,
    "detach gradient: components = directions[:n_components]"
    " -> components = directions[:n_components].detach()": _DECOMPOSITION,
    "detach gradient: components -> components.detach()": _DECOMPOSITION,
    "detach gradient: components -> components.detach() #2": _DECOMPOSITION,
    "detach gradient: centred -> centred.detach()": _DECOMPOSITION,
}
