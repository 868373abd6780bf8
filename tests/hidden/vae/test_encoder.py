"""The encoder of a VAE: what only the grader runs. With its parameters known, mean and log-variance are; nothing depends on names.

Before an encoder is trained, nothing tells which outputs are means: any half of them may be, and in any order.
"""

import torch

from autograder.authoring import Case, Draw, check
from tests.hidden.layers import (
    Held,
    described,
    different_units,
    form_of_heads,
    numbered,
    reaching,
    require_different,
    require_parameters,
)

HELP = "tanh behind the first layer, nothing behind mean and log-variance: both are of any sign."
RIGHT = [
    ("tanh", "nothing", of_log_var)
    for of_log_var in ("nothing", "a factor 2", "the log of softplus", "twice the log of softplus")
]
"""2 · log σ is a log-variance, and so is log σ² of a variance that softplus gives."""


def asked(student, default=False):
    """How an encoder is made whose sizes are all different, images, and the sizes, for this submission."""
    draw = Draw(torch.float32, student.lot("sizes"))
    latent, data, hidden = (int(draw.uniform(1, low=low, high=high)) for low, high in ((3, 6), (11, 20), (23, 41)))
    arguments = {"data_dim": data, "latent_dim": latent} | ({} if default else {"hidden": hidden})
    case = Case("encoder", arguments, seed=student.lot("weights"))
    return case, draw.normal(12, data), (data, 500 if default else hidden, latent)


def right_count(data, hidden, latent):
    """Weights and biases of one layer below and of two above."""
    return (data + 1) * hidden + (hidden + 1) * 2 * latent


def judged(student, default=False):
    """An encoder, what it was asked, and what it holds; its form is told to the diagnosis."""
    case, x, sizes = asked(student, default)
    made = student.make(case)
    first = made.value("forward", {"x": x})  # before it is looked at: layers may take their sizes from the first call
    looked, again = made.inspect(state=True), made.value("forward", {"x": x}, seed=1)
    held = Held.of(looked)
    layers = held.affine(*sizes[:2]), held.heads(*sizes[1:])
    x = reaching(layers[0], x)
    call = made.call("forward", {"x": x})
    got = student.value(call)
    form = form_of_heads(*layers, x, got)
    quiet = None
    if form is None:  # in evaluation mode it may have one; another object is asked, for it stays in that mode
        quiet = form_of_heads(*layers, x, student.make(case).value("forward", {"x": x}, evaluate=True))
    same = all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    facts = [*numbered(form, 3), *numbered(quiet, 3), same, torch.equal(*got), *described(looked, right_count(*sizes))]
    student.sees(case, "its form", torch.tensor(facts, dtype=torch.float64))
    return made, call, held, form, layers, sizes


@check("encoder", "value")
def test_value(student):
    """Mean and log-variance are affine functions of tanh(W₁ x + b₁), with the very weights that the network holds, for `hidden` units and
    for the 500 that are the default.
    """
    for default in (False, True):
        _, call, _, form, _, (_, hidden, _) = judged(student, default)
        message = f"mean and log-variance are not those of a network with its weights, {hidden} hidden units and tanh"
        if form is not None:
            message += f": behind the hidden layer stands {form[0]}, behind the mean {form[1]}, behind the log-variance {form[2]}"
        student.require(form in RIGHT, call, message, help=HELP)


@check("encoder", "parameters")
def test_parameters(student):
    """It is a module whose parameters are those of its layers with biases, all of them learnt and saved in its `state_dict`."""
    for default in (False, True):
        made, call, held, _, _, sizes = judged(student, default)
        require_parameters(student, call, made, held, right_count(*sizes), sizes[1])


@check("encoder", "gradient")
def test_gradient(student):
    """Mean and log-variance can both be differentiated by every parameter that they are made of."""
    made, call, _, _, _, (data, hidden, _) = judged(student)
    found = [made.ask("forward", call.arguments, gradients=["self.*"], part=part).gradients for part in (0, 1)]
    counts = [sum(gradient is not None for gradient in part.values()) for part in found]
    student.sees(call, "how many gradients there are", torch.tensor(counts, dtype=torch.float64))
    help_text = "Nothing in `forward` may be detached, or run under torch.no_grad()."
    for part, count in zip(("mean", "log-variance"), counts, strict=True):
        student.require(count > 0, call, f"no gradient of the {part} reaches any parameter", help=help_text)
    shapes = made.inspect().shapes()
    for name in found[0]:
        of_mean, of_log_var = (part.get(name) is not None for part in found)
        student.require(
            of_mean or of_log_var, call, f"no gradient reaches `{name}`", help="Nothing in `forward` may be detached."
        )
        below = sorted(size for size in shapes.get(name.removeprefix("self."), ()) if size > 1) in (
            [hidden],
            [data, hidden],
        )
        part = "log-variance" if of_mean else "mean"
        student.require(not below or (of_mean and of_log_var), call, f"no gradient of the {part} reaches `{name}`")


@check("encoder", "initial", after=["value"])
def test_initial(student):
    """Before it is trained, hidden units have weights of their own: units that are alike would stay so for ever."""
    _, call, _, _, layers, _ = judged(student)
    require_different(student, call, different_units(*layers))
