"""The sandbox under attack: whatever a submission does costs its own question, and nothing of it is left behind."""

# ruff: noqa: E501 -- submissions stand here as one string each

from __future__ import annotations

import os
import select
import socket
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import torch
from make_submission import BRIEF_CALL, LIMITS, wait_until

from autograder.errors import SandboxFault
from autograder.outcomes import FailureKind
from autograder.sandbox.bubblewrap import Bubblewrap
from autograder.sandbox.inside import wire
from autograder.sandbox.inside.values import Handle, Opaque, Probe, Seed
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Answer, Question, Refusal

SandboxOf = Callable[..., Sandbox]
GOOD = "\ndef good(x): return x + 1\n"
CHANNEL = """
import os, socket, stat, struct, threading, time
def channel():
    for fd in range(3, 256):
        try:
            if stat.S_ISSOCK(os.fstat(fd).st_mode): return fd
        except OSError: pass
"""


def ask(sandbox: Sandbox, function: str, *arguments: object, **options: object) -> Answer:
    """Return the answer to a question that has one."""
    answer = sandbox.call(Question(function, list(arguments), **options))  # type: ignore[arg-type]
    assert isinstance(answer, Answer), answer
    return answer


def refused(sandbox: Sandbox, function: str, *arguments: object) -> Refusal:
    """Return the refusal of a question that has no answer."""
    refusal = sandbox.call(Question(function, list(arguments)))
    assert isinstance(refusal, Refusal), refusal
    return refusal


def processes_below(pid: int) -> list[psutil.Process]:
    """Return what runs below the process that all workers come from: bwrap -> (bwrap) -> zygote -> workers."""
    zygote = psutil.Process(pid)
    while (children := zygote.children()) and "python" not in zygote.name():
        zygote = children[0]
    return zygote.children(recursive=True)


def wait_until_nothing_runs(backend: Bubblewrap) -> None:
    """Require that every worker goes away."""
    wait_until(lambda: not processes_below(backend.pid()))


# ----------------------------------------------------------------------------------------------------------- attacks

EATING = "blocks = []\n    while True: blocks.append(bytearray(b'1' * 2**22))"
ATTACKS: dict[str, tuple[str, FailureKind | tuple[FailureKind, ...], str]] = {
    "hang": ("while True: pass", FailureKind.TIMEOUT, "it was stopped after"),
    "sleep": ("import time; time.sleep(100)", FailureKind.TIMEOUT, "stopped after"),
    "exit at once": ("import os; os._exit(0)", FailureKind.CRASH, "the process ended in the middle of the call"),
    "segmentation fault": ("import ctypes; ctypes.string_at(0)", FailureKind.CRASH, "the process ended"),
    "abort": ("import os; os.abort()", FailureKind.CRASH, "the process ended"),
    "sys.exit": ("raise SystemExit(0)", FailureKind.EXCEPTION, "it raised SystemExit: 0"),
    "interrupt": ("raise KeyboardInterrupt", FailureKind.EXCEPTION, "it raised KeyboardInterrupt"),
    "memory in steps": (EATING, FailureKind.MEMORY, ""),
    "memory at once": ("import torch; return torch.ones(10**10)", FailureKind.MEMORY, ""),
    "memory for nothing": ("return bytearray(2**33)", FailureKind.MEMORY, ""),
    "recursion": ("return attack(x)", FailureKind.EXCEPTION, "it raised RecursionError: maximum recursion depth"),
    "bottomless recursion": (
        "import sys; sys.setrecursionlimit(10**9)\n    class A:\n        def __repr__(self): return repr(self)\n    repr(A())",
        FailureKind.CRASH,
        "the process ended",
    ),
    "output flood": ("while True: print('a' * 1000)", FailureKind.CRASH, "it printed more than 1 MB and was stopped"),
    "silent flood": (
        "import os\n    while True: os.write(2, b'a' * 4096)",
        FailureKind.CRASH,
        "printed more than 1 MB",
    ),
    "fork bomb": (
        "import os\n    while True:\n        try: os.fork()\n        except OSError: pass",
        (FailureKind.TIMEOUT, FailureKind.MEMORY),
        "",
    ),
    "threads": (
        "import threading, time\n    while True: threading.Thread(target=time.sleep, args=(99,)).start()",
        FailureKind.EXCEPTION,
        "can't start new thread",
    ),
    "daemon that stays": (
        "import os, time\n    if os.fork() == 0:\n        os.setsid()\n        time.sleep(99)\n    os._exit(0)",
        FailureKind.CRASH,
        "the process ended",
    ),
    "a child that answers too": (
        "import os\n    pid = os.fork()\n    if pid == 0: os.kill(os.getppid(), 9)\n    while True: pass",
        FailureKind.TIMEOUT,
        "",
    ),
    "stopped": ("import os, signal; os.kill(0, signal.SIGSTOP)\n    while True: pass", FailureKind.TIMEOUT, ""),
    "large answer": (
        "import torch; return torch.zeros(3 * 2**20)",
        FailureKind.MEMORY,
        "the result is 12 MB, more than the limit of 8 MB",
    ),
    "closed output": (
        "import sys; sys.stdout.close(); sys.stderr = None; raise ValueError('so')",
        FailureKind.EXCEPTION,
        "so",
    ),
    "hostile result": (
        "import torch\n    class T(torch.Tensor):\n        @property\n        def dtype(self): raise SystemExit\n    return {'a': torch.ones(2).as_subclass(T), 'b': T.dtype.fget(0)}",
        FailureKind.EXCEPTION,
        "it raised SystemExit",
    ),
}


