"""A convolutional classifier of digits: its honest evaluation and its training."""

from collections.abc import Callable

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

Classifier = Callable[[Float[Tensor, "B 1 28 28"]], Float[Tensor, "B C"]]
"""images -> logits; a `torch.nn.Module` whenever it has a training and an evaluation mode."""


class ConvClassifier(nn.Module):
    r"""A convolutional network that tells digits apart.

    .. math::
        f : [0, 1]^{B \times 1 \times 28 \times 28} \to \mathbb{R}^{B \times 10}, \qquad
        p(y_b = c \mid \mathbf{x}_b) = \operatorname{softmax}\bigl(f(\mathbf{x})_b\bigr)_c

    The architecture is up to you, as long as there is at least one convolution, with filters that are larger than a pixel and smaller
    than the image, and a non-linearity. Logits come out: no softmax stands at the end, for cross-entropy takes logits. Images in [0, 1]
    go in, so whatever preprocessing the network needs belongs inside. In evaluation mode the answer to an image depends on that image
    alone and is the same every time; dropout and batch normalisation are welcome. All weights are learnt, so they must be among the
    `parameters()` of the module: layers in a plain Python list are not. PyTorch's own initial values will do. What the attributes are
    called is up to you.

    Source:
        HUJI 67912 Ex. 1, section 2.3: "train a CNN to classify the MNIST dataset".
    """

    def __init__(self) -> None:
        """Make the layers."""
        raise NotImplementedError

    def forward(self, x: Float[Tensor, "B 1 28 28"]) -> Float[Tensor, "B 10"]:
        """Logits of the ten digits.

        Args:
            x: images in [0, 1], shape (B, 1, 28, 28).

        Returns:
            Logits, shape (B, 10).
        """
        raise NotImplementedError


class MLPClassifier(nn.Module):
    r"""A classifier with one hidden layer: linear, ReLU, dropout, linear.

    .. math::
        f(\mathbf{x}) = W_2 \bigl( \mathbf{m} \odot \max(0, W_1 \mathbf{x} + \mathbf{b}_1) \bigr) + \mathbf{b}_2, \qquad
        m_h = \begin{cases} 0 & \text{with probability } p \\ 1 / (1 - p) & \text{otherwise} \end{cases}

    In training mode every hidden unit of every example is dropped with probability p, anew in every call, and what is left is scaled by
    1 / (1 − p), as `torch.nn.Dropout` does; in evaluation mode m = 1. Logits come out: no softmax stands behind the second layer. Both
    layers have biases, and all weights are among the `parameters()` of the module. What the attributes are called is up to you.
    (Misprint: the listing of the handout takes `dropout_ratio` and ignores it.)

    Source:
        Lab 1, figure 4 and question 1.
    """

    def __init__(self, input_dim: int, hidden_dim: int, output_dim: int, dropout: float = 0.5) -> None:
        """Make the layers.

        Args:
            input_dim: how many inputs D, 784 for a flattened image.
            hidden_dim: how many hidden units H.
            output_dim: how many classes C.
            dropout: the probability p with which a hidden unit is dropped, at least 0 and less than 1.
        """
        raise NotImplementedError

    def forward(self, x: Float[Tensor, "B {input_dim}"]) -> Float[Tensor, "B {output_dim}"]:
        """Logits of the classes.

        Args:
            x: flattened images, shape (B, D).

        Returns:
            Logits, shape (B, C).
        """
        raise NotImplementedError


def balanced_subset(
    labels: Int[Tensor, "N"], per_class: int, generator: torch.Generator | None = None
) -> Int[Tensor, "K"]:
    r"""Indices of a random subset of a data set in which every digit occurs equally often.

    .. math::
        \bigl|\{ i \in I : y_i = c \}\bigr| = n \qquad \text{for every digit } c = 0, \dots, 9

    with :math:`n` the argument `per_class`. Every image of a digit is as likely to be chosen as every other one, none is chosen twice,
    and every digit and every call draws anew. The indices may come in any order.

    Args:
        labels: the digits, integers from 0 to 9 in no particular order, shape (N,); each occurs `per_class` times at least.
        per_class: how many images of each digit to choose.
        generator: source of the random choice; `None` is the global generator.

    Returns:
        Indices into `labels`, whole numbers from 0 to N − 1, shape (10 · per_class,): `images[indices]` is the subset.

    Source:
        HUJI 67912 Ex. 1, section 2.3: 20,000 images, 2,000 of each digit.
    """
    raise NotImplementedError


