"""The decoder of a VAE: what only the grader runs. With its parameters known, its logits are; nothing depends on what it calls them."""

import torch

from autograder.authoring import Case, Draw, check
from tests.hidden.layers import (
    Held,
    described,
    different_units,
    form_of,
    numbered,
    reaching,
    require_different,
    require_parameters,
)

HELP = "tanh behind the first layer, nothing behind the second: logits are of any sign."


def asked(student, default=False):
    """How a decoder is made whose sizes are all different, latent variables, and the sizes, for this submission."""
    draw = Draw(torch.float32, student.lot("sizes"))
    latent, data, hidden = (int(draw.uniform(1, low=low, high=high)) for low, high in ((3, 9), (10, 20), (23, 41)))
    arguments = {"latent_dim": latent, "data_dim": data} | ({} if default else {"hidden": hidden})
    case = Case("decoder", arguments, seed=student.lot("weights"))
    return case, draw.normal(12, latent), (latent, 500 if default else hidden, data)


def right_count(latent, hidden, data):
    """Weights and biases of two layers."""
    return (latent + 1) * hidden + (hidden + 1) * data


def judged(student, default=False):
    """A decoder, what it was asked and has answered, and what it holds; its form is told to the diagnosis."""
    case, z, sizes = asked(student, default)
    made = student.make(case)
    first = made.value("forward", {"z": z})  # before it is looked at: layers may take their sizes from the first call
    looked, same = made.inspect(state=True), torch.equal(first, made.value("forward", {"z": z}, seed=1))
    held = Held.of(looked)
    z = reaching(held.affine(*sizes[:2]), z)
    call = made.call("forward", {"z": z})
    got = student.value(call)
    layers = held.affine(*sizes[:2]), held.affine(*sizes[1:])
    form = form_of(*layers, z, got)
    quiet = None
    if form is None:  # in evaluation mode it may have one; another object is asked, for it stays in that mode
        quiet = form_of(*layers, z, student.make(case).value("forward", {"z": z}, evaluate=True))
    facts = [*numbered(form), *numbered(quiet), same, *described(looked, right_count(*sizes))]
    student.sees(case, "its form", torch.tensor(facts, dtype=torch.float64))
    return made, call, held, form, layers, sizes


@check("decoder", "value")
def test_value(student):
    """The logits are W₂ tanh(W₁ z + b₁) + b₂, with the very weights that the network holds, for `hidden` units and for the 500 that are
    the default.
    """
    for default in (False, True):
        _, call, _, form, _, (_, hidden, _) = judged(student, default)
        message = f"the logits are not those of a network with its weights, {hidden} hidden units and tanh"
        if form is not None:
            message += f": behind the first layer stands {form[0]}, behind the second {form[1]}"
        student.require(form == ("tanh", "nothing"), call, message, help=HELP)


@check("decoder", "parameters")
def test_parameters(student):
    """It is a module whose parameters are those of two layers with biases, all of them learnt and saved in its `state_dict`."""
    for default in (False, True):
        made, call, held, _, _, sizes = judged(student, default)
        require_parameters(student, call, made, held, right_count(*sizes), sizes[1])


@check("decoder", "gradient")
def test_gradient(student):
    """The logits can be differentiated by z and by every parameter."""
    made, call, *_ = judged(student)
    found = made.gradient("forward", call.arguments, ["z", "self.*"])
    student.sees(call, "how many gradients there are", torch.tensor(sum(g is not None for g in found.values())))
    for name, gradient in found.items():
        student.require(
            gradient is not None, call, f"no gradient reaches `{name}`", help="Nothing in `forward` may be detached."
        )
    student.require(len(found) > 1, call, "it has no parameters that could be learnt")


@check("decoder", "initial", after=["value"])
def test_initial(student):
    """Before it is trained, hidden units have weights of their own: units that are alike would stay so for ever."""
    _, call, _, _, layers, _ = judged(student)
    require_different(student, call, different_units(*layers))


@check("decoder", "leading", given=True)
def test_leading(student):
    """Samples of a whole batch may be decoded at once: z of shape (S, B, M) gives logits of shape (S, B, D)."""
    made, call, *_ = judged(student)
    z = call.arguments["z"].reshape(3, 4, -1)
    got, flat = made.value("forward", {"z": z}), made.value("forward", call.arguments)
    student.require(
        torch.allclose(got.reshape(flat.shape), flat, atol=1e-4),
        call,
        "z of shape (3, 4, M) gives other logits than its rows",
    )