@pytest.mark.parametrize(("body", "kind", "message"), ATTACKS.values(), ids=ATTACKS)
def test_attack_costs_its_own_question(
    body: str, kind: FailureKind | tuple[FailureKind, ...], message: str, sandbox_of: SandboxOf, backend: Bubblewrap
) -> None:
    """An attack is refused with its kind, the next question is answered, and no process is left."""
    sandbox = sandbox_of(f"def attack(x=0):\n    {body}\n" + GOOD)

    kinds = kind if isinstance(kind, tuple) else (kind,)

    sandbox.limits = BRIEF_CALL if FailureKind.TIMEOUT in kinds else LIMITS
    refusal = refused(sandbox, "attack")
    sandbox.limits = LIMITS

    assert refusal.kind in kinds, refusal
    assert message in refusal.message
    assert refusal.flag == ""
    assert ask(sandbox, "good", 2).value == 3
    sandbox.close()
    wait_until_nothing_runs(backend)


def test_too_many_values(sandbox_of: SandboxOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """A result of more parts than are looked at is too large, and no tampering."""
    sandbox = sandbox_of("def attack(): return [0] * 3000\n" + GOOD)
    sandbox.load()
    monkeypatch.setattr(wire, "MAX_ITEMS", 1000)

    refusal = refused(sandbox, "attack")

    assert (refusal.kind, refusal.flag) == (FailureKind.MEMORY, "")
    assert "the result holds more than 1,000 values" in refusal.message
    assert ask(sandbox, "good", 2).value == 3


def test_question_that_cannot_be_sent(sandbox_of: SandboxOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """A question of ours that is too large is our fault, not the student's."""
    sandbox = sandbox_of(GOOD)
    sandbox.load()
    monkeypatch.setattr(wire, "MAX_FRAME", 1000)
    with pytest.raises(SandboxFault, match="the question cannot be sent: a message of "):
        sandbox.call(Question("good", [torch.zeros(1000)]))


TAMPERING: dict[str, tuple[str, str]] = {
    "garbage": ("os.write(channel(), b'\\x00\\x00\\x00\\x03abc')", "not a message"),
    "a number": (
        "os.write(channel(), struct.pack('>I', 1) + b'\\x07')",
        "a message is a map with strings as keys, not int",
    ),
    "a forged id": (
        "import msgpack; frame = msgpack.packb({'type': 'answer', 'id': '0' * 32, 'value': 3})\n"
        "    os.write(channel(), struct.pack('>I', len(frame)) + frame)",
        "an answer to a question that was not asked",
    ),
}


@pytest.mark.parametrize(("body", "what"), TAMPERING.values(), ids=TAMPERING)
def test_tampering_is_flagged(body: str, what: str, sandbox_of: SandboxOf) -> None:
    """Whoever writes to the answer channel gets no answer and a flag for staff; the next question is answered."""
    sandbox = sandbox_of(CHANNEL + f"def attack():\n    {body}\n    return 1\n" + GOOD)

    refusal = refused(sandbox, "attack")

    assert refusal.kind == FailureKind.POLICY
    assert refusal.flag.startswith("answer channel: ")
    assert what in refusal.flag
    assert ask(sandbox, "good", 2).value == 3


def test_unsolicited_frame(sandbox_of: SandboxOf) -> None:
    """A frame that is written between two questions, by a thread that stayed, is flagged when the next is asked."""
    sandbox = sandbox_of(
        CHANNEL
        + "def late():\n    time.sleep(1)\n    os.write(channel(), b'abcd')\n"
        + "def attack():\n    threading.Thread(target=late).start()\n    return 1\n"
        + GOOD
    )

    assert ask(sandbox, "attack").value == 1
    worker = sandbox._worker
    assert worker is not None
    wait_until(lambda: select.select([worker.channel], [], [], 0)[0])
    refusal = refused(sandbox, "good", 2)
    assert refusal.flag == "answer channel: an answer before anything was asked"
    assert ask(sandbox, "good", 2).value == 3


def test_an_answer_of_the_session_can_be_forged_only_for_itself(sandbox_of: SandboxOf) -> None:
    """A submission that finds its own question's id answers only for itself: wrong fields are refused, and it stays data."""
    sandbox = sandbox_of(
        CHANNEL
        + "import gc, msgpack\n"
        + "def attack():\n"
        + "    ids = [o['id'] for o in gc.get_objects() if type(o) is dict and o.get('type') == 'call' and 'id' in o]\n"
        + "    frame = msgpack.packb({'type': 'answer', 'id': ids[0], 'value': 3})\n"
        + "    os.write(channel(), struct.pack('>I', len(frame)) + frame)\n    time.sleep(9)\n"
        + GOOD
    )
    assert "answer with wrong fields (KeyError" in refused(sandbox, "attack").flag
    assert ask(sandbox, "good", 2).value == 3


@pytest.mark.parametrize("fd", ["channel()", "1", "2"])
def test_closed_descriptors(fd: str, sandbox_of: SandboxOf) -> None:
    """Closing the channel costs the question that did so; closing the output costs nothing."""
    sandbox = sandbox_of(CHANNEL + f"def attack():\n    os.close({fd})\n    return 1\n" + GOOD)

    first = sandbox.call(Question("attack"))
    assert isinstance(first, Answer) if fd != "channel()" else first.kind is FailureKind.CRASH  # type: ignore[union-attr]
    assert ask(sandbox, "good", 2).value == 3


def test_late_death_costs_nothing(sandbox_of: SandboxOf) -> None:
    """A process that dies after its answer was given is replaced; the next question does not pay for it."""
    sandbox = sandbox_of(
        "import os, threading\ndef attack():\n    threading.Timer(1, os._exit, (0,)).start()\n    return 1\n" + GOOD
    )

    assert ask(sandbox, "attack").value == 1
    worker = sandbox._worker
    assert worker is not None
    wait_until(lambda: not worker.alive())
    assert ask(sandbox, "good", 2).value == 3
    assert sandbox.restarts == 1


def test_nothing_carries_over(sandbox_of: SandboxOf) -> None:
    """Files and memory of a worker that was replaced are gone."""
    sandbox = sandbox_of(
        "import os\nSEEN = []\ndef attack():\n    open('mark', 'w').write('x')\n    SEEN.append(1)\n    os._exit(0)\n"
        "def look(): return [os.listdir('.'), os.listdir('/dev/shm'), SEEN]\n"
    )

    refused(sandbox, "attack")
    assert ask(sandbox, "look").value == [[], [], []]


def test_no_file_outlives_the_sandbox(sandbox_of: SandboxOf) -> None:
    """What a submission writes is never on our disk."""
    name = f"autograder-test-{os.getpid()}"
    sandbox = sandbox_of(f"def write():\n    open('/tmp/{name}', 'w').write('x')\n    return 1\n")

    assert ask(sandbox, "write").value == 1
    assert not Path("/tmp", name).exists()
    assert not Path("/work", name).exists()


@pytest.mark.parametrize("place", ["/tmp", "/dev/shm"])
def test_scratch_is_bounded(place: str, sandbox_of: SandboxOf) -> None:
    """The scratch folder ends at its limit, and so does each file in it."""
    sandbox = sandbox_of(
        f"def fill():\n    written = 0\n    try:\n        for i in range(99):\n            with open('{place}/%d' % i, 'wb') as f:\n"
        "                f.write(bytes(2**20)); f.flush(); written += 1\n    except OSError as e:\n        return [written, e.strerror]\n"
        f"def large():\n    import signal; signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n    open('{place}/large', 'wb').write(bytes(2**23))\n"
    )
    assert "File too large" in refused(sandbox, "large").message
    sandbox.close()
    written, why = ask(sandbox, "fill").value
    assert 10 <= written <= 16
    assert why == "No space left on device"


# ---------------------------------------------------------------------------------------------------------- isolation


def test_no_network(sandbox_of: SandboxOf) -> None:
    """Neither the internet nor a server on this very machine can be reached."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)):
            pass  # from out here it can
        sandbox = sandbox_of(
            "import socket\ndef connect(host, port):\n    try:\n        socket.create_connection((host, port), 1).close()\n"
            "    except OSError as e:\n        return type(e).__name__\n    return 'connected'\n"
            "def resolve():\n    return socket.gethostbyname('example.com')\n"
        )
        assert ask(sandbox, "connect", "127.0.0.1", port).value != "connected"
        assert ask(sandbox, "connect", "1.1.1.1", 53).value != "connected"
        assert refused(sandbox, "resolve").kind == FailureKind.EXCEPTION


def test_no_files_of_ours(sandbox_of: SandboxOf) -> None:
    """The reference, the checks, the rubric, other submissions and the grader's own code are not there."""
    root = Path(__file__).resolve().parents[3]
    looked_for = [
        root / "rubric.yaml",
        root / "reference" / "vae.py",
        root / "tests" / "hidden",
        root / "autograder" / "grading.py",
    ]
    looked_for += [
        root / "reports",
        Path("/root/.ssh"),
        Path("/etc/passwd"),
        Path("/etc/shadow"),
        Path("/work/shared"),
        Path("/home"),
    ]
    sandbox = sandbox_of(
        "import os\ndef exists(path): return os.path.exists(path)\ndef listing(path): return sorted(os.listdir(path))\n"
    )

    assert [path for path in map(str, looked_for) if ask(sandbox, "exists", path).value] == []
    assert ask(sandbox, "listing", "/runner").value == ["inside"]
    assert ask(sandbox, "listing", "/proc").value == []


def test_nothing_can_be_written(sandbox_of: SandboxOf) -> None:
    """System folders, Python's packages and the runner are read-only."""
    sandbox = sandbox_of(
        "import os, torch\ndef writable():\n    found = []\n    for p in ['/usr', '/runner/inside', '/', os.path.dirname(torch.__file__), '/proc', '/dev', '/run']:\n"
        "        try:\n            open(p + '/mark', 'w').close()\n            found.append(p)\n        except OSError: pass\n    return found\n"
    )
    assert ask(sandbox, "writable").value == []


def test_environment_and_identity(sandbox_of: SandboxOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """The submission is nobody, on a host called sandbox, and its environment holds nothing of ours."""
    sandbox = sandbox_of(
        "import os, socket\ndef env(): return dict(os.environ)\n"
        "def who(): return [os.getuid(), os.geteuid(), os.getgid(), os.getgroups(), os.getpid(), socket.gethostname()]\n"
    )

    environment = ask(sandbox, "env").value
    assert environment["HOME"] == "/tmp"
    assert {"PATH", "HOME", "LANG"} <= set(environment)
    allowed = ["PATH", "HOME", "TMPDIR", "LANG", "MPLBACKEND", "MPLCONFIGDIR", "PWD", "LC_CTYPE", "SHLVL", "_"]
    ours = [
        name
        for name in environment
        if name not in allowed
        and not name.startswith(("PYTHON", "CUBLAS", "OPENBLAS", "AUTOGRADER_DROP", "TORCH", "KMP", "PYTORCH"))
    ]
    assert ours == []
    uid, euid, gid, groups, pid, host = ask(sandbox, "who").value
    assert (uid, euid, gid) == (65534, 65534, 65534)
    assert 0 not in groups
    assert (pid, host) == (1, "sandbox")


def test_no_capabilities(sandbox_of: SandboxOf) -> None:
    """No right of root is left that would hold outside, and none can be gained."""
    sandbox = sandbox_of(
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "def setuid(): return [libc.setuid(0), ctypes.get_errno()]\n"
        "def no_new_privs(): return libc.prctl(39, 0, 0, 0, 0)\n"
        "def held():\n    data = (ctypes.c_uint32 * 6)()\n    libc.capget((ctypes.c_uint32 * 2)(0x20080522, 0), data)\n    return list(data)\n"
        "def chroot(): return [libc.chroot(b'/tmp'), ctypes.get_errno()]\n"
    )
    assert ask(sandbox, "setuid").value == [-1, 38]
    assert ask(sandbox, "chroot").value == [-1, 38]
    assert ask(sandbox, "no_new_privs").value == 1
    assert ask(sandbox, "held").value == [0] * 6


SYSTEM_CALLS = {
    "ptrace": 101,
    "mount": 165,
    "umount2": 166,
    "unshare": 272,
    "setns": 308,
    "pivot_root": 155,
    "keyctl": 250,
    "add_key": 248,
    "bpf": 321,
    "io_uring_setup": 425,
    "perf_event_open": 298,
    "userfaultfd": 323,
    "process_vm_readv": 310,
    "init_module": 175,
    "clone3": 435,
    "open_by_handle_at": 304,
    "fsopen": 430,
    "pidfd_getfd": 438,
}


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="the numbers of system calls are those of x86-64")
@pytest.mark.parametrize("name", SYSTEM_CALLS)
def test_forbidden_system_calls(name: str, sandbox_of: SandboxOf) -> None:
    """System calls that have been ways out of containers answer "not implemented"."""
    sandbox = sandbox_of(
        "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "def ask(number): return [libc.syscall(number, 0, 0, 0, 0, 0, 0), ctypes.get_errno()]\n"
    )
    assert ask(sandbox, "ask", SYSTEM_CALLS[name]).value == [-1, 38]


def test_no_new_namespaces_by_clone(sandbox_of: SandboxOf) -> None:
    """A process cannot be started in namespaces of its own, nor a socket of the internet be made."""
    sandbox = sandbox_of(
        "import ctypes, socket\nlibc = ctypes.CDLL(None, use_errno=True)\n"
        "def clone(): return [libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0), ctypes.get_errno()]\n"
        "def inet(): return socket.socket(socket.AF_INET)\n"
        "def netlink(): return socket.socket(socket.AF_NETLINK)\n"
        "def pair():\n    a, b = socket.socketpair()\n    a.send(b'x')\n    return b.recv(1)\n"
    )
    if os.uname().machine == "x86_64":
        assert ask(sandbox, "clone").value == [-1, 38]
    for family in ("inet", "netlink"):
        assert "[Errno" in refused(sandbox, family).message
    assert ask(sandbox, "pair").value == b"x"


def test_other_processes_cannot_be_seen(sandbox_of: SandboxOf) -> None:
    """Signals reach nobody: not the parent, not us."""
    sandbox = sandbox_of("import os\ndef kill(pid): os.kill(pid, 9)\ndef parent(): return os.getppid()\n" + GOOD)

    assert ask(sandbox, "parent").value == 0
    assert "No such process" in refused(sandbox, "kill", os.getpid()).message
    sandbox.call(Question("kill", [-1]))
    assert ask(sandbox, "good", 2).value == 3


def test_submissions_do_not_see_each_other(sandbox_of: SandboxOf) -> None:
    """Two sandboxes of one zygote share no files and no sockets."""
    source = "import os, socket\nKEPT = []\ndef leave():\n    open('/tmp/mark', 'w').close()\n    s = socket.socket(socket.AF_UNIX); s.bind('\\0mark'); KEPT.append(s)\n"
    source += "def look():\n    try: socket.socket(socket.AF_UNIX).connect('\\0mark')\n    except OSError as e: return [os.listdir('/tmp'), type(e).__name__]\n"
    one, two = sandbox_of(source), sandbox_of(source)

    ask(one, "leave")
    assert ask(two, "look").value == [[], "ConnectionRefusedError"]


# ----------------------------------------------------------------------------------------------- answers and options


def test_printed(sandbox_of: SandboxOf) -> None:
    """What a call prints, by Python or below it, comes back with its answer and not with the next."""
    sandbox = sandbox_of(
        "import os, sys\nprint('loading')\ndef talk():\n    print('one')\n    sys.stderr.write('two\\n')\n    sys.stdout.flush()\n    os.system('echo three')\n"
        "def flood(): print('a' * 10_000)\n" + GOOD
    )

    printed = ask(sandbox, "talk").printed
    assert sorted(printed.split()) == ["one", "three", "two"]
    assert ask(sandbox, "good", 1).printed == ""
    long = ask(sandbox, "flood").printed
    assert long.startswith("aaaa")
    assert long.endswith("a\n… (6,001 more bytes)")


def test_modified_inputs(sandbox_of: SandboxOf) -> None:
    """Arguments that were changed in place are named; NaN does not count as a change."""
    sandbox = sandbox_of(
        "def touch(x, y): return x.add_(1) + y\ndef resize(x, y): x.resize_(2); return y\ndef leave(x, y): return x + y\n"
    )
    x, y = torch.zeros(3), torch.tensor([float("nan"), float("inf"), 1.0])

    for function, wanted in {"touch": ("x",), "resize": ("x",), "leave": ()}.items():
        assert wanted == ask(sandbox, function, x, y, arg_names=["x", "y"]).modified
    assert torch.zeros(3).equal(x)


def test_gradients(sandbox_of: SandboxOf) -> None:
    """Gradients come back by name, weighted by the cotangent, for arguments and for a probe's weights."""
    sandbox = sandbox_of(
        "def f(x, y): return x**2 + 0 * y.detach()\ndef both(x, y): return x, x * y\ndef through(x, net): return net(x)\ndef cut(x, y): return x.detach()\n"
    )
    x, y = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 4.0])
    names = {"arg_names": ["x", "y"], "gradients": ["x", "y"]}

    answer = ask(sandbox, "f", x, y, cotangent=torch.tensor([1.0, 10.0]), **names)
    assert answer.gradients["x"].tolist() == [2.0, 40.0]  # type: ignore[union-attr]
    assert answer.gradients["y"] is None
    assert x.tolist() == ask(sandbox, "both", x, y, part=1, **names).gradients["y"].tolist()  # type: ignore[union-attr]
    assert dict(ask(sandbox, "cut", x, y, **names).gradients) == {"x": None, "y": None}

    probe = Probe(
        {"layers": [{"op": "affine", "weight": torch.eye(2), "bias": torch.zeros(2)}, {"op": "dropout", "p": 0.5}]}
    )
    answer = ask(sandbox, "through", x.unsqueeze(0), probe, arg_names=["x", "net"], gradients=["net.trunk.0.bias"])
    assert answer.gradients["net.trunk.0.bias"].shape == (2,)  # type: ignore[union-attr]
    assert dict(answer.modes) == {"net": True}


