"""Coverage-guided fuzzing of everything that reads what a sandbox wrote: frames, answers, refusals, loading reports.

Not part of `make test`: it needs atheris, and time. From the repository's root, in an environment that holds both:

    pip install atheris
    nice python tests/fuzz/fuzz_wire.py /tmp/frames -max_total_time=900 -max_len=16384 -timeout=20 -rss_limit_mb=3000

The first argument is a folder for the corpus; its seeds are made here, from the values and the hostile frames of the tests.
A finding is any exception but the declared ones, a field of the wrong type that is let through, a value that grows beyond its
frame, or a frame that takes more than a second of processor time: atheris prints it and writes the frame to `crash-...`.
"""

from __future__ import annotations

import math
import random
import sys
import time
from pathlib import Path
from typing import Any

import atheris
import msgpack
import numpy as np
import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests/harness/sandbox")]

with atheris.instrument_imports(include=["autograder.sandbox"]):
    from autograder.sandbox import questions
    from autograder.sandbox.inside import wire
    from autograder.sandbox.inside.values import Handle, Opaque, Probe, Seed

PATHS = {"densities": "densities.py", "a.b": "a/b.py", "vae": "vae.ipynb"}
NAMES = {"kl_standard_normal": "divergences", "elbo": "vae", "encode": "vae"}
MOST_SECONDS = 1.0
MOST_GROWTH = 30


def one_frame(payload: bytes) -> None:
    """Read a frame in every way in which the trusted side does."""
    started = time.process_time()
    try:
        message = wire.decode(payload)
    except wire.WireError:
        return
    finally:
        seconds = time.process_time() - started
        if seconds > MOST_SECONDS:
            raise RuntimeError(f"{len(payload):,} bytes took {seconds:.2f} s")
    plain(message)
    assert all(type(key) is str for key in message), "a message with integer keys"
    for read in (
        lambda: answer(questions.answer_of(message, 0.0, "")),
        lambda: refusal(questions.refusal_of(message, "")),
        lambda: report(questions.load_report(message, PATHS, NAMES, {})),
    ):
        try:
            read()
        except questions.MALFORMED:
            continue
    seconds = time.process_time() - started
    if seconds > MOST_SECONDS:
        raise RuntimeError(f"reading {len(payload):,} bytes took {seconds:.2f} s")


def plain(value: Any) -> None:
    """Require that a decoded value is of the types that can cross, all the way down."""
    kind = type(value)
    if kind in (list, tuple):
        for item in value:
            plain(item)
    elif kind is dict or kind is Probe:
        content = value.spec if kind is Probe else value
        kinds = {type(key) for key in content}
        assert kinds <= {str} or (kinds == {int} and kind is dict), "keys that are neither texts nor integers"
        for item in content.values():
            plain(item)
    elif kind is torch.Tensor:
        assert value.is_contiguous(), "a tensor that is not dense"
        assert not value.requires_grad
    elif kind is np.ndarray:
        assert value.dtype.kind in "fciub", value.dtype
    elif kind is Handle:
        assert type(value.id) is int
        assert len(value.type_name) <= 200
    elif kind is Opaque:
        assert len(value.type_name) <= 200
        assert len(value.reason) <= 200
    else:
        assert value is None or kind in (bool, int, float, str, bytes, Seed), kind


def texts(values: Any, most: int, longest: int) -> None:
    """Require a short tuple of short texts."""
    assert type(values) is tuple
    assert len(values) <= most
    assert all(type(text) is str and len(text) <= longest for text in values)


def answer(found: questions.Answer) -> None:
    """Require the types that checks rely on."""
    texts(found.modified, 100, 200)
    assert found.operations is None or type(found.operations) is int
    assert all(g is None or type(g) is torch.Tensor for g in found.gradients.values())
    assert all(type(name) is str for name in found.gradients)
    assert all(type(name) is str and type(mode) is bool for name, mode in found.modes.items())


def refusal(found: questions.Refusal) -> None:
    """Require short texts."""
    texts((found.message, found.exception), 2, 2500)
    texts(found.lines, 20, 400)


def report(found: questions.LoadReport) -> None:
    """Require names that were asked for, and short texts."""
    assert set(found.found) <= set(NAMES)
    for function in found.found.values():
        texts((function.path, *function.also_in), 101, 400)
        assert type(function.kind) is str
        for parameter in function.parameters or ():
            assert [type(part) for part in parameter] == [str, str, bool]
    assert set(found.failures) | set(found.cut_short) <= set(PATHS.values())
    for message, lines in found.failures.values():
        texts((message,), 1, 2000)
        texts(lines, 20, 400)


# ------------------------------------------------------------------------------------------------------------ seeds


