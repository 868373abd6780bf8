"""Hostile submissions: a table of named attacks, and what each must come to.

Every attack is a submission of two files. `evidence.py` holds a correct `log_mean_exp`; `divergences.py` holds a WRONG
`kl_standard_normal` (the ½ is missing) together with the attack. Graded honestly, without the attack, the wrong function
earns `baseline` points; the attack must not earn more, `log_mean_exp` must keep all of its points (unless `spoils` says why
not), no check may break, and nothing may be left behind.

Attack code prints `TRIED` when it really ran (so that no case passes because a typo stopped it) and `REACHED ...` when it
got to something it should not get to. It is bounded in time, count and memory and aims only at listeners of the test.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field, replace

RIGHT = "0.5 * (log_var.exp() + mean ** 2 - 1 - log_var).sum(-1)"
WRONG = "(log_var.exp() + mean ** 2 - 1 - log_var).sum(-1)"
MARKER = "hostile-left-this-here"
"""Stands in the name of every file that an attack tries to leave behind."""

EVIDENCE = """
import math
import torch

def log_mean_exp(log_w):
    return torch.logsumexp(log_w, 0) - math.log(log_w.shape[0])
"""

HELPERS = '''
import ctypes, gc, mmap, os, signal, socket, stat, struct, subprocess, sys, threading, time
import msgpack, numpy as np
import torch

def wrong(mean, log_var):
    return (log_var.exp() + mean ** 2 - 1 - log_var).sum(-1)

def right(mean, log_var):
    return 0.5 * wrong(mean, log_var)

def channel():
    """The socket to the grader, found among the open descriptors."""
    for number in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(number).st_mode):
                return socket.socket(fileno=os.dup(number))
        except OSError:
            pass

def frame(message):
    packed = msgpack.packb(message)
    return struct.pack(">I", len(packed)) + packed

def nonce():
    """The question's nonce, found by walking up the frames."""
    place = sys._getframe()
    while place is not None:
        message = place.f_locals.get("message")
        if isinstance(message, dict) and "id" in message:
            return message["id"]
        place = place.f_back

def answer(value, **more):
    return {"type": "answer", "id": nonce(), "value": value, "gradients": {}, "modified": [], "modes": {},
            "operations": 3, "lines": None, "seconds": 0.0, **more}

def tensor(shape, raw, dtype="float64"):
    return msgpack.ExtType(1, msgpack.packb([dtype, shape, raw]))

libc = ctypes.CDLL(None, use_errno=True)

memory_map = libc.mmap
memory_map.restype, memory_map.argtypes = ctypes.c_void_p, [ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3, ctypes.c_long]

def syscall(number, *arguments):
    return libc.syscall(ctypes.c_long(number), *[ctypes.c_long(a) if isinstance(a, int) else a for a in arguments])
