"""MNIST as tensors, ready for this assignment, and pictures of its images."""

import importlib

import torch
from torch import Tensor


def load_mnist(root: str = "data") -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images (N, 784) in [0, 1] with their labels (N,), for training and for testing.

    MNIST is taken from the folder `root`, and downloaded into it the first time. Where that is impossible, the 1,797
    digits that ship with scikit-learn are used instead, enlarged to 28 × 28, and a line says so.

    For convolutional networks: `images.view(-1, 1, 28, 28)`.

    Returns:
        images, labels, test_images, test_labels.
    """
    try:
        datasets = _torchvision_datasets()
        train, test = (datasets.MNIST(root, train=part, download=True) for part in (True, False))
    except (ImportError, OSError, RuntimeError) as error:
        print(f"MNIST is not to be had ({error}); using the digits of scikit-learn instead.")
        return _scikit_learn_digits()
    return _pixels(train.data), train.targets.clone(), _pixels(test.data), test.targets.clone()


def show(rows: Tensor, columns: int = 10) -> None:
    """Draw images (N, 784) with values in [0, 1], `columns` beside each other."""
    import matplotlib.pyplot as plt

    lines = -(-len(rows) // columns)
    _, places = plt.subplots(lines, columns, squeeze=False, figsize=(columns, lines))
    for place in places.flat:
        place.axis("off")
    for place, row in zip(places.flat, rows.detach(), strict=False):
        place.imshow(row.reshape(28, 28).tolist(), cmap="gray", vmin=0, vmax=1)
    plt.show()


def _pixels(images: Tensor) -> Tensor:
    return images.flatten(1).float() / 255


def _torchvision_datasets():
    """Return torchvision's data sets, also where a CUDA build of it stands beside a CPU build of torch.

    There the import fails because two operators, which no data set uses, are not declared.
    """
    try:
        return importlib.import_module("torchvision.datasets")
    except RuntimeError:
        global _declared  # a declaration lasts as long as the object that made it
        _declared = torch.library.Library("torchvision", "FRAGMENT")
        _declared.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _declared.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        return importlib.import_module("torchvision.datasets")


def _scikit_learn_digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    try:
        from sklearn.datasets import load_digits
    except ImportError:
        raise RuntimeError("no MNIST, no scikit-learn: run `pip install scikit-learn`, or try again online") from None
    digits = load_digits()
    small = torch.tensor(digits.images, dtype=torch.float32).unsqueeze(1) / 16  # (1797, 1, 8, 8)
    images = torch.nn.functional.interpolate(small, size=(28, 28), mode="bilinear", align_corners=False).flatten(1)
    labels = torch.tensor(digits.target, dtype=torch.int64)
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(0))
    test, train = order[:497], order[497:]
    return images[train], labels[train], images[test], labels[test]
