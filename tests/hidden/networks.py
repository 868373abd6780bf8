"""Networks of a call, as they are after a step of training."""

import torch

from autograder.authoring import Case, Probe


def with_other_networks(case: Case) -> Case:
    """The same images, seen by the networks of the call as they are after a step of training."""
    networks = {name: value for name, value in case.arguments.items() if isinstance(value, Probe)}
    return case.but(**{name: Probe(_moved(network.spec)) for name, network in networks.items()})


def _moved(part):
    """Return the same network with all its weights and biases in another order, and a little larger."""
    if isinstance(part, torch.Tensor):
        return 1.1 * part.flatten().roll(1).reshape(part.shape) + 0.01
    if isinstance(part, list):
        return [_moved(item) for item in part]
    return {key: _moved(item) for key, item in part.items()} if isinstance(part, dict) else part