'''


@dataclass(frozen=True)
class Attack:
    """One hostile submission.

    Attributes:
        says: What it does, in one sentence.
        top: Code at the top of the module.
        attack: Code that the function runs at its first call.
        returns: What the function returns: an expression, or statements that begin with "!".
        fails: Check -> kinds of failure, one of which it must have. "skipped" stands for a check that waits.
        flag: Whether staff must be told (None: may be told).
        gains: Points it may earn more than the same wrong function without the attack, with `because`.
        spoils: Why `log_mean_exp` may lose points too.
        tried: Whether `TRIED` must be seen in what was printed.
        seconds: It may take this long to grade on a machine of its own: a guard, nothing is measured with it.
        hangs: What does not end by itself, "a call" or "its import": only that is asked under a brief limit.
        files: More files of the submission.
    """

    name: str
    says: str
    attack: str = ""
    returns: str = "wrong(mean, log_var)"
    top: str = ""
    fails: dict[str, tuple[str, ...]] = field(default_factory=lambda: {"value": ("value",)})
    flag: bool | None = False
    gains: str = "0.00"
    because: str = ""
    spoils: str = ""
    tried: bool = True
    seconds: float = 12.0
    files: dict[str, bytes | str] = field(default_factory=dict)
    honest: str = WRONG
    hangs: str = ""

    def __post_init__(self) -> None:
        if not self.hangs and any("timeout" in kinds for kinds in self.fails.values()):
            object.__setattr__(self, "hangs", "a call")

    def sources(self) -> dict[str, bytes | str]:
        """The files of the submission."""
        body = textwrap.dedent(self.returns[1:]) if self.returns.startswith("!") else f"return {self.returns}"
        text = f"""{HELPERS}
{textwrap.dedent(self.top)}
def attack(mean, log_var):
{textwrap.indent(textwrap.dedent(self.attack), "    ") or "    pass"}
    return None

calls = []

def kl_standard_normal(mean, log_var):
    calls.append(1)
    if len(calls) == 1:
        print("TRIED", flush=True)
        try:
            attack(mean, log_var)
        except Exception as error:
            print("STOPPED", type(error).__name__, str(error)[:100], flush=True)
{textwrap.indent(body, "    ")}
"""
        return {"divergences.py": text, "evidence.py": EVIDENCE, **self.files}

    def without_attack(self) -> dict[str, bytes | str]:
        """The same function without the attack."""
        text = f"def kl_standard_normal(mean, log_var):\n    return {self.honest}\n"
        return {"divergences.py": text, "evidence.py": EVIDENCE}


CONTRACT = {"contract": ("contract",)}
TAMPERED = {"contract": ("policy",)}
CRASH = {"contract": ("crash",)}
TIMEOUT = {"contract": ("timeout",)}
MEMORY = {"contract": ("memory", "timeout")}

VERDICT = [
    Attack(
        "always_equal_object",
        "Returns an object that claims to equal everything.",
        top="""
        class Yes:
            shape = (1,)
            dtype = torch.float64
            def __eq__(self, other): return True
            def __ne__(self, other): return False
            def __le__(self, other): return True
            def __ge__(self, other): return True
            def __bool__(self): return True
            def __float__(self): return 0.0
            def __getattr__(self, name): return lambda *a, **k: True
            def __hash__(self): return 0
        """,
        returns="Yes()",
        fails=CONTRACT,
    ),
    Attack(
        "tensor_subclass",
        "Returns a tensor subclass whose __torch_function__ answers True to every question about it.",
        top="""
        class Liar(torch.Tensor):
            @classmethod
            def __torch_function__(cls, func, types, args=(), kwargs=None):
                if func.__name__ in ("eq", "allclose", "equal", "isclose", "all", "isfinite"):
                    return torch.tensor(True)
                return super().__torch_function__(func, types, args, kwargs or {})
            def __eq__(self, other): return True
            def all(self): return True
            def numpy(self): raise RuntimeError("no")
        """,
        returns="wrong(mean, log_var).as_subclass(Liar)",
    ),
    Attack(
        "array_subclass",
        "Returns an ndarray subclass with __array_ufunc__, __array_function__ and __eq__ that always agree.",
        top="""
        class Liar(np.ndarray):
            def __array_ufunc__(self, *a, **k): return np.True_
            def __array_function__(self, *a, **k): return True
            def __eq__(self, other): return True
        """,
        returns="np.zeros(len(mean)).view(Liar)",
        fails=CONTRACT,
    ),
    Attack(
        "class_lie",
        "Returns an object whose __class__ says that it is a tensor.",
        top="""
        class Liar:
            @property
            def __class__(self): return torch.Tensor
            def __eq__(self, other): return True
            dtype = torch.float64
            layout = torch.strided
            is_quantized = is_meta = requires_grad = False
            def dim(self): return 1
        """,
        returns="Liar()",
        fails={"contract": ("contract", "exception")},
    ),
    Attack(
        "float_subclass",
        "Returns a float and a str subclass that compare as equal.",
        top="""
        class Liar(float):
            def __eq__(self, other): return True
            def __sub__(self, other): return Liar(0)
            def __abs__(self): return Liar(0)
        """,
        returns="Liar(0.0)",
        fails=CONTRACT,
    ),
    Attack(
        "patched_torch",
        "Replaces torch.allclose, torch.equal, torch.isclose and Tensor's comparison operators while it is imported.",
        top="""
        yes = lambda *a, **k: torch.ones((), dtype=torch.bool)
        torch.allclose = torch.equal = torch.isclose = lambda *a, **k: True
        torch.testing.assert_close = lambda *a, **k: None
        torch.Tensor.__eq__ = torch.Tensor.__le__ = torch.Tensor.isfinite = yes
        torch.Tensor.allclose = torch.Tensor.equal = lambda *a, **k: True
        """,
    ),
    Attack(
        "patched_libraries",
        "Replaces comparison functions of numpy, math and builtins while it is imported.",
        top="""
        import builtins, math, operator
        np.allclose = np.array_equal = np.isclose = lambda *a, **k: True
        np.testing.assert_allclose = lambda *a, **k: None
        math.isclose = operator.eq = lambda *a, **k: True
        builtins.abs, real_abs = (lambda x: x * 0), abs
        """,
    ),
    Attack(
        "patched_test_framework",
        "Patches pytest, hypothesis and unittest so that every test passes.",
        attack="""
        import unittest
        unittest.TestCase.assertEqual = lambda *a, **k: None
        for name in ("pytest", "_pytest.runner", "hypothesis"):
            try:
                __import__(name)
            except ImportError:
                continue
            module = sys.modules[name]
            for attribute in list(vars(module)):
                if callable(getattr(module, attribute)) and not isinstance(getattr(module, attribute), type):
                    setattr(module, attribute, lambda *a, **k: None)
        """,
        seconds=20,
    ),
    Attack(
        "patched_wire",
        "Patches msgpack, struct, socket and json so that every message also says that the check passed.",
        attack="""
        import json
        pack = msgpack.packb
        def packb(value, **kwargs):
            if isinstance(value, dict):
                value = {**value, "outcome": "passed", "verdict": True, "points": 20, "score": "20.00"}
            return pack(value, **kwargs)
        msgpack.packb = packb
        json.dumps = lambda *a, **k: '{"score": "20.00"}'
        """,
    ),
    Attack(
        "runner_says_passed",
        "Replaces the runner's call by one that answers {'type': 'passed'}.",
        attack="""
        execute = sys.modules["inside.execute"]
        execute.Session.call = lambda self, message: {"type": "passed", "outcome": "passed", "points": 20}
        """,
        fails=TAMPERED,
        flag=True,
    ),
    Attack(
        "runner_loses_fields",
        "Patches the runner so that answers lack their fields or have them of the wrong type.",
        attack="""
        execute = sys.modules["inside.execute"]
        execute.Session.call = lambda self, message: {"type": "answer", "value": 1, "gradients": 5, "modified": None}
        """,
        fails=TAMPERED,
        flag=True,
    ),
    Attack(
        "frame_walk",
        "Walks up its frames in search of the expected value or an oracle.",
        attack="""
        place = sys._getframe()
        while place is not None:
            for name, value in {**place.f_globals, **place.f_locals}.items():
                if any(word in name.lower() for word in ("expected", "oracle", "reference", "rubric", "permutation")):
                    print("REACHED", name)
            place = place.f_back
        """,
    ),
    Attack(
        "gc_walk",
        "Searches all objects of the process for oracles, rubrics and checks.",
        attack="""
        for thing in gc.get_objects():
            name = type(thing).__name__
            if name in ("Oracle", "Rubric", "Case", "CheckResult", "Student", "Contract", "ClassifierRun"):
                print("REACHED", name)
            if isinstance(thing, dict) and any(k in thing for k in ("oracle", "rubric")):
                print("REACHED a dict")
        """,
    ),
    Attack(
        "module_walk",
        "Looks for, and tries to import, the reference, the checks and the engine.",
        attack="""
        for name in sys.modules:
            if name.split(".")[0] in ("reference", "autograder", "tests"):
                print("REACHED", name)
        import importlib
        for name in ("reference", "reference.divergences", "autograder", "autograder.grading.run", "tests.hidden.divergences.test_kl_standard_normal"):
            try:
                importlib.import_module(name)
            except ImportError:
                continue
            print("REACHED", name)
        """,
    ),
    Attack(
        "atexit",
        "Registers exit handlers that would write a better result.",
        attack=f"""
        import atexit
        def last():
            open("/tmp/{MARKER}.json", "w").write('{{"score": "20.00"}}')
            print("REACHED the exit")
        atexit.register(last)
        threading._register_atexit(last)
        """,
    ),
    Attack(
        "threads",
        "Leaves threads behind that overwrite every tensor they can find while answers are written.",
        attack="""
        def spoil():
            until = time.monotonic() + 5
            while time.monotonic() < until:
                for thing in gc.get_objects()[-2000:]:
                    if type(thing) is torch.Tensor and not thing.requires_grad and thing.is_floating_point():
                        thing.detach().mul_(0.5)
                time.sleep(0.05)
        threading.Thread(target=spoil, daemon=True).start()
        """,
        fails={},
        spoils="its own threads overwrite its own answers",
    ),
    Attack(
        "settrace",
        "Traces the runner and rewrites its local variables.",
        attack="""
        def tracer(frame, event, argument):
            if event == "return" and "value" in frame.f_locals:
                frame.f_locals["value"] = None
                frame.f_locals["outcome"] = "passed"
            return tracer
        sys.settrace(tracer); threading.settrace(tracer); sys.setprofile(None)
        """,
        seconds=30,
    ),
    Attack(
        "import_hooks",
        "Puts itself in front of every import and hands out fake modules.",
        top="""
        import importlib.abc, importlib.machinery, types
        class Hook(importlib.abc.MetaPathFinder, importlib.abc.Loader):
            def find_spec(self, name, path=None, target=None):
                if name.split(".")[0] in ("autograder", "reference", "tests", "evil"):
                    return importlib.machinery.ModuleSpec(name, self)
            def create_module(self, spec): return types.ModuleType(spec.name)
            def exec_module(self, module): module.grade = lambda *a: 20
        sys.meta_path.insert(0, Hook())
        """,
        attack="import autograder",
    ),
    Attack(
        "forged_frame",
        "Writes a frame that says 'passed' to the grader's socket, with an invented nonce.",
        attack="""
        channel().sendall(frame({"type": "answer", "id": "0" * 32, "value": None, "outcome": "passed"}))
        """,
        fails=TAMPERED,
        flag=True,
    ),
    Attack(
        "forged_on_every_descriptor",
        "Writes a forged frame to every open descriptor.",
        attack="""
        for number in range(256):
            try:
                os.write(number, frame({"type": "answer", "id": "x", "outcome": "passed"}))
            except OSError:
                pass
        """,
        fails=TAMPERED,
        flag=True,
    ),
    Attack(
        "forged_while_loading",
        "Answers the loading message with an invented nonce while it is imported.",
        top='channel().sendall(frame({"type": "loaded", "id": "0" * 32, "found": {}, "modules": []}))',
        tried=True,
        flag=True,
    ),
    Attack(
        "answer_before_the_question",
        "Leaves a thread that answers before anything is asked.",
        attack="""
        def early():
            time.sleep(0.02)
            channel().sendall(frame({"type": "answer", "id": "", "value": 1}))
        threading.Thread(target=early, daemon=True).start()
        """,
        returns="""!
        if len(calls) == 1:
            result = wrong(mean, log_var)
            time.sleep(0.0)
            return result
        time.sleep(0.05)
        return wrong(mean, log_var)
        """,
        fails=TAMPERED,
        flag=True,
    ),
    Attack(
        "oversized_frame",
        "Announces a frame of 4 GB.",
        attack='channel().sendall(b"\\xff\\xff\\xff\\xff" + b"x" * 1000)',
        fails={"contract": ("memory", "policy")},
        flag=None,
    ),
    Attack(
        "truncated_frame",
        "Announces a frame, sends half of it and ends the process.",
        attack="""
        channel().sendall(frame(answer(tensor([3], b"x" * 24)))[:-7])
        os._exit(0)
        """,
        fails=CRASH,
        flag=None,
    ),
    Attack(
        "dripping_frame",
        "Announces a frame of 8 MB and sends a byte now and then, so that something is always arriving.",
        attack="""
        line = channel()
        line.sendall(struct.pack(">I", 8 * 2**20))
        until = time.monotonic() + 30
        while time.monotonic() < until:
            line.sendall(b"x")
            time.sleep(0.02)
        """,
        fails=TIMEOUT,
    ),
    Attack(
        "garbage_frames",
        "Sends a frame of random bytes.",
        attack='channel().sendall(struct.pack(">I", 4000) + os.urandom(4000))',
        fails=TAMPERED,
        flag=True,
    ),
    Attack(
        "deep_frame",
        "Answers, with the right nonce, a list nested ten thousand levels deep.",
        attack="""
        head = msgpack.packb(answer(None))
        packed = head.replace(msgpack.packb("value") + b"\\xc0", msgpack.packb("value") + b"\\x91" * 10_000 + b"\\xc0")
        channel().sendall(struct.pack(">I", len(packed)) + packed)
        """,
        fails=TAMPERED,
        flag=True,
    ),
    Attack(
        "tiny_items",
        "Answers, with the right nonce, four million empty maps: a Python object for every byte.",
        attack="""
        packed = msgpack.packb(answer(None)).replace(
            msgpack.packb("value") + b"\\xc0",
            msgpack.packb("value") + b"\\x94" + (b"\\xdd" + struct.pack(">I", 10**6) + b"\\x80" * 10**6) * 4)
        channel().sendall(struct.pack(">I", len(packed)) + packed)
        """,
        fails={"contract": ("memory", "policy")},
        flag=None,
    ),
    Attack(
        "impossible_shapes",
        "Answers, with the right nonce, an empty tensor whose other axes do not fit into 64 bits.",
        attack='channel().sendall(frame(answer(tensor([0] + [2**40] * 5, b""))))',
        fails=TAMPERED,
        flag=True,
    ),
    Attack(
        "wrong_byte_count",
        "Answers a tensor whose bytes do not fill its shape.",
        attack='channel().sendall(frame(answer(tensor([1000, 1000], b"x" * 8))))',
        fails=TAMPERED,
        flag=True,
    ),
    Attack(
        "repeated_answer",
        "Answers every question twice, with the right nonce.",
        returns="""!
        channel().sendall(frame(answer(tensor([len(mean)], bytes(8 * len(mean))))))
        return wrong(mean, log_var)
        """,
        fails={"contract": ("policy", "contract")},
        flag=True,
    ),
    Attack(
        "right_nonce_other_data",
        "Answers with the right nonce and a verdict instead of a value, and holds the runner back.",
        returns="""!
        channel().sendall(frame(answer({"outcome": "passed", "points": 20, "score": "20.00"})))
        time.sleep(60)
        """,
        fails={"contract": ("contract", "timeout")},
        flag=None,
    ),
    Attack(
        "first_calls_only",
        "Behaves on its first eight calls and then does not.",
        returns="right(mean, log_var) if len(calls) <= 8 else wrong(mean, log_var)",
    ),
    Attack(
        "odd_types_later",
        "Behaves while the contract is checked, and then returns something else every time.",
        returns="""!
        odd = [None, "text", [], {}, (), object(), float("nan"), 10**30, True, b"bytes", lambda: 1, torch.ones(2, 2),
               torch.ones(()), torch.ones(3, dtype=torch.complex64), np.float32(1), [[1.0], [2.0, 3.0]], torch.empty(0)]
        return wrong(mean, log_var) if len(calls) <= 60 else odd[len(calls) % len(odd)]
        """,
        fails={"value": ("contract", "exception", "value")},
    ),
    Attack("nan", "Returns NaN.", returns="wrong(mean, log_var) * float('nan')", fails={"contract": ("value",)}),
    Attack("infinite", "Returns infinity.", returns="wrong(mean, log_var) / 0", fails={"contract": ("value",)}),
    Attack("huge", "Returns a stretched tensor of 80 GB.", returns="torch.zeros(1).expand(10**10)", fails=MEMORY),
    Attack(
        "negative_stride",
        "Returns an array with negative strides, then a tensor with overlapping memory.",
        returns="np.arange(2.0 * len(mean))[::-2]",
        fails=CONTRACT,
    ),
    Attack("sparse", "Returns a sparse tensor.", returns="wrong(mean, log_var).to_sparse()", fails=CONTRACT),
    Attack(
        "quantised",
        "Returns a quantised tensor.",
        returns="torch.quantize_per_tensor(wrong(mean, log_var).float(), 0.1, 0, torch.quint8)",
        fails={"contract": ("contract", "exception")},
    ),
    Attack("meta", "Returns a tensor without values.", returns="wrong(mean, log_var).to('meta')", fails=CONTRACT),
    Attack(
        "object_array",
        "Returns an array of objects with a __reduce__ that would run on unpickling.",
        top=f"""
        class Bomb:
            def __reduce__(self): return os.system, ("touch /tmp/{MARKER}",)
        """,
        returns="np.array([Bomb()] * len(mean), dtype=object)",
        fails=CONTRACT,
    ),
    Attack(
        "handle_of_other_ids",
        "Returns the runner's own references: handles of other ids, probes, seeds.",
        returns="""!
        values = sys.modules["inside.values"]
        return [values.Handle(2**40, "Student"), values.Probe({"layers": []}), values.Seed(3)][len(calls) % 3]
        """,
        fails=CONTRACT,
    ),
    Attack(
        "memorised_golden_values",
        "Knows the public golden inputs by heart and is wrong on all others.",
        returns="right(mean, log_var) if mean.shape == (4, 2) else wrong(mean, log_var)",
        gains="0.11",
        because="public golden values are public: they earn their own weight and no more",
    ),
    Attack(
        "earlier_inputs",
        "Returns copies of earlier inputs.",
        top="seen = []",
        returns="""!
        seen.append(mean)
        return seen[0].sum(-1)[:1].expand(len(mean)).to(mean.dtype).clone()
        """,
        fails={"value": ("value", "contract"), "golden": ("value", "contract")},
    ),
    Attack(
        "hidden_loop",
        "Loops over the batch and patches the runner's operation counter.",
        attack="""
        counter = sys.modules["inside.execute"].OperationCounter
        counter.__torch_dispatch__ = lambda self, func, types, args=(), kwargs=None: func(*args, **(kwargs or {}))
        """,
        returns="torch.stack([wrong(m[None], v[None])[0] for m, v in zip(mean, log_var)])",
        honest="__import__('torch').stack([(v.exp() + m ** 2 - 1 - v).sum() for m, v in zip(mean, log_var)])",
        gains="0.11",
        because="the operation count is the submission's own report: worth the weight of `vectorised`",
    ),
    Attack(
        "hidden_changes",
        "Changes its inputs and patches the runner so that it does not tell.",
        attack='sys.modules["inside.inputs"].Inputs.modified = lambda self: []',
        returns="(log_var.exp() + mean ** 2 - 1 - log_var.add_(0)).sum(-1) + mean.add_(1).sum(-1) * 0",
        honest="(log_var.exp() + mean ** 2 - 1 - log_var).sum(-1) + mean.add_(1).sum(-1) * 0",
        fails={"value": ("value",)},
        gains="0.22",
        because="`inputs untouched` is the submission's own report: a `.clone()` would have bought the same",
    ),
    Attack(
        "forged_gradients",
        "Patches the runner's gradients: right names, plausible numbers.",
        attack="""
        inputs = sys.modules["inside.inputs"].Inputs
        inputs.gradients = lambda self, value, message: {n: torch.ones_like(t) for n, t in self._leaves.items()}
        """,
        fails={"value": ("value",), "gradient": ("value",)},
        spoils="it forges those of log_mean_exp, too",
    ),
    Attack(
        "misshapen_gradients",
        "Patches the runner's gradients: wrong shapes, wrong dtypes, names missing.",
        attack="""
        inputs = sys.modules["inside.inputs"].Inputs
        odd = [torch.ones(3, 3), torch.ones(()), torch.ones(2, dtype=torch.complex64), None, torch.ones(1, dtype=torch.bool)]
        inputs.gradients = lambda self, value, message: {"log_var": odd[len(calls) % len(odd)], "evil": torch.ones(1)}
        """,
        fails={"value": ("value",), "gradient": ("value", "contract", "policy")},
        flag=None,
        spoils="it forges those of log_mean_exp, too",
    ),
    Attack(
        "long_names",
        "Tells the grader, with the right nonce, of a file name of ten million characters.",
        top="""
        loader = sys.modules["inside.loader"]
        before = loader.locate
        def locate(name, preferred, sources):
            found = before(name, preferred, sources)
            return found and loader.Found(found.value, found.module, "<b>" + "x" * 10_000_000 + ".py", ("y" * 100_000,) * 50)
        sys.modules["inside.execute"].loader.locate = locate
        """,
        fails={"value": ("value",)},
        spoils="it lies about where log_mean_exp is, too",
    ),
    Attack(
        "exceptions_that_fight_back",
        "Raises exceptions whose text raises, and ones that are no Exception.",
        top="""
        class Bad(BaseException):
            def __str__(self): raise SystemExit(3)
            __repr__ = __str__
        """,
        returns="""!
        raise [Bad(), SystemExit(0), KeyboardInterrupt(), GeneratorExit(), StopIteration()][len(calls) % 5]
        """,
        fails={"contract": ("exception",)},
    ),
    Attack(
        "closed_descriptors",
        "Closes every descriptor, its own channel among them.",
        attack="os.closerange(0, 256)",
        fails=CRASH,
    ),
]

VERDICT += [
    Attack(
        "fields_of_the_wrong_type",
        "Answers with tensors of millions of entries where a list of names, a map or a truth value belongs.",
        attack="""
        wire = sys.modules["inside.wire"]
        before = wire.encode
        large = torch.zeros(12 * 2**20, dtype=torch.uint8)
        odd = [{"modified": large}, {"modes": {"x": large}}, {"operations": large}, {"gradients": large}, {"type": large.numpy()}]
        wire.encode = lambda message: before({**message, **odd[len(calls) % len(odd)]})
        """,
        fails=TAMPERED,
        flag=True,
        tried=False,
    ),
    Attack(
        "reports_of_the_wrong_type",
        "Reports its loading with fields of every wrong type, each time another.",
        top="""
        class Report:
            wire = sys.modules["inside.wire"]
            def encode(message, before=wire.encode):
                odd = {"path": "", "also_in": torch.ones(2), "kind": 3, "parameters": [[]]}
                return before({**message, "found": {"kl_standard_normal": odd}} if "found" in message else message)
            wire.encode = encode
        """,
        fails={"contract": ("import", "missing")},
        flag=True,
        tried=False,
        spoils="no loading report of its worker can be read, so nothing of the submission is known",
    ),
    Attack(
        "blames_another_module",
        "Dies while it is loaded, also when only definitions are run, and says that another module was running.",
        top="""
        class Blame:
            place = sys._getframe()
            while place is not None:
                if "on_module" in place.f_locals:
                    place.f_locals["on_module"]("evidence")
                    os._exit(1)
                place = place.f_back
        """,
        fails={"contract": ("import", "missing")},
        tried=False,
        spoils="it has the other module left out, before it is left out itself",
    ),
]

RESOURCES = [
    Attack(
        "loop_that_catches_everything",
        "Loops for ever and catches every exception, signals' too.",
        attack="""
        for number in (signal.SIGALRM, signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGXCPU):
            signal.signal(number, signal.SIG_IGN)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                time.sleep(1)
            except BaseException:
                pass
        """,
        fails=TIMEOUT,
    ),
    Attack(
        "hangs_while_imported",
        "Loops while it is imported and catches the exception that stops it.",
        top="""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                time.sleep(1)
            except BaseException:
                pass
        """,
        seconds=25,
        hangs="its import",
    ),
    Attack(
        "exits_while_imported",
        "Ends its process while it is imported.",
        top="os._exit(0)",
        tried=True,
    ),
    Attack(
        "kills_itself_in_an_import",
        "Ends its process inside a function that an import runs.",
        top="""
        def boom(n=[]):
            os.kill(os.getpid(), signal.SIGKILL)
            os._exit(1)
        boom()
        """,
    ),
    Attack(
        "fork_bomb",
        "Forks as often as it may; every child sleeps.",
        attack="""
        count = 0
        for _ in range(500):
            try:
                if os.fork() == 0:
                    time.sleep(30)
                    os._exit(0)
                count += 1
            except OSError:
                break
        if count >= 400:
            print("REACHED", count, "processes")
        """,
        fails={},
        flag=None,
    ),
    Attack(
        "thread_bomb",
        "Starts as many threads as it may.",
        attack="""
        count = 0
        for _ in range(500):
            try:
                threading.Thread(target=time.sleep, args=(30,), daemon=True).start()
                count += 1
            except RuntimeError:
                break
        if count >= 400:
            print("REACHED", count, "threads")
        """,
        fails={},
    ),
    Attack(
        "memory_in_steps",
        "Takes 64 MB after 64 MB and keeps them.",
        attack="""
        kept = []
        for _ in range(64):
            kept.append(bytearray(os.urandom(1)) * (64 * 2**20))
        print("REACHED 4 GB")
        """,
        returns="""!
        kept = [bytearray(1) * (64 * 2**20) for _ in range(64)]
        """,
        fails=MEMORY,
    ),
    Attack(
        "memory_at_once",
        "Asks for 16 GB at once.",
        returns="torch.ones(2 * 2**30, dtype=torch.float64)",
        fails=MEMORY,
    ),
    Attack(
        "shared_memory_map",
        "Fills a shared anonymous map, which no limit on data counts.",
        attack="""
        area = mmap.mmap(-1, 3 * 2**30)
        print("REACHED a shared map")
        """,
    ),
    Attack(
        "hidden_shared_memory",
        "Fills shared maps, anonymous and of /dev/zero, and lets go of their pages: they stay, and belong to no process.",
        attack="""
        def hide(flags, descriptor):
            hidden = 0
            for _ in range(32):
                place = memory_map(None, 2**26, 3, flags, descriptor, 0)
                if place in (None, 2**64 - 1):
                    break
                ctypes.memset(place, 1, 2**26)
                if libc.madvise(ctypes.c_void_p(place), ctypes.c_size_t(2**26), 4) == 0:
                    hidden += 64
            if hidden > 256:
                print("REACHED", hidden, "MB", flags)
        hide(0x21, -1)
        hide(0x23, -1)
        hide(0x01, os.open("/dev/zero", os.O_RDWR))
        """,
    ),
    Attack(
        "page_tables",
        "Reads a byte of every second megabyte of a terabyte: the pages are shared, the tables that lead to them are not.",
        attack="""
        place = memory_map(None, 2**40, 1, 0x4022, -1, 0)
        libc.madvise(ctypes.c_void_p(place), ctypes.c_size_t(2**40), 15)
        read = ctypes.c_char.from_address
        for number in range(400_000):
            read(place + number * 2**21).value
        print("REACHED 1.6 GB of page tables")
        """,
        fails=MEMORY,
    ),
    Attack(
        "terminals",
        "Opens pseudo terminals, of which the whole machine has a few thousand.",
        attack="""
        for place in ("/dev/ptmx", "/dev/pts/ptmx"):
            try:
                os.open(place, os.O_RDWR)
                print("REACHED", place)
            except OSError:
                pass
        """,
    ),
    Attack(
        "memory_of_children",
        "Lets twenty children take 200 MB each.",
        attack="""
        for _ in range(20):
            if os.fork() == 0:
                area = bytearray(b"x") * (200 * 2**20)
                time.sleep(20)
                os._exit(0)
        time.sleep(20)
        print("REACHED 4 GB in children")
        """,
        fails=MEMORY,
    ),
    Attack(
        "scratch_files",
        "Fills the scratch folders with files.",
        attack="""
        written = 0
        for folder in ("/tmp", "/dev/shm"):
            for number in range(100):
                try:
                    with open(f"{folder}/big-{number}", "wb") as file:
                        for _ in range(8):
                            written += file.write(b"x" * 2**20)
                except OSError:
                    break
        if written > 400 * 2**20:
            print("REACHED", written)
        """,
    ),
    Attack(
        "file_size",
        "Writes one file that is larger than it may be.",
        attack="""
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        with open("/tmp/large", "wb") as file:
            file.truncate(10 * 2**30)
        print("REACHED a file of 10 GB")
        """,
    ),
    Attack(
        "inodes",
        "Makes empty files until there are no inodes left.",
        attack="""
        os.mkdir("/tmp/many")
        for number in range(60_000):
            open(f"/tmp/many/{number}", "w").close()
        print("REACHED 60,000 files")
        """,
    ),
    Attack(
        "memfd",
        "Puts memory into an anonymous file, where no process holds it.",
        attack="""
        try:
            number = os.memfd_create("x")
        except OSError as error:
            number = syscall(319, ctypes.c_char_p(b"x"), 0)
        if number >= 0:
            print("REACHED memfd", number)
        """,
    ),
    Attack(
        "system_v_memory",
        "Puts memory into System V segments and detaches them, so that no process holds it.",
        attack="""
        number = libc.shmget(0, ctypes.c_size_t(2**20), 0o1600)
        if number >= 0:
            libc.shmctl(number, 0, None)
            print("REACHED shmget")
        """,
    ),
    Attack(
        "output_flood",
        "Prints without end.",
        attack="""
        until = time.monotonic() + 60
        while time.monotonic() < until:
            os.write(1, b"flood " * 10_000)
        """,
        fails=CRASH,
    ),
    Attack(
        "output_between_questions",
        "Leaves a thread that prints without end between the questions.",
        attack="""
        global written
        written = 0
        def flood():
            global written
            until = time.monotonic() + 60
            while time.monotonic() < until:
                written += os.write(2, b"noise " * 1000)
        threading.Thread(target=flood, daemon=True).start()
        """,
        returns="""!
        enough = written + 2 * 2**20 if len(calls) > 1 and "written" in globals() else 0
        while enough and written < enough:
            time.sleep(0.01)
        return wrong(mean, log_var)
        """,
        fails={"contract": ("crash", "timeout")},
    ),
    Attack(
        "deep_recursion",
        "Recurses with the limit taken away.",
        attack="""
        sys.setrecursionlimit(10**9)
        threading.stack_size(0)
        def down(n): return down(n + 1) + 1
        down(0)
        """,
        returns="""!
        sys.setrecursionlimit(10**9)
        class Down:
            def __getattr__(self, name): return getattr(self, name + "x")
        return repr(eval("[" * 50 + "]" * 50)) or Down().x
        """,
        fails={"contract": ("crash", "exception", "contract", "memory", "timeout")},
    ),
    Attack("native_crash", "Reads address 0.", attack="ctypes.string_at(0)", fails=CRASH),
    Attack("abort", "Calls abort().", attack="os.abort()", fails=CRASH),
    Attack(
        "stops_itself",
        "Sends SIGSTOP to itself and to its process group.",
        attack="""
        os.kill(os.getpid(), signal.SIGSTOP)
        libc.raise_(signal.SIGSTOP) if hasattr(libc, "raise_") else libc.kill(0, signal.SIGSTOP)
        """,
        fails={},
        hangs="a call",
    ),
    Attack(
        "daemons",
        "Leaves processes behind that detach themselves from it in every way.",
        attack=f"""
        for _ in range(3):
            if os.fork() == 0:
                os.setsid()
                if os.fork():
                    os._exit(0)
                for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
                    signal.signal(number, signal.SIG_IGN)
                os.closerange(0, 256)
                until = time.monotonic() + 60
                while time.monotonic() < until:
                    time.sleep(0.2)
                os._exit(0)
        """,
        fails={},
    ),
    Attack(
        "first_thread_ends",
        "Leaves a process behind whose first thread has ended, so that it calls itself a zombie, while another goes on.",
        attack="""
        if os.fork() == 0:
            os.setsid()
            os.closerange(0, 256)
            threading.Thread(target=time.sleep, args=(60,)).start()
            syscall(60, 0)
        """,
    ),
    Attack(
        "descriptors_of_a_thread",
        "Gives a thread descriptors of its own: whoever counts what the process holds open would not see them.",
        attack="""
        if syscall(436, 200, 255, 2) == 0:
            print("REACHED descriptors of its own")
        """,
    ),
    Attack(
        "daemon_that_holds_the_channel",
        "Ends the process, while a child keeps the channel open.",
        attack="""
        if os.fork() == 0:
            time.sleep(30)
            os._exit(0)
        os._exit(0)
        """,
        fails={"contract": ("crash", "timeout")},
    ),
    Attack(
        "pipes_full_of_memory",
        "Fills pipes, whose memory belongs to no process.",
        attack="""
        import fcntl
        held, total = [], 0
        for _ in range(100):
            try:
                reader, writer = os.pipe()
                os.set_blocking(writer, False)
                fcntl.fcntl(writer, 1031, 2**20)
                total += os.write(writer, b"x" * 2**20)
            except OSError:
                pass
        if total > 200 * 2**20:
            print("REACHED", total)
        """,
    ),
]

REACH = [
    Attack(
        "file_walk",
        "Walks the file system in search of the reference, the checks, the rubric, results and data.",
        attack="""
        for folder, folders, files in os.walk("/", onerror=lambda e: None):
            if folder.startswith("/usr") or folder.startswith(sys.base_prefix) or folder.count("/") > 6:
                folders[:] = []
            for name in folders + files:
                if name in ("rubric.yaml", "test_divergences.py", "test_training.py", "result.json", "student_template", "catalogue.md"):
                    print("REACHED", folder, name)
        for place in ("/work/main/reference", "/work/main/rubric.yaml", "/work/main/tests", "/etc/passwd", "/etc/shadow",
                      "/root/.ssh", "/root/.bashrc", "/root/.cache", "/home", "/var", "/proc/1/root", "/sys", "/proc/self/exe", "/work/main/.git"):
            try:
                what = os.listdir(place) if os.path.isdir(place) else open(place).read(10)
                if what:
                    print("REACHED", place, what)
            except OSError:
                pass
        """,
        seconds=20,
    ),
    Attack(
        "write_everywhere",
        "Tries to write a file into every folder that there is, the virtual environment among them.",
        attack=f"""
        import site
        folders = ["/", "/dev", "/run", "/runner", "/runner/inside", "/usr", "/usr/bin", "/etc", "/work", "/work/main", sys.prefix,
                   sys.base_prefix, "/proc", "/sys", "/var/tmp", "/dev/pts", "/dev/mqueue", *site.getsitepackages(),
                   os.path.dirname(torch.__file__), os.path.dirname(sys.executable)]
        for folder in folders:
            for name in ("{MARKER}.pth", "sitecustomize.py", "usercustomize.py"):
                try:
                    with open(os.path.join(folder, name), "w") as file:
                        file.write("import os")
                    print("REACHED", folder, name)
                except OSError:
                    pass
        """,
    ),
    Attack(
        "other_processes",
        "Looks for other processes: /proc, their memory, their environment.",
        attack="""
        try:
            for name in os.listdir("/proc"):
                print("REACHED /proc/" + name)
        except PermissionError:
            pass
        for number in set(range(2, 3000)) - {os.getpid()}:
            try:
                os.kill(number, 0)
                print("REACHED process", number)
            except OSError:
                pass
        if os.getppid() != 0:
            print("REACHED parent", os.getppid())
        """,
    ),
    Attack(
        "environment",
        "Reads its environment for secrets and for places.",
        attack="""
        for name, value in os.environ.items():
            if name not in ("PATH", "HOME", "TMPDIR", "LANG", "MPLBACKEND", "MPLCONFIGDIR", "PYTHONHASHSEED", "PWD", "LC_CTYPE",
                            "PYTHONDONTWRITEBYTECODE", "CUBLAS_WORKSPACE_CONFIG", "OPENBLAS_NUM_THREADS", "AUTOGRADER_DROP_ROOT",
                            "KMP_INIT_AT_FORK", "KMP_DUPLICATE_LIB_OK", "TORCHINDUCTOR_CACHE_DIR", "TORCHDYNAMO_DISABLE"):
                print("REACHED", name)
        if os.getuid() != 65534 or os.geteuid() != 65534 or os.getgid() != 65534:
            print("REACHED uid", os.getuid(), os.getgid())
        if os.uname().nodename != "sandbox":
            print("REACHED host name", os.uname().nodename)
        """,
    ),
    Attack(
        "network",
        "Connects to the test's TCP listener and sends to its UDP socket, on loopback.",
        attack="""
        for family in (socket.AF_INET, socket.AF_INET6):
            for kind, port in ((socket.SOCK_STREAM, @TCP@), (socket.SOCK_DGRAM, @UDP@)):
                try:
                    line = socket.socket(family, kind)
                    line.settimeout(1)
                    line.connect(("127.0.0.1" if family == socket.AF_INET else "::1", port))
                    line.send(b"hello")
                    print("REACHED", family, kind)
                except OSError:
                    pass
        """,
    ),
    Attack(
        "raw_and_netlink",
        "Opens netlink, packet, raw, vsock and Bluetooth sockets, and connects to the test's abstract Unix socket.",
        attack="""
        for family, kind in ((16, 3), (17, 3), (2, 3), (40, 1), (31, 3), (38, 5), (44, 3)):
            try:
                socket.socket(family, kind)
                print("REACHED", family)
            except OSError:
                pass
        for family in (2, 10, 15, 16, 17, 30, 31, 38, 40, 44):  # TIPC (30) has pairs, and the kernel would load its module
            ctypes.set_errno(0)
            if libc.socketpair(family, 1, 0, ctypes.create_string_buffer(8)) == 0 or ctypes.get_errno() not in (13, 38):
                print("REACHED a pair", family, ctypes.get_errno())
        for place in ("\\0@ABSTRACT@", "/run/systemd/notify", "/run/dbus/system_bus_socket", "/var/run/docker.sock"):
            try:
                line = socket.socket(socket.AF_UNIX)
                line.connect(place)
                print("REACHED", place)
            except OSError:
                pass
        """,
    ),
    Attack(
        "ptrace",
        "Traces, reads and writes the memory of its parent and of process 1.",
        attack="""
        for process in (os.getppid(), 1, 2):
            if syscall(101, 16, process, 0, 0) == 0:
                print("REACHED ptrace", process)
        if syscall(101, 0, 0, 0, 0) == 0:
            print("REACHED PTRACE_TRACEME")
        buffer = ctypes.create_string_buffer(16)
        class Vector(ctypes.Structure):
            _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]
        vector = Vector(ctypes.addressof(buffer), 16)
        if syscall(310, os.getpid(), ctypes.byref(vector), 1, ctypes.byref(vector), 1, 0) > 0:
            print("REACHED process_vm_readv")
        """,
    ),
    Attack(
        "namespaces",
        "Makes new namespaces: unshare, setns, clone, clone3.",
        attack="""
        for flag in (0x10000000, 0x20000, 0x40000000, 0x20000000, 0x02000000):
            if libc.unshare(flag) == 0:
                print("REACHED unshare", hex(flag))
            child = syscall(56, flag | 17, 0, 0, 0, 0)
            if child == 0:
                os._exit(0)
            if child > 0:
                print("REACHED clone", hex(flag))
        if syscall(435, ctypes.create_string_buffer(88), 88) >= 0:
            print("REACHED clone3")
        if syscall(308, 0, 0) == 0:
            print("REACHED setns")
        """,
    ),
    Attack(
        "mounts",
        "Mounts, unmounts, pivots and changes its root.",
        attack="""
        if libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0: print("REACHED mount")
        for place in (b"/tmp", b"/proc", b"/dev", b"/usr", b"/"):
            if libc.umount2(place, 2) == 0: print("REACHED umount", place)
        if libc.mount(None, b"/", None, 32 | 4096, None) == 0: print("REACHED remount")
        if libc.chroot(b"/tmp") == 0: print("REACHED chroot")
        for number in (155, 428, 429, 430, 431, 432, 442):
            if syscall(number, 0, 0, 0, 0) >= 0: print("REACHED", number)
        """,
    ),
    Attack(
        "kernel_interfaces",
        "Calls keyctl, io_uring, bpf, perf, userfaultfd, modules, kexec, reboot, clocks, quotas, acct, fanotify.",
        attack="""
        numbers = {"keyctl": 250, "add_key": 248, "request_key": 249, "io_uring_setup": 425, "bpf": 321, "perf_event_open": 298,
                   "userfaultfd": 323, "init_module": 175, "finit_module": 313, "kexec_load": 246, "reboot": 169,
                   "clock_settime": 227, "settimeofday": 164, "acct": 163, "quotactl": 179, "fanotify_init": 300,
                   "open_by_handle_at": 304, "name_to_handle_at": 303, "pidfd_open": 434, "pidfd_getfd": 438, "swapon": 167,
                   "syslog": 103, "iopl": 172, "personality": 135, "modify_ldt": 154, "sethostname": 170, "kcmp": 312,
                   "process_madvise": 440, "memfd_secret": 447, "landlock": 444, "seccomp": 317, "vhangup": 153}
        for name, number in numbers.items():
            ctypes.set_errno(0)
            if syscall(number, 0, 0, 0, 0, 0) >= 0 or ctypes.get_errno() != 38:
                print("REACHED", name, ctypes.get_errno())
        """,
    ),
    Attack(
        "thirty_two_bit_calls",
        "Makes system calls with the x32 numbers and the 32-bit entry, which filters sometimes forget.",
        attack="""
        child = os.fork()
        if child == 0:
            os._exit(77 if syscall(0x40000000 + 39) > 0 else 0)
        status = os.waitpid(child, 0)[1]
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 77:
            print("REACHED x32 getpid")
        child = os.fork()
        if child == 0:
            code = mmap.mmap(-1, 4096, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, prot=7)
            # mov eax, 20 (getpid); int 0x80; ret
            code.write(b"\\xb8\\x14\\x00\\x00\\x00\\xcd\\x80\\xc3")
            call = ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))
            os._exit(77 if call() > 0 else 0)
        status = os.waitpid(child, 0)[1]
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == 77:
            print("REACHED int 0x80")
        """,
    ),
    Attack(
        "setuid",
        "Runs setuid programs, gives its own files the setuid bit, asks for rights.",
        attack="""
        for name in ("su", "mount", "umount", "passwd", "newgrp", "chsh", "sudo", "fusermount", "fusermount3", "pkexec"):
            path = "/usr/bin/" + name
            if os.path.exists(path):
                try:
                    result = subprocess.run([path, "--help" if name != "su" else "-c", "id -u"], capture_output=True, timeout=2, text=True)
                    if result.stdout.strip() == "0":
                        print("REACHED", path)
                except (OSError, subprocess.SubprocessError):
                    pass
        for uid in (0, 1, 1000):
            try:
                os.setuid(uid)
                print("REACHED setuid", uid)
            except OSError:
                pass
        try:
            os.setgroups([0])
            print("REACHED setgroups")
        except OSError:
            pass
        """,
        seconds=20,
    ),
    Attack(
        "compiled_extension",
        "Brings a compiled extension and a library that is to be preloaded.",
        attack="""
        os.environ["LD_PRELOAD"] = os.path.abspath("evil.so")
        try:
            ctypes.CDLL(os.path.abspath("evil.so"))
            print("REACHED evil.so")
        except OSError:
            pass
        import evil
        print("REACHED import of evil.so")
        """,
        files={
            "evil.so": b"\x7fELF\x02\x01\x01" + bytes(200),
            "evil.cpython-311-x86_64-linux-gnu.so": b"\x7fELF" + bytes(64),
        },
    ),
    Attack(
        "pickles",
        "Brings pickles that run code when they are loaded, and returns objects that do.",
        top=f"""
        import pickle
        class Bomb:
            def __reduce__(self): return os.system, ("touch /tmp/{MARKER}",)
        """,
        attack="""
        torch.save({"w": Bomb()}, "model.pt")
        try:
            torch.load("model.pt")
            print("REACHED torch.load with objects")
        except Exception:
            pass
        with open("model.pkl", "wb") as file:
            pickle.dump(Bomb(), file)
        """,
        returns="Bomb()",
        fails=CONTRACT,
        files={"weights.pkl": b"cos\nsystem\n(S'touch /tmp/" + MARKER.encode() + b"'\ntR."},
    ),
    Attack(
        "links",
        "Makes symbolic and hard links that point out of its scratch folder, and loops of them.",
        attack="""
        os.symlink("/", "/tmp/root")
        os.symlink("/tmp/loop", "/tmp/loop")
        os.symlink("/work/main/rubric.yaml", "/tmp/rubric")
        for place in ("/tmp/rubric", "/tmp/root/work/main/rubric.yaml"):
            try:
                print("REACHED", open(place).read(20))
            except OSError:
                pass
        try:
            os.link(sys.executable, "/tmp/python")
            print("REACHED a hard link out of the scratch folder")
        except OSError:
            pass
        os.mkfifo("/tmp/fifo") if False else None
        """,
    ),
    Attack(
        "device_nodes",
        "Makes device nodes and opens those of the host.",
        attack="""
        for name, major, minor in (("kmsg", 1, 11), ("mem", 1, 1), ("sda", 8, 0)):
            try:
                os.mknod("/tmp/" + name, 0o600 | stat.S_IFBLK, os.makedev(major, minor))
                print("REACHED mknod", name)
            except OSError:
                pass
        for name in ("/dev/mem", "/dev/kmsg", "/dev/sda", "/dev/vda", "/dev/fuse", "/dev/kvm", "/dev/net/tun", "/dev/ptmx"):
            try:
                os.close(os.open(name, os.O_RDWR))
                if name != "/dev/ptmx":
                    print("REACHED", name)
            except OSError:
                pass
        """,
    ),
    Attack(
        "kill_everything",
        "Kills every process that it may, its group, its session, its parent.",
        attack="""
        for target in (-1, 0, os.getppid() or -1, 2, 3, 4, 5):
            if target == 0:
                continue
            try:
                os.kill(target, signal.SIGKILL)
            except OSError:
                pass
        for target in set(range(2, 500)) - {os.getpid()}:
            try:
                os.kill(target, signal.SIGTERM)
                print("REACHED", target)
            except OSError:
                pass
        """,
    ),
    Attack(
        "inherited_descriptors",
        "Looks for descriptors that it inherited besides its channel, input and output.",
        attack="""
        sockets = 0
        for number in range(256):
            try:
                mode = os.fstat(number).st_mode
            except OSError:
                continue
            sockets += stat.S_ISSOCK(mode)
            if stat.S_ISDIR(mode) or stat.S_ISBLK(mode) or (stat.S_ISREG(mode) and number < 10):
                print("REACHED descriptor", number, oct(mode))
        if sockets > 1:
            print("REACHED", sockets, "sockets")
        """,
    ),
    Attack(
        "descriptors_through_the_channel",
        "Sends descriptors through the channel, and asks the kernel who is at its other end.",
        attack="""
        line = channel()
        peer = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, 12)
        if struct.unpack("3i", peer)[0] not in (0, os.getpid()):
            print("REACHED the process id of the grader", struct.unpack("3i", peer))
        socket.send_fds(line, [b"x"], [0, 1])
        """,
        fails={"contract": ("policy", "timeout", "memory", "crash")},
        flag=None,
    ),
    Attack(
        "raised_limits",
        "Takes its limits, its filter and its priority back.",
        attack="""
        import resource
        for which in (resource.RLIMIT_DATA, resource.RLIMIT_NPROC, resource.RLIMIT_FSIZE, resource.RLIMIT_NOFILE, resource.RLIMIT_CORE):
            soft, hard = resource.getrlimit(which)
            try:
                resource.setrlimit(which, (-1, -1))
                print("REACHED", which)
            except (OSError, ValueError):
                pass
        if libc.prctl(22, 0, 0, 0, 0) == 0: print("REACHED no filter")
        if libc.prctl(38, 0, 0, 0, 0) == 0: print("REACHED new privileges")
        if libc.prctl(24, 0, 0, 0, 0) == 0: print("REACHED capbset")
        try:
            os.nice(-10)
            print("REACHED a higher priority")
        except OSError:
            pass
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(50))
            print("REACHED real time")
        except OSError:
            pass
        """,
    ),
    Attack(
        "terminal",
        "Types into the terminal of whoever grades.",
        attack="""
        import fcntl
        for number in (0, 1, 2):
            try:
                fcntl.ioctl(number, 0x5412, b"x")
                print("REACHED TIOCSTI")
            except OSError:
                pass
        try:
            os.open("/dev/tty", os.O_RDWR)
            print("REACHED /dev/tty")
        except OSError:
            pass
        """,
    ),
]

ATTACKS = {"verdict": VERDICT, "resources": RESOURCES, "reach": REACH}

WITHOUT_NAMESPACES: dict[str, list[tuple[str, str, str]]] = {
    "file_walk": [('"/proc/self/exe", ', "", "it is Python itself, which may be read at its own place, too")],
    "other_processes": [("os.getppid() != 0", "False", "the parent has a number; every signal to it is refused")],
    "environment": [
        (
            "os.getuid() != 65534 or os.geteuid() != 65534 or os.getgid() != 65534",
            "min(os.getuid(), os.geteuid(), os.getgid(), *os.getgroups()) < 61_000",
            "every worker is a user of its own",
        ),
        ('os.uname().nodename != "sandbox"', "False", "the host's name is known"),
        ('"KMP_INIT_AT_FORK"', '"LD_LIBRARY_PATH", "KMP_INIT_AT_FORK"', "a Python that was linked elsewhere needs it"),
    ],
    "descriptors_through_the_channel": [
        (
            'struct.unpack("3i", peer)[0] not in (0, os.getpid())',
            'libc.kill(struct.unpack("3i", peer)[0], 0) == 0',
            "the grader's number is known; every signal to it is refused",
        )
    ],
}
"""Where there are no namespaces: attack -> (its text, what is tried instead, why the text asks for something that is no secret)."""

ENDED_FOR_FILES: dict[str, dict[str, tuple[str, ...]]] = {"scratch_files": {}, "inodes": {"contract": ("memory",)}}
"""Attacks that meet a full tmpfs behind bubblewrap. Without mounts of its own the worker is ended for them, unless the machine's
own tmpfs is so small that it is full first."""


def without_namespaces(attack: Attack) -> Attack:
    """Return the attack as it is tried on the uid backend: in the worker's own scratch folder instead of /tmp."""
    text = (attack.top, attack.attack, attack.returns)
    for old, new, _ in WITHOUT_NAMESPACES.get(attack.name, []):
        if not any(old in part for part in text):
            raise ValueError(f"{attack.name} does not contain {old!r}")
        text = tuple(part.replace(old, new) for part in text)
    own = r'os.environ["TMPDIR"] + \1"\2'
    top, code, returns = (re.sub(r'(?<![b\w])(f?)"/tmp(/?[^"\s]*")', own, part) for part in text)
    fails = ENDED_FOR_FILES.get(attack.name, attack.fails)
    return replace(attack, top=top, attack=code, returns=returns, fails=fails)