def honest() -> list[dict[str, Any]]:
    """Messages as the runner writes them."""
    failure = {
        "cell": "cell 3",
        "exception": "ValueError",
        "message": "no",
        "category": "exception",
        "lines": ["a", "b"],
    }
    module = {"path": "a/b.py", "module": "a.b", "failures": [failure], "budget_over": True, "skipped": 3}
    function = {
        "path": "vae.ipynb",
        "also_in": ["a/b.py"],
        "kind": "function",
        "parameters": [["mean", "POSITIONAL_OR_KEYWORD", False], ["generator", "KEYWORD_ONLY", True]],
    }
    tensors = {"mean": torch.ones(2, 3), "encoder.trunk.0.bias": None}
    call = {"gradients": tensors, "modified": ["mean"], "modes": {"encoder": True}, "operations": 7, "seconds": 0.5}
    return [
        {"type": "answer", "id": "0" * 32, "value": torch.arange(6.0).reshape(2, 3), **call},
        {"type": "answer", "id": "0" * 32, "value": (Handle(3, "Net"), {"loss": [0.5, 0.25]}, {1: [2]}), **call},
        {"type": "answer", "id": "0" * 32, "value": np.ones((2, 2), dtype=np.int16), **call, "operations": None},
        {"type": "raised", "id": "0" * 32, **failure},
        {"type": "loaded", "id": "0" * 32, "found": {"elbo": function}, "modules": [module]},
        {"type": "progress", "id": "0" * 32, "module": "a.b"},
    ]


def seeds() -> list[bytes]:
    """Frames to begin with: honest ones, Hypothesis's values, and those that no honest sender writes."""
    import hostile_frames
    import hypothesis
    from wire_values import VALUES

    made = [wire.encode(message)[wire.HEADER.size :] for message in honest()]

    @hypothesis.seed(4)
    @hypothesis.settings(max_examples=300, database=None, deadline=None)
    @hypothesis.given(value=VALUES)
    def collect(value: Any) -> None:
        made.append(wire.encode({"value": value})[wire.HEADER.size :])

    collect()
    return made + list(hostile_frames.BAD.values())


# ---------------------------------------------------------------------------------------------------------- mutation

ODD = [
    *(
        None,
        True,
        False,
        0,
        -1,
        2**63,
        2**64 - 1,
        0.0,
        math.nan,
        "",
        "a",
        "mean",
        "loaded",
        "Ā" * 400,
        b"",
        b"\x00" * 64,
    ),
    *([], {}, [[]], [{}], {"": None}, [None] * 300, [0] * 13, [2**40] * 3, "\x00\n::error::", "densities"),
]


def mutate(payload: bytes, most: int, seed: int) -> bytes:
    """Every other time change a frame where it is a tree, so that what comes out is still a frame."""
    draw = random.Random(seed)
    if draw.random() < 0.5:
        return atheris.Mutate(payload, most)
    try:
        tree = msgpack.unpackb(payload, strict_map_key=False, raw=False)
        for _ in range(draw.randint(1, 3)):
            tree = changed(tree, draw)
        packed: bytes = msgpack.packb(tree)
    except Exception:  # no frame to begin with, or none that can be written
        return atheris.Mutate(payload, most)
    return packed if len(packed) <= most else atheris.Mutate(payload, most)


def changed(tree: Any, draw: random.Random) -> Any:
    """Replace, drop, repeat or wrap one value somewhere in the tree."""
    if draw.random() < 0.3:
        return odd(tree, draw)
    if isinstance(tree, dict) and tree:
        key = draw.choice(list(tree))
        if draw.random() < 0.1:
            return {k: v for k, v in tree.items() if k != key}
        return {**tree, key: changed(tree[key], draw)}
    if isinstance(tree, list) and tree:
        place = draw.randrange(len(tree))
        return [*tree[:place], changed(tree[place], draw), *tree[place + draw.randint(0, 1) :]]
    if isinstance(tree, msgpack.ExtType):
        return msgpack.ExtType(tree.code, msgpack.packb(changed(msgpack.unpackb(tree.data), draw)))
    return odd(tree, draw)


def odd(value: Any, draw: random.Random) -> Any:
    """Return something that does not belong there."""
    choice = draw.random()
    if choice < 0.15:
        return [value] * draw.choice((1, 2, 50))
    if choice < 0.25:
        return msgpack.ExtType(draw.choice((7, 8)), msgpack.packb([1, value]))
    if choice < 0.45:
        dtype, size = draw.choice((("float32", 4), ("bool", 1), ("float16", 2), ("complex64", 8), ("uint8", 1)))
        shape = draw.choice(([], [0], [1], [2, 3], [300]))
        return msgpack.ExtType(draw.choice((1, 2)), msgpack.packb([dtype, shape, b"\x01" * (size * math.prod(shape))]))
    if choice < 0.55:
        return msgpack.ExtType(draw.randint(1, 9), msgpack.packb(draw.choice(ODD)))
    return draw.choice(ODD)


def main() -> None:
    """Write the seeds into the corpus and fuzz."""
    folders = [argument for argument in sys.argv[1:] if not argument.startswith("-")]
    if len(folders) != 1:
        sys.exit(__doc__)
    Path(folders[0]).mkdir(parents=True, exist_ok=True)
    for number, payload in enumerate(seeds()):
        (Path(folders[0]) / f"seed-{number:04d}").write_bytes(payload)
    torch.set_num_threads(1)
    atheris.Setup(sys.argv, one_frame, custom_mutator=mutate)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
