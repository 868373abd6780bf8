"""Right evaluations of a classifier in unusual dress."""

from .dress import Dress

EVALUATE = "evaluate_classifier"

DRESSES = [
    Dress(
        EVALUATE,
        "data_loader",
        "A DataLoader over a TensorDataset, under torch.inference_mode, with a NamedTuple as its result.",
        {"classifier.py": '''
from typing import NamedTuple
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

class Score(NamedTuple):
    loss: float
    accuracy: float

def evaluate_classifier(model, images, labels, batch_size):
    was = {module: module.training for module in model.modules()}
    model.eval()
    criterion = nn.CrossEntropyLoss(reduction="sum")
    loss, right = 0.0, 0
    try:
        with torch.inference_mode():
            for x, y in DataLoader(TensorDataset(images, labels), batch_size=batch_size):
                logits = model(x)
                loss += criterion(logits, y).item()
                right += (logits.argmax(1) == y).sum().item()
    finally:
        for module, training in was.items():
            module.training = training
    return Score(loss / len(labels), right / len(labels))
'''},
    ),
    Dress(
        EVALUATE,
        "deep_copy",
        "A copy of the model is evaluated; the model itself is never touched.",
        {"classifier.py": '''
import copy
import torch

def evaluate_classifier(model, images, labels, batch_size):
    network = copy.deepcopy(model).eval().requires_grad_(False)
    logits = torch.cat([network(part) for part in torch.split(images, batch_size)])
    log_p = logits.log_softmax(-1).gather(1, labels.long().unsqueeze(1))
    return -log_p.mean().item(), logits.argmax(-1).eq(labels).double().mean().item()
'''},
    ),
    Dress(
        EVALUATE,
        "numpy_and_dataclass",
        "SciPy's log_softmax and NumPy's means outside of the model; the result is a dataclass.",
        {"classifier.py": '''
from contextlib import contextmanager
from dataclasses import dataclass
import numpy as np
import torch
from scipy.special import log_softmax

@dataclass(frozen=True)
class Result:
    loss: float
    accuracy: float

@contextmanager
def evaluation(model):
    training = model.training
    model.train(False)
    try:
        with torch.no_grad():
            yield model
    finally:
        model.train(training)

def evaluate_classifier(model, images, labels, batch_size):
    with evaluation(model) as network:
        logits = np.concatenate([network(batch).numpy() for batch in images.split(batch_size)])
    y = labels.numpy()
    picked = log_softmax(logits.astype(np.float64), axis=1)[np.arange(len(y)), y]
    return Result(float(-picked.mean()), float((logits.argmax(1) == y).mean()))
'''},
    ),
    Dress(
        EVALUATE,
        "generator_of_batches",
        "A generator of batches, zip, fsum and Fractions; 0-d tensors are turned into floats at the end.",
        {"classifier.py": '''
from fractions import Fraction
from math import fsum
import torch
from torch.nn.functional import cross_entropy

def batches(n, size):
    yield from (slice(start, start + size) for start in range(0, n, size))

class Evaluator:
    def __init__(self, device="cpu"):
        self.device = device

    def __call__(self, model, images, labels, batch_size):
        was = model.training
        model.eval()
        losses, hits = [], Fraction(0)
        with torch.set_grad_enabled(False):
            for part in batches(len(labels), batch_size):
                logits = model(images[part].to(self.device))
                losses += cross_entropy(logits, labels[part], reduction="none").tolist()
                hits += int(torch.count_nonzero(logits.max(1).indices == labels[part]))
        model.train(was)
        return fsum(losses) / len(losses), float(hits / len(labels))

evaluate_classifier = Evaluator()
'''},
    ),
]