def test_operations(sandbox_of: SandboxOf) -> None:
    """A loop over the batch shows in the number of tensor operations, a vectorised function's number stays."""
    sandbox = sandbox_of(
        "import torch\ndef loop(x): return torch.stack([row.sum() for row in x])\ndef whole(x): return x.sum(-1)\n"
    )

    def count(function: str, n: int) -> int:
        return ask(sandbox, function, torch.ones(n, 3), count_operations=True).operations or 0

    assert count("whole", 5) == count("whole", 50) > 0
    assert count("loop", 50) > count("loop", 5) + 40
    assert ask(sandbox, "whole", torch.ones(2, 3)).operations is None


def test_generator_is_offered(sandbox_of: SandboxOf) -> None:
    """A generator is passed to functions that take one; with and without it the same seed gives the same noise."""
    sandbox = sandbox_of(
        "import torch\ndef takes(x, generator=None): return torch.randn(3, generator=generator)\n"
        "def not_(x): return torch.randn(3)\ndef any_(x, **more): return sorted(more)\ndef positional(x, generator, /): return 1\n"
    )
    offered = {"offered": {"generator": Seed(7)}, "seed": 7}

    with_it, without = (ask(sandbox, name, 1, **offered).value for name in ("takes", "not_"))
    assert torch.randn(3, generator=torch.Generator().manual_seed(7)).equal(with_it)
    assert with_it.equal(without)
    assert ask(sandbox, "any_", 1, **offered).value == []  # what **kwargs is passed on to may not take it
    assert sandbox.call(Question("positional", [1], **offered)).kind == FailureKind.EXCEPTION  # type: ignore[arg-type, union-attr]


