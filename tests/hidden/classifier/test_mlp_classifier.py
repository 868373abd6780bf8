"""A classifier with one hidden layer: what only the grader runs. With its parameters known, so are its logits in evaluation mode, and
what dropout did to every hidden unit in training mode: there are more classes than hidden units, so the units follow from the logits.
"""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from autograder.authoring import Case, Draw, check
from autograder.checking.statistics import binary_sample_test, share_of
from tests.hidden.layers import (
    HIDDEN,
    Held,
    described,
    different_units,
    form_of,
    numbered,
    reaching,
    require_different,
    require_parameters,
)

ROWS = 160
HELP = "Linear, ReLU, dropout, linear: logits come out, and in evaluation mode nothing is dropped. F.dropout needs training=self.training."


def asked(student, default=False):
    """How a classifier is made whose sizes are all different, inputs, sizes and p, for this submission."""
    draw = Draw(torch.float32, student.lot("sizes"))
    hidden, more, classes = (int(draw.uniform(1, low=low, high=high)) for low, high in ((41, 48), (21, 30), (9, 19)))
    sizes = hidden + more, hidden, hidden + classes
    p = 0.5 if default else round(float(draw.uniform(1, low=0.15, high=0.35)), 2)
    arguments = dict(zip(("input_dim", "hidden_dim", "output_dim"), sizes, strict=True)) | (
        {} if default else {"dropout": p}
    )
    return Case("MLPClassifier", arguments, seed=student.lot("weights")), draw.normal(12, sizes[0]), sizes, p


def right_count(inputs, hidden, classes):
    """Weights and biases of two layers."""
    return (inputs + 1) * hidden + (hidden + 1) * classes


def judged(student, default=False):
    """A classifier in evaluation mode, what it was asked, and what it holds; its form is told to the diagnosis."""
    case, x, sizes, _ = asked(student, default)
    made = student.make(case)
    first = made.value("forward", {"x": x}, evaluate=True)  # layers may take their sizes from the first call
    looked, again = made.inspect(state=True), made.value("forward", {"x": x}, seed=1, evaluate=True)
    held = Held.of(looked)
    layers = held.affine(*sizes[:2]), held.affine(*sizes[1:])
    x = reaching(layers[0], x)
    call = made.call("forward", {"x": x})
    form = form_of(*layers, x, student.value(call, evaluate=True), wanted="ReLU")
    facts = [*numbered(form), torch.equal(first, again), *described(looked, right_count(*sizes))]
    student.sees(case, "its form", torch.tensor(facts, dtype=torch.float64))
    return made, call, held, form, layers, sizes


@check("MLPClassifier", "value")
def test_value(student):
    """In evaluation mode the logits are W₂ max(0, W₁ x + b₁) + b₂, with the very weights that the network holds."""
    _, call, _, form, *_ = judged(student)
    message = "in evaluation mode the logits are not those of a network with its weights and a ReLU"
    if form is not None:
        message += f": behind the first layer stands {form[0]}, behind the second {form[1]}"
    student.require(form == ("ReLU", "nothing"), call, message, help=HELP)


# ----------------------------------------------------------------------------------------------------------- dropout


@dataclass
class Dropped:
    """What dropout has done in two calls.

    Attributes:
        call: One of them.
        place: Where it is: "nowhere", "hidden", "output", or "elsewhere".
        scale: What is left is multiplied by it.
        kept: Whether each number was left, one array for each call; None where that is not known.
        p: The probability that was asked for.
    """

    call: Case
    place: str
    scale: float = 1.0
    kept: tuple[Tensor, ...] = ()
    p: float = 0.5


PLACES = ("nowhere", "hidden", "output", "elsewhere")


def in_training(student, default=False):
    """What dropout does in training mode; the diagnosis is told. None where the weights above the hidden layer are zero, so that nothing
    can be seen.
    """
    case, x, sizes, p = asked(student, default)
    _, _, _, form, (inners, outers), _ = judged(student, default)
    made = student.make(case)
    if not inners or not outers:
        made.value("forward", {"x": x})
        return Dropped(made.call("forward", {"x": x}), "elsewhere", p=p)
    inner, outer = inners[0], outers[0]
    if float(torch.linalg.svdvals(outer.weight).min()) < 1e-6:
        return None
    units = Draw(torch.float64, student.lot("units")).uniform(ROWS, sizes[1], low=0.5, high=1.5)
    x = torch.linalg.lstsq(inner.weight, (units - inner.bias).mT).solution.mT.float()  # all units are active
    call = made.call("forward", {"x": x})
    answers = [
        made.value("forward", {"x": x}, seed=seed).double() for seed in (student.lot("call"), student.lot("next"))
    ]
    quiet = student.make(case).value("forward", {"x": x}, evaluate=True).double()
    active = HIDDEN["ReLU" if form is None else form[0]](inner(x.double()))
    found = _found(call, answers, quiet, active, outer, "nothing" if form is None else form[1])
    found.p = p
    rate = float(torch.stack([kept.double() for kept in found.kept]).mean()) if found.kept else 0.0
    facts = torch.tensor([PLACES.index(found.place), found.scale, rate], dtype=torch.float64)
    student.sees(call, "dropout", facts, within=0.08)
    return found


