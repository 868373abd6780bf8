"""Networks of any architecture. What such a network must give is not known, so it is judged by what holds for every right one.

It is asked in evaluation mode, and with weights of ours: what a network begins with may hide what it is (a last layer that begins at
zero, outputs too small to show what stands behind them). They are loaded under the names that its own `state_dict` has; so a network
that does not hold all of its weights there, is found out as well.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from autograder.assignment.contract import FunctionContract, NamedSpec, Parameter
from autograder.authoring import Case, Draw
from autograder.checking.objects import Made, MethodCase
from autograder.sandbox.inspection import Inspected

PIXELS = 28
BLOCKS, BLOCK = 16, 7
"""An image as 4 × 4 blocks. Layers without padding may lose a few rows at the border, never a block."""
GAIN = 1.5
"""Standard deviation of a weight times the root of how many inputs it adds up: what goes in comes out about as large."""
_GAINS = (1.5, 4.0, 12.0, 40.0, 150.0)
"""So large that outputs are large even where only the last layer can be given weights of ours."""
_FAR = 1.5
"""What outputs are to exceed, on either side: more than tanh, less than where anybody cuts a log-variance or a logit off."""
_DRAWS = 2
"""With one draw of its weights, a small network may by chance not show something."""
_MOVED, _BENT, _SHARED = 1e-5, 1e-3, 1e-4
_SAME = 3e-4
_LOAD = FunctionContract(
    "load_state_dict",
    "",
    (Parameter("state_dict", "", NamedSpec("dict"), None, False),),
    NamedSpec("object"),
    "load_state_dict(state_dict)",
    "",
)


@dataclass(frozen=True)
class Network:
    """A network of a submission, in evaluation mode.

    Attributes:
        student: Whose it is.
        made: The object.
        looked: What it looked like at the beginning.
        argument: What `forward` calls its argument.
        parts: What it returns, in words.
    """

    student: Any
    made: Made
    looked: Inspected
    argument: str
    parts: tuple[str, ...]

    def call(self, rows: Tensor) -> MethodCase:
        """Return the call with these rows as a case."""
        return self.made.call("forward", {self.argument: rows})

    def answers(self, rows: Tensor, seed: int = 0, finite: bool = True) -> tuple[Tensor, ...]:
        """Return every part of what it answers, in float64."""
        value = self.made.value("forward", {self.argument: rows}, evaluate=True, seed=seed, finite=finite)
        return tuple(part.double() for part in (value if isinstance(value, tuple) else (value,)))

    def gradients(self, rows: Tensor, part: int) -> dict[str, Tensor | None]:
        """Return the gradients of one part, weighted at random, by every parameter that is learnt."""
        shape = self.answers(rows)[part].shape  # and it is in evaluation mode
        weights = torch.randn(
            shape, generator=torch.Generator().manual_seed(self.student.lot("weights of the outputs"))
        )
        options: dict[str, Any] = {"part": part} if len(self.parts) > 1 else {}
        answer = self.made.ask(
            "forward", {self.argument: rows}, gradients=["self.*"], cotangent=weights.float(), **options
        )
        learnt = {p.name for p in self.looked.parameters if p.trainable}
        found = {name.removeprefix("self."): gradient for name, gradient in answer.gradients.items()}
        return {name: gradient for name, gradient in found.items() if name in learnt}

    def load(
        self, turn: int = 0, gain: float = GAIN, anew: Collection[str] = (), of: Inspected | None = None
    ) -> Network:
        """Give it weights of ours: other ones in every turn, and other ones still for the parameters `anew`. Buffers are as they were at
        the beginning, those of another network where `of` is what it looked like. What is no module keeps what it has.
        """
        of = of or self.looked
        generator, again = (
            torch.Generator().manual_seed(self.student.lot(f"{which} of turn {turn}"))
            for which in ("weights", "others")
        )
        state = dict(of.state or {})
        for held in of.parameters:
            if held.name in state:
                state[held.name] = _drawn(state[held.name], gain, again if held.name in anew else generator)
        call = f"{self.student.called(self.made.case)}(...).load_state_dict"
        case = MethodCase(call, {"state_dict": state}, made=self.made, method="load_state_dict", contract=_LOAD)
        if "Module" in self.looked.bases:
            self.student.ask(case)
        return self

    def turns(self) -> Iterator[Network]:
        """Give it weights of ours, again and again."""
        for turn in range(_DRAWS):
            yield self.load(turn)


def network(student: Any, case: Case, rows: Tensor, argument: str, parts: tuple[str, ...], seed: str = "") -> Network:
    """Make a network, and look at it; `seed` tells several of a check apart."""
    made = student.make(replace(case, seed=student.lot(f"network {seed}")))
    made.value("forward", {argument: rows[:2]}, evaluate=True)  # layers may take their sizes from the first call
    looked = made.inspect(state=True)
    state = {
        name: value.clone() for name, value in (looked.state or {}).items()
    }  # they may be those that it goes on with
    return Network(student, made, replace(looked, state=state), argument, parts)


def _drawn(value: Tensor, gain: float, generator: torch.Generator) -> Tensor:
    """Return other numbers for a parameter: those of a normalising layer stay near 1, biases are small and of either sign."""
    if not value.is_floating_point():
        return value
    noise = torch.randn(value.shape, generator=generator, dtype=torch.float64)
    if value.dim() >= 2:
        return (gain * noise / math.sqrt(max(1, value[0].numel()))).to(value.dtype)
    if value.numel() > 0 and bool((value == 1).all()):
        return (1 + 0.2 * noise.clamp(-2, 2)).to(value.dtype)
    return (0.3 * noise).to(value.dtype)


def noise_images(draw: Draw, n: int) -> Tensor:
    """Images that differ in brightness, contrast and pattern."""
    bright = draw.uniform(n, 1, 1, 1, low=0.2, high=1.0)
    coarse = draw.uniform(n, 1, 7, 7, low=0.0, high=1.0).repeat_interleave(4, 2).repeat_interleave(4, 3)
    return bright * coarse * draw.uniform(n, 1, PIXELS, PIXELS, low=0.2, high=1.0)


def _size(part: Tensor) -> float:
    return max(1e-6, float(part.square().mean().sqrt()))


def _moved(before: Tensor, after: Tensor) -> bool:
    return bool((before - after).abs().max() > _MOVED * _size(before))


# --------------------------------------------------------------------------------------------------------- convolutions


def _filters(looked: Inspected) -> set[str]:
    """Return the names of parameters that are filters by their shapes: larger than a pixel, and smaller than an image."""
    return {
        held.name
        for held in looked.parameters
        if len(held.shape) >= 3 and math.prod(held.shape[2:]) > 1 and min(held.shape[2:]) < PIXELS
    }


def _used_often(gradient: Tensor) -> bool:
    """Whether a matrix takes part in more than one product per example: the gradient of one product has rank 1."""
    if gradient.dim() != 2 or min(gradient.shape) < 2:
        return False
    values = torch.linalg.svdvals(gradient.double().nan_to_num(0.0, 0.0, 0.0))
    return bool(values[1] > 1e-3 * values[0])


def require_convolution(made: Network, rows: Tensor) -> None:
    """Require filters on which the answer depends, or a matrix that is used at many places of one image."""
    filters, student, call = _filters(made.looked), made.student, made.call(rows)
    used = unfolded = False
    for turn in range(_DRAWS):
        before, after = made.load(turn).answers(rows), made.load(turn, anew=filters).answers(rows)
        used = used or any(_moved(a, b) for a, b in zip(before, after, strict=True))
        if not filters:
            of_one = made.gradients(rows[:1], 0).values()
            unfolded = unfolded or any(gradient is not None and _used_often(gradient) for gradient in of_one)
    several = sum(len(held.shape) >= 3 for held in made.looked.parameters)
    student.sees(call, "its filters", torch.tensor([len(filters) > 0, several > 0, used, unfolded]).double())
    message = "there is no convolution in it: no parameter is a filter that is moved over the image"
    if filters:
        message = "what it answers does not depend on its filters"
    help_text = "nn.Conv2d or nn.ConvTranspose2d, with a filter larger than a pixel and smaller than the image."
    student.require(used or unfolded, call, message, help=help_text)


# -------------------------------------------------------------------------------------------------------------- outputs


def require_free(made: Network, rows: Tensor, help: str) -> None:
    """Require that every part takes numbers of any sign and size, where weights are large enough."""
    student, call, parts = made.student, made.call(rows), len(made.parts)
    low, high = torch.full((parts,), math.inf).double(), torch.full((parts,), -math.inf).double()
    zeros, sums = torch.zeros(parts).double(), torch.zeros(parts, 2).double()
    for gain in _GAINS:
        for turn in range(_DRAWS):
            for place, part in enumerate(made.load(turn, gain).answers(rows, finite=False)):
                part = part.nan_to_num(nan=0.0, posinf=1e9, neginf=-1e9).clamp(-1e9, 1e9)
                low[place], high[place] = torch.minimum(low[place], part.min()), torch.maximum(high[place], part.max())
                if gain == _GAINS[0]:  # with larger weights exp gives zeros as well
                    zeros[place] = torch.maximum(zeros[place], (part == 0).double().mean())
                sums[place] = torch.stack([part.sum(-1), part.exp().sum(-1)]).sub(1).abs().max(-1).values
        if bool((low < -_FAR).all() and (high > _FAR).all()):
            break
    one = sums < 1e-4
    facts = torch.cat([low < -1e-6, low < -1.001, high > 1e-6, high > 1.001, zeros > 0.1, one.reshape(-1)])
    student.sees(call, "the range of its outputs", facts.double())
    for name, least, most in zip(made.parts, low.tolist(), high.tolist(), strict=True):
        between = f"the numbers of {name} stay between {least:.3g} and {most:.3g}, whatever the weights are"
        student.require(least < -_FAR and most > _FAR, call, between, help=help)


def require_different_parts(made: Network, rows: Tensor) -> None:
    """Require that no output of the second part is a multiple of one of the first, and that all depend on the input."""
    student, call = made.student, made.call(rows)
    fixed, shared = None, None
    for loaded in made.turns():
        parts = [part - part.mean(0) for part in loaded.answers(rows)]
        still = [
            part.abs().amax(0) <= _MOVED * _size(whole) for part, whole in zip(parts, loaded.answers(rows), strict=True)
        ]
        first, second = (part / part.norm(dim=0).clamp(min=1e-9) for part in parts)
        left = (second[:, None, :] - first[:, :, None] * (first.mT @ second)).norm(
            dim=0
        )  # of one that the other explains
        alike = (left < _SHARED) & ~still[0][:, None] & ~still[1]
        fixed = still if fixed is None else [a & b for a, b in zip(fixed, still, strict=True)]
        shared = alike if shared is None else shared & alike
    assert fixed is not None
    assert shared is not None
    own = bool(shared.diagonal().any())
    facts = [*(bool(part.any()) for part in fixed), *(bool(part.all()) for part in fixed), own, bool(shared.any())]
    student.sees(call, "how the parts are related", torch.tensor(facts).double())
    for name, part in zip(made.parts, fixed, strict=True):
        student.require(not bool(part.any()), call, f"{name} does not depend on the image, in at least one dimension")
    message = f"an output of {made.parts[1]} is always that of {made.parts[0]}: each needs outputs of its own"
    student.require(
        not bool(shared.any()), call, message, help="Two layers, or one with 2 · latent_dim outputs that are split."
    )


# --------------------------------------------------------------------------------------------------------------- inputs


def in_blocks(rows: Tensor, draw: Draw) -> Tensor:
    """Return rows, and behind them each row with one block after the other replaced by black and white pixels."""
    changed = rows[:, None].repeat(1, BLOCKS, 1, 1, 1)
    for block in range(BLOCKS):
        top, left = BLOCK * (block // 4), BLOCK * (block % 4)
        changed[:, block, :, top : top + BLOCK, left : left + BLOCK] = draw.binary(len(rows), 1, BLOCK, BLOCK)
    return torch.cat([rows, changed.flatten(0, 1)])


def moved_by(made: Network, rows: Tensor, n: int) -> list[Tensor]:
    """Return for every part, which of its outputs are moved by which change: rows are n inputs, and behind them all changes of each."""
    found: list[Tensor] | None = None
    for loaded in made.turns():
        moved = []
        for part in loaded.answers(rows):
            change = part[n:].unflatten(0, (n, -1)) - part[:n, None]
            moved.append((change.abs() > _MOVED * _size(part)).any(0))
        found = moved if found is None else [a | b for a, b in zip(found, moved, strict=True)]
    assert found is not None
    return found


def require_every_block(made: Network, rows: Tensor, n: int) -> None:
    """Require that every block of the image moves every part."""
    student, call = made.student, made.call(rows)
    moved = [part.any(1) for part in moved_by(made, rows, n)]
    student.sees(call, "which blocks are seen", torch.stack(moved).double())
    for name, blocks in zip(made.parts, moved, strict=True):
        unseen = int((~blocks).sum())
        message = f"{unseen} of the 16 blocks of 7 × 7 pixels make no difference to {name}"
        student.require(unseen == 0, call, message, help="The whole image goes into the network.")


def require_bent(made: Network, a: Tensor, b: Tensor) -> None:
    """Require that the network is no affine function: f(a) + f(b) - f(a + b) - f(0) is not 0 in one part at least."""
    student, call, n, bent = made.student, made.call(a), len(a), False
    rows = torch.cat([a, b, a + b, torch.zeros_like(a)])
    for loaded in made.turns():
        for part in loaded.answers(rows):
            of_a, of_b, of_both, of_none = part.split(n)
            bent = bent or bool((of_a + of_b - of_both - of_none).abs().max() > _BENT * (of_both - of_none).abs().max())
    student.sees(call, "whether it is affine", torch.tensor(float(bent)))
    message = "the network is an affine function of its input: nothing like a ReLU stands between its layers"
    student.require(bent, call, message)


def require_alone(made: Network, rows: Tensor) -> None:
    """Require that in evaluation mode a row has one answer: every time, in any company and at any place."""
    student, call = made.student, made.call(rows)
    loaded, order = made.load(), torch.arange(len(rows)).flip(0)
    whole = loaded.answers(rows)

    def same(others: Sequence[Tensor], at: Any = slice(None)) -> bool:
        size = [max(1.0, _size(part)) for part in whole]
        return all(bool(((a[at] - b).abs() <= _SAME * s).all()) for a, b, s in zip(whole, others, size, strict=True))

    again = same(loaded.answers(rows, seed=1))
    moved = same(loaded.answers(rows[order]), order)
    single = same(loaded.answers(rows[:1]), slice(0, 1))
    student.sees(call, "whether it answers the same", torch.tensor([again, moved, single]).double())
    message = "in evaluation mode it answers something else to the same input, every time it is asked"
    student.require(again, call, message, help="F.dropout needs training=self.training.")
    message = "in evaluation mode what it answers to one input depends on the others of the batch"
    student.require(moved and single, call, message, help="Sums, softmax and statistics must not go over the batch.")


# ----------------------------------------------------------------------------------------------------------- parameters


def require_held(made: Network, other: Network, rows: Tensor) -> None:
    """Require a module whose parameters are all learnt, and that another one with the same state answers the same."""
    student, call, looked = made.student, made.call(rows), made.looked
    frozen = [held.name for held in looked.parameters if not held.trainable and held.size > 1]
    is_module = "Module" in looked.bases
    alike = not is_module or all(
        bool(((a - b).abs() <= _SAME * max(1.0, _size(a))).all())
        for a, b in zip(made.load().answers(rows), other.load(of=looked).answers(rows), strict=True)
    )
    facts = [looked.count > 0, looked.trainable > 0, len(frozen) > 0, is_module, alike]
    student.sees(call, "what it holds", torch.tensor(facts).double())
    lists = "Layers in a plain list, and tensors that are no nn.Parameter, are neither learnt nor saved: take nn.ModuleList."
    student.require(is_module, call, "it is no `nn.Module`")
    student.require(looked.count > 0, call, "it has no parameters", help=lists)
    student.require(not frozen, call, "some parameters are frozen: their `requires_grad` is False")
    student.require(alike, call, "two networks with the same `state_dict` answer differently", help=lists)


def require_reached(made: Network, rows: Tensor) -> None:
    """Require that every parameter gets a gradient from some part, and every part gives one to the filters."""
    student, call, filters = made.student, made.call(rows), _filters(made.looked)
    found = [made.load().gradients(rows, part) for part in range(len(made.parts))]
    none = [all(gradient is None for gradient in part.values()) for part in found]
    left = [name for name in found[0] if all(part[name] is None for part in found)]
    below = [not filters or any(part.get(name) is not None for name in filters) for part in found]
    facts = [*none, len(left) > 0, any(name in filters for name in left), *below]
    student.sees(call, "where gradients go", torch.tensor(facts).double())
    help_text = "Nothing in `forward` may be detached, or run under torch.no_grad()."
    for name, nothing in zip(made.parts, none, strict=True):
        student.require(not nothing, call, f"no gradient of {name} reaches any parameter", help=help_text)
    student.require(
        not left,
        call,
        f"no gradient reaches `{(left or [''])[0]}`",
        help="It is detached, or `forward` does not use it.",
    )
    for name, reached in zip(made.parts, below, strict=True):
        student.require(reached, call, f"no gradient of {name} reaches the convolutions", help=help_text)


def require_different_beginnings(made: Network, other: Network, rows: Tensor) -> None:
    """Require that weights begin different from each other, and from those of another network."""
    student, call = made.student, made.call(rows)
    ours, theirs = (
        {p.name: n.looked.state[p.name] for p in n.looked.parameters if p.name in (n.looked.state or {})}
        for n in (made, other)
    )  # type: ignore[index]
    varied = {
        name: w for name, w in ours.items() if w.dim() >= 2 and w.numel() > 1 and bool((w != w.flatten()[0]).any())
    }
    own = any(name not in theirs or not torch.equal(w, theirs[name]) for name, w in varied.items())
    student.sees(call, "its beginning", torch.tensor([len(varied) > 0, own]).double())
    message = "all weights begin alike: its filters and units would stay alike for ever"
    student.require(len(varied) > 0, call, message, help="PyTorch's own initial values will do.")
    message = "every network begins with the same weights: the constructor sets the seed, or takes no random numbers"
    student.require(own, call, message, help="Set the seed where the network is made, not in its constructor.")