def test_repeat(sandbox_of: SandboxOf) -> None:
    """Repeated calls have noise of their own by number, whatever draws it; asking again gives the same again."""
    sandbox = sandbox_of(
        "import random, numpy, torch\ndef f(): return torch.randn(2)\ndef g(): return random.random() + numpy.random.rand()\n"
        "N = []\ndef ragged():\n    N.append(1)\n    return torch.zeros(len(N))\n"
    )

    four = ask(sandbox, "f", seed=5, repeat=4).value
    assert four.shape == (4, 2)
    assert len(four.unique(dim=0)) == 4
    assert four.equal(ask(sandbox, "f", seed=5, repeat=4).value)
    assert four[2:].equal(ask(sandbox, "f", seed=7, repeat=2).value)
    numbers = ask(sandbox, "g", seed=5, repeat=3).value
    assert (3, torch.float64, 3) == (len(numbers), numbers.dtype, len(numbers.unique()))
    assert [tuple(value.shape) for value in ask(sandbox, "ragged", repeat=2).value] == [(1,), (2,)]


def test_handles(sandbox_of: SandboxOf) -> None:
    """An object that can be called stays inside and is called by its handle, in evaluation mode when asked for; others are opaque."""
    sandbox = sandbox_of(
        "import os, torch\ndef make(): return torch.nn.Sequential(torch.nn.Linear(2, 3), torch.nn.Dropout(0.5)), {'loss': [1.0]}, object()\n"
        "def call(model, x): return model(x)\ndef die(): os._exit(0)\n"
    )

    model, history, opaque = ask(sandbox, "make").value
    assert isinstance(model, Handle)
    assert model.type_name == "Sequential"
    assert history == {"loss": [1.0]}
    assert Opaque("object") == opaque
    x = torch.ones(4, 2)
    one, two = (ask(sandbox, model, x, evaluate=True).value for _ in range(2))  # type: ignore[arg-type]
    assert one.equal(two)
    assert ask(sandbox, "call", model, x).value.shape == (4, 3)
    refused(sandbox, "die")
    assert refused(sandbox, model, x).message == "the process that held this object has ended"  # type: ignore[arg-type]