def evaluate_classifier(
    model: Classifier, images: Float[Tensor, "N 1 28 28"], labels: Int[Tensor, "N"], batch_size: int
) -> tuple[float, float]:
    r"""Mean cross-entropy and accuracy over a whole data set, computed in batches.

    .. math::
        \text{loss} = -\frac{1}{N} \sum_{n=1}^{N} \log \operatorname{softmax}\bigl(f(\mathbf{x}_n)\bigr)_{y_n}, \qquad
        \text{accuracy} = \frac{1}{N} \sum_{n=1}^{N} \bigl[ \arg\max_c f(\mathbf{x}_n)_c = y_n \bigr]

    Both are averages over the N *examples*: the last batch may be smaller than the others and then counts for less.
    The model is in evaluation mode meanwhile (dropout off, batch normalisation fixed) and afterwards in the mode it
    was in before.

    Args:
        model: a `torch.nn.Module` that maps images (B, 1, 28, 28) to logits (B, C).
        images: the images, shape (N, 1, 28, 28).
        labels: the classes, integers from 0 to C − 1, shape (N,).
        batch_size: the largest number of images to pass to the model at once; N need not be a multiple of it.

    Returns:
        The mean cross-entropy in nats, and the accuracy as a fraction between 0 and 1, both Python floats.

    Source:
        HUJI 67912 Ex. 1, section 2.3; Lab 1, question 1.
    """
    raise NotImplementedError


def train_classifier(
    images: Float[Tensor, "N 1 28 28"],
    labels: Int[Tensor, "N"],
    val_images: Float[Tensor, "V 1 28 28"],
    val_labels: Int[Tensor, "V"],
    *,
    epochs: int,
    batch_size: int,
    learning_rate: float,
    device: str,
    seed: int,
) -> tuple[Classifier, dict[str, list[float]]]:
    r"""Train a convolutional classifier and follow its validation loss and accuracy.

    .. math::
        \hat{\theta} = \arg\min_{\theta} \; -\frac{1}{N} \sum_{n=1}^{N}
        \log \operatorname{softmax}\bigl(f_{\theta}(\mathbf{x}_n)\bigr)_{y_n}

    The training images are visited once per epoch in a random order, `batch_size` at a time. The validation data are
    only looked
    at: nothing is learned from them. Whatever preprocessing the network needs belongs inside the model, since the
    returned model is given images in [0, 1]. Nothing may depend on the order of the examples or on what the label
    numbers mean: the grader numbers the classes in another order, and turns, bends and lightens all images alike. What
    the model knows comes from the images that it is given, by steps of the optimiser, and it is more than linear.

    Args:
        images: training images in [0, 1], shape (N, 1, 28, 28).
        labels: their classes, integers from 0 to 9, shape (N,).
        val_images: validation images in [0, 1], shape (V, 1, 28, 28).
        val_labels: their classes, shape (V,).
        epochs: number of passes over the training images.
        batch_size: number of images per step; N need not be a multiple of it.
        learning_rate: step size of the optimiser, meant for Adam: plain SGD would need steps 30 to 300 times as large, and learns
            too little at this one.
        device: where to train, such as `"cpu"` or `"cuda"`.
        seed: makes initialisation and order of the images repeatable: the same seed gives the same model on a CPU.

    Returns:
        The trained model (`model(images)` gives logits of shape (B, 10)) and the history: a dictionary whose lists
        `val_loss` (mean cross-entropy in nats) and `val_accuracy` (a fraction) hold one float per epoch.

    Source:
        HUJI 67912 Ex. 1, section 2.3; Lab 1, section 0.4. At least 97 % of the MNIST test images are to be right, or 88 %
        of scikit-learn's small digits, where the grader has no MNIST.
    """
    raise NotImplementedError