def _found(call, answers, quiet, active, outer, end):
    """Where answers differ from the quiet one: in the hidden units, or in the outputs."""
    if all(torch.allclose(answer, quiet, rtol=1e-3, atol=1e-3) for answer in answers):
        return Dropped(call, "nowhere")
    weight = torch.cat([outer.weight, torch.ones(len(outer.weight), 1, dtype=torch.float64)], dim=1)
    before = [answer.clamp(min=1e-30).log() if end == "softmax" else answer for answer in answers]
    free = (
        weight if end in ("softmax", "log-softmax") else outer.weight
    )  # a softmax hides what all logits have in common
    units = [torch.linalg.lstsq(free, (logits - outer.bias).mT).solution.mT[:, : active.shape[1]] for logits in before]
    for place, numbers in (("hidden", [unit / active for unit in units]), ("output", [a / quiet for a in answers])):
        values = torch.stack(numbers)
        left = values.abs() > 0.1
        scale = float(values[left].median()) if bool(left.any()) else 0.0
        if bool(((values - scale * left).abs() < 0.03 * max(1.0, scale)).all()):
            return Dropped(call, place, scale, tuple(left))
    return Dropped(call, "elsewhere")


@check("MLPClassifier", "dropout")
def test_dropout(student):
    """In training mode hidden units are dropped with probability p (½ where nothing is said), and the others are scaled by 1 / (1 - p)."""
    for default in (False, True):
        found = in_training(student, default)
        if found is None:
            return
        message = (
            "in training mode nothing is dropped"
            if found.place == "nowhere"
            else "what is dropped are not the hidden units"
        )
        student.require(
            found.place == "hidden",
            found.call,
            message,
            help="nn.Dropout(dropout) between the ReLU and the second layer.",
        )
        scaled = abs(found.scale - 1 / (1 - found.p)) < 0.03
        message = f"for dropout={found.p:g} the units that are left are multiplied by {found.scale:.3f}"
        student.require(
            scaled, found.call, message, help="The scale is 1 / (1 - p).", expected=f"{1 / (1 - found.p):.3f}"
        )
        kept = np.concatenate([part.reshape(-1).double().numpy() for part in found.kept])
        verdict = binary_sample_test(kept, 1 - found.p, false_fail=share_of(2))
        student.judge(verdict, found.call, f"units are not dropped with probability {found.p:g}")
    judge_without(student)


def judge_without(student):
    """Require that a probability of 0 switches dropout off."""
    case, x, *_ = asked(student)
    made = student.make(case.but(dropout=0.0))
    one, other = (made.value("forward", {"x": x}, seed=student.lot(name)) for name in ("call", "next"))
    call = made.call("forward", {"x": x})
    student.sees(call, "whether dropout=0 drops nothing", float(torch.equal(one, other)))
    message = "with dropout=0 two calls in training mode differ"
    student.require(torch.equal(one, other), call, message, help="0 is a probability like others: no `dropout or 0.5`.")


@check("MLPClassifier", "independence", after=["dropout"])
def test_independence(student):
    """Every unit of every example is dropped by itself, and anew in every call."""
    found = in_training(student)
    if found is None:
        return
    first, second = (part.double().numpy() for part in found.kept)
    share, differ = share_of(3), 2 * found.p * (1 - found.p)
    for what, numbers, probability in (
        ("a unit is dropped in all examples at once", first, 1 - found.p),
        ("an example loses all of its units at once", first.T, 1 - found.p),
        ("calls drop the same units", (first != second).astype(float).reshape(-1), differ),
    ):
        verdict = binary_sample_test(numbers, probability, false_fail=share)
        student.judge(verdict, found.call, what, help="nn.Dropout does all of this.")
        student.sees(found.call, what, torch.tensor(float(verdict.decision == "fail")))


# -------------------------------------------------------------------------------------------------------- parameters


@check("MLPClassifier", "parameters")
def test_parameters(student):
    """It is a module whose parameters are those of two layers with biases, all of them learnt and saved in its `state_dict`."""
    made, call, held, _, _, sizes = judged(student)
    require_parameters(student, call, made, held, right_count(*sizes), sizes[1])


@check("MLPClassifier", "gradient")
def test_gradient(student):
    """The logits can be differentiated by every parameter."""
    case, x, *_ = asked(student)
    judged(student)
    made = student.make(case)
    call = made.call("forward", {"x": x})
    found = made.ask("forward", {"x": x}, gradients=["self.*"]).gradients
    student.sees(call, "how many gradients there are", torch.tensor(float(sum(g is not None for g in found.values()))))
    student.require(len(found) > 0, call, "it has no parameters that could be learnt")
    for name, gradient in found.items():
        student.require(
            gradient is not None, call, f"no gradient reaches `{name}`", help="Nothing in `forward` may be detached."
        )


@check("MLPClassifier", "initial", after=["value"])
def test_initial(student):
    """Before it is trained, hidden units have weights of their own: units that are alike would stay so for ever."""
    _, call, _, _, layers, _ = judged(student)
    require_different(student, call, different_units(*layers))