def test_forget(sandbox_of: SandboxOf) -> None:
    """After `forget` the objects are gone, and the submission still answers."""
    sandbox = sandbox_of("def make(): return lambda: 1\n" + GOOD)
    handle = ask(sandbox, "make").value

    sandbox.forget()

    assert "the object that was asked about is gone" in refused(sandbox, handle).message
    assert ask(sandbox, "good", 2).value == 3


def test_missing_and_unwritten(sandbox_of: SandboxOf) -> None:
    """A stub is missing, not wrong; a function that does not exist is said not to be defined."""
    sandbox = sandbox_of("def stub(): raise NotImplementedError('todo')\n")

    assert (refused(sandbox, "stub").kind, refused(sandbox, "stub").message) == (
        FailureKind.MISSING,
        "not implemented yet",
    )
    assert "'nothing' is not defined" in refused(sandbox, "nothing").message


def test_an_operation_that_pytorch_lacks_is_no_stub(sandbox_of: SandboxOf) -> None:
    """PyTorch raises NotImplementedError for a dtype that an operation does not know: that is the student's error, with its message."""
    found = refused(sandbox_of("import torch\ndef whole(): return torch.randn(3, dtype=torch.long)\n"), "whole")

    assert found.kind == FailureKind.EXCEPTION
    assert "not implemented for 'Long'" in found.message
