"""The uid backend: another user, Landlock and limits hold what namespaces hold elsewhere, and nothing of a worker stays."""

# ruff: noqa: E501 -- submissions stand here as one string each

from __future__ import annotations

import ctypes
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import torch
from asking import refusal, value
from make_submission import BRIEF_CALL, LIMITS, submission, wait_until

from autograder.errors import SandboxFault, SandboxUnavailable
from autograder.outcomes import FailureKind
from autograder.sandbox import cgroups, foreign, scratch, uid
from autograder.sandbox.choice import why_not_uid
from autograder.sandbox.inside import landlock
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.uid import Uid, Users

pytestmark = pytest.mark.skipif(bool(why_not_uid()), reason="needs root and Landlock")
SandboxOf = Callable[..., Sandbox]
ROOT = Path(__file__).resolve().parents[3]
GOOD = "\ndef good(x): return x + 1\n"
TRY = """
import ctypes, os, socket, sys, time
libc = ctypes.CDLL(None, use_errno=True)
def attempt(function, *arguments):
    try: function(*arguments)
    except OSError as error: return type(error).__name__
    return "done"
"""


@pytest.fixture(scope="module")
def bare() -> Iterator[Uid]:
    """A uid backend on a machine without control groups."""
    found, cgroups.find = cgroups.find, lambda: None  # type: ignore[assignment]
    try:
        backend = Uid()
    finally:
        cgroups.find = found
    backend.wait_until_ready()
    yield backend
    backend.close()


@pytest.fixture
def bare_sandbox_of(bare: Uid) -> Iterator[SandboxOf]:
    """Sandboxes behind `bare`."""
    made: list[Sandbox] = []

    def make(source: str) -> Sandbox:
        submitted, names = submission(source)
        made.append(Sandbox(bare, submitted, names, LIMITS))
        return made[-1]

    yield make
    for sandbox in made:
        sandbox.close()


def left(backend: Uid) -> list[object]:
    """Return everything on this machine that belongs to a user of the backend's workers."""
    found: list[object] = [*foreign.processes_of(backend.users()), *foreign.shared_files(backend.users())]
    found += list(foreign.system_v_objects(backend.users()))
    for place in (foreign.SHARED_MEMORY, backend._folder.path):
        found += [path for user in backend.users() for path in place.glob(f"autograder-scratch-{user}-*")]
    return found


# ------------------------------------------------------------------------------------------------------ who it is


def test_identity(uid_sandbox_of: SandboxOf, uid_backend: Uid) -> None:
    """A worker is a user that nobody else is, in no group of anybody's, without capabilities, and stays so."""
    source = TRY + (
        "def who(): return [*os.getresuid(), *os.getresgid()], os.getgroups(), os.getsid(0) == os.getpid()\n"
        "def held():\n    data = (ctypes.c_uint32 * 6)()\n    libc.capget((ctypes.c_uint32 * 2)(0x20080522, 0), data)\n    return list(data)\n"
        "def bounded(): return [n for n in range(41) if libc.prctl(23, n, 0, 0, 0) == 1 and n not in (6, 7)]\n"
        "def privileges(): return libc.prctl(39, 0, 0, 0, 0)\n"
        "def become(n): return [libc.setuid(n), libc.setgid(n), libc.setgroups(0, None)]\n"
        "def environment(): return dict(os.environ)\n"
    )
    one, two = uid_sandbox_of(source), uid_sandbox_of(source)

    (ids, groups, leads), (others, _, _) = value(one, "who"), value(two, "who")  # type: ignore[misc]
    assert len(set(ids)) == 1
    assert ids[0] in uid_backend.users()
    assert set(ids).isdisjoint(others)
    assert (groups, leads) == ([], True)
    assert value(one, "held") == [0] * 6
    assert value(one, "bounded") == []
    assert value(one, "privileges") == 1
    assert value(one, "become", 0) == [-1, -1, -1]
    environment = value(one, "environment")
    assert isinstance(environment, dict)
    assert environment["HOME"] == environment["TMPDIR"]
    assert set(environment) - {"HOME", "TMPDIR", "PATH", "LANG", "MPLBACKEND", "MPLCONFIGDIR", "LD_LIBRARY_PATH"} <= {
        "PYTHONHASHSEED",
        "PYTHONDONTWRITEBYTECODE",
        "CUBLAS_WORKSPACE_CONFIG",
        "OPENBLAS_NUM_THREADS",
        "TORCHDYNAMO_DISABLE",
        "AUTOGRADER_DROP_ROOT",
        "TORCHINDUCTOR_CACHE_DIR",
        "KMP_INIT_AT_FORK",
        "KMP_DUPLICATE_LIB_OK",
        "LC_CTYPE",
    }


def test_zygote_can_only_change_users(uid_backend: Uid) -> None:
    """The process that forks workers is not root and holds no right but to become other users."""
    status = Path(f"/proc/{uid_backend.pid()}/status").read_text()
    fields = dict(line.split(":\t", 1) for line in status.splitlines() if ":\t" in line)
    assert set(map(int, fields["Uid"].split())) == {uid_backend.users()[0] - 1}
    assert fields["Groups"].strip() == ""
    for name in ("CapPrm", "CapEff", "CapBnd"):
        assert int(fields[name], 16) == 1 << 6 | 1 << 7, name
    assert int(fields["CapInh"], 16) == int(fields["CapAmb"], 16) == 0
    assert fields["NoNewPrivs"] == "1"


# --------------------------------------------------------------------------------------------------------- reaching


def test_no_files_of_ours(uid_sandbox_of: SandboxOf, tmp_path: Path) -> None:
    """The reference, the checks, the rubric, secrets, processes and other people's files cannot be read, though all may read them."""
    secret = tmp_path / "everybody-may-read-this"
    secret.write_text("secret")
    places = [
        *(ROOT / name for name in ("rubric.yaml", "reference/vae.py", "tests/hidden", "autograder/grading.py", ".git")),
        *map(
            Path,
            (
                "/etc/passwd",
                "/etc/shadow",
                "/root",
                "/root/.bashrc",
                "/home",
                "/proc",
                "/proc/self/status",
                "/proc/1/cmdline",
            ),
        ),
        *map(Path, ("/", "/etc", "/var", "/tmp", "/sys", "/dev", "/dev/shm", "/run", "/usr/src")),
        *(secret, secret.parent, uid_folder()),
    ]
    sandbox = uid_sandbox_of(
        TRY + "def read(path): return attempt(os.listdir if os.path.isdir(path) else open, path)\n"
    )
    for path in places:
        assert value(sandbox, "read", str(path)) in ("PermissionError", "FileNotFoundError"), path
    assert value(sandbox, "read", os.path.dirname(torch.__file__)) == "done"  # what it needs it can read


def uid_folder() -> Path:
    """A folder of some backend's own."""
    return next(Path("/var/tmp").glob("autograder-uid-*"), Path("/var/tmp"))


def test_nothing_can_be_written(uid_sandbox_of: SandboxOf, tmp_path: Path) -> None:
    """Only its scratch folder can be written, whatever the modes of others say."""
    tmp_path.chmod(0o777)
    (tmp_path / "file").write_text("x")
    (tmp_path / "file").chmod(0o666)
    sandbox = uid_sandbox_of(
        TRY + "def write(path): return attempt(open, path, 'a')\n"
        "def more(path): return [attempt(f, path) for f in (os.unlink, os.mkdir)] + [attempt(os.truncate, path, 0), attempt(os.chmod, path, 0)]\n"
        "def runner(): return sys.modules['inside'].__path__[0]\n"
    )
    inside = str(value(sandbox, "runner"))
    for place in (
        "/usr",
        "/tmp",
        "/var/tmp",
        "/",
        os.path.dirname(torch.__file__),
        inside,
        "/dev",
        "/run",
        str(tmp_path),
    ):
        assert value(sandbox, "write", f"{place}/mark") != "done", place
    assert value(sandbox, "write", str(tmp_path / "file")) == "PermissionError"
    assert "done" not in value(sandbox, "more", str(tmp_path / "file"))  # type: ignore[operator]
    assert value(sandbox, "write", "own") == "done"
    assert (tmp_path / "file").read_text() == "x"


def test_no_sockets(uid_sandbox_of: SandboxOf, tmp_path: Path) -> None:
    """Neither a TCP server, nor an abstract Unix socket, nor one with a name in the file system can be reached."""
    name = f"\0uid-test-{os.getpid()}"
    path = f"/tmp/uid-test-{os.getpid()}"  # anybody may connect to it
    servers = [socket.create_server(("127.0.0.1", 0)), socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)]
    datagrams = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        servers[1].bind(name)
        servers[2].bind(path)
        datagrams.bind(name + "-datagrams")
        os.chmod(path, 0o777)
        for server in servers[1:]:
            server.listen()
        port = servers[0].getsockname()[1]
        sandbox = uid_sandbox_of(
            TRY
            + "def connect(family, where): return attempt(lambda: socket.socket(family).connect(tuple(where) if type(where) is list else where))\n"
            "def kinds(): return [attempt(socket.socketpair, socket.AF_UNIX, kind) for kind in (1, 5, 2, 3)]\n"
            "def families(): return [attempt(socket.socket, f) for f in (1, 2, 10, 16, 17, 40)]\n"
            "def named(where):\n    found = []\n    for kind in (1, 5):\n        a, b = socket.socketpair(socket.AF_UNIX, kind)\n"
            "        for f in (lambda: a.sendto(b'x', where), lambda: a.sendmsg([b'x'], [], 0, where), lambda: a.connect(where), lambda: a.bind(where + 'x'), a.listen):\n            found.append(attempt(f))\n        b.close()\n        a.close()\n    return found\n"
            "def pair():\n    a, b = socket.socketpair()\n    a.send(b'x')\n    return b.recv(1)\n"
        )
        for family, where in ((2, ["127.0.0.1", port]), (1, name), (1, path)):
            assert value(sandbox, "connect", family, where) == "PermissionError"
        assert value(sandbox, "families") == ["PermissionError"] * 6
        assert value(sandbox, "kinds") == ["done", "done", "OSError", "OSError"]  # the others could send to any name
        assert value(sandbox, "pair") == b"x"
        value(sandbox, "named", name + "-datagrams")
        datagrams.setblocking(False)
        with pytest.raises(BlockingIOError):
            datagrams.recv(1)
    finally:
        for opened in (*servers, datagrams):
            opened.close()
        os.unlink(path)


def test_signals_reach_nobody(uid_sandbox_of: SandboxOf, uid_backend: Uid) -> None:
    """Neither we, nor the zygote, nor another worker can be signalled; a signal to everybody stays inside."""
    source = TRY + (
        "def kill(pid, number): return attempt(os.kill, pid, number)\ndef pid(): return os.getpid()\n"
        "def limit(pid):\n    import resource\n    return attempt(resource.prlimit, pid, resource.RLIMIT_NOFILE, (0, 0))\n"
    )
    one, two = uid_sandbox_of(source + GOOD), uid_sandbox_of(source + GOOD)
    other = value(two, "pid")
    for pid in (os.getpid(), uid_backend.pid(), other, 1):
        for number in (0, signal.SIGSTOP, signal.SIGKILL):
            assert value(one, "kill", pid, int(number)) == "PermissionError"
        assert value(one, "limit", pid) == "PermissionError"
    value(one, "kill", -1, int(signal.SIGKILL))
    assert [value(one, "good", 2), value(two, "good", 2)] == [3, 3]
    assert value(two, "pid") == other


def test_submissions_do_not_see_each_other(uid_sandbox_of: SandboxOf) -> None:
    """Scratch folders and shared memory of one worker are shut for another, also while both live."""
    source = TRY + (
        "import mmap\nKEPT = []\n"
        "def leave():\n    open('mark', 'w').write('x')\n    os.chmod('.', 0o777)\n    open('/dev/shm/uid-test-mark', 'w').write('x')\n    return os.getcwd()\n"
        "def look(folder): return [attempt(os.listdir, folder), attempt(open, folder + '/mark'), attempt(open, '/dev/shm/uid-test-mark')]\n"
    )
    one, two = uid_sandbox_of(source), uid_sandbox_of(source)
    folder = value(one, "leave")
    assert value(two, "look", folder) == ["PermissionError"] * 3
    assert value(one, "look", folder) == ["done"] * 3


# ------------------------------------------------------------------------------------------------ leaving nothing

LEAVES = (
    TRY
    + """
def daemon():
    if os.fork() == 0:
        os.setsid()
        for number in range(1, 32):
            try: signal.signal(number, signal.SIG_IGN)
            except OSError: pass
        libc.prctl(1, 0, 0, 0, 0); libc.prctl(4, 0, 0, 0, 0)
        time.sleep(300)
    return 1
def orphan():
    if os.fork() == 0:
        if os.fork() == 0: time.sleep(300)
        os._exit(0)
    return 1
def shared():
    open(f'/dev/shm/uid-test-left-{os.getpid()}', 'wb').write(bytes(2**20))
    import multiprocessing
    KEPT.append(multiprocessing.Semaphore())
    return 1
def headless():
    if os.fork() == 0:
        os.setsid()
        threading.Thread(target=time.sleep, args=(60,)).start()
        libc.syscall(60, 0)
    time.sleep(0.3)
    return 1
KEPT = []
def deep():
    for _ in range(3000):
        os.mkdir('d'); os.chdir('d')
    return 1
def locked():
    os.mkdir('a'); open('a/b', 'w').close(); os.chmod('a', 0); os.chmod('.', 0)
    return 1
def bomb():
    while True:
        try: os.fork()
        except OSError: pass
import signal, threading
"""
    + GOOD
)


@pytest.mark.parametrize("what", ["daemon", "orphan", "headless", "shared", "deep", "locked", "bomb"])
def test_nothing_is_left(what: str, uid_sandbox_of: SandboxOf, uid_backend: Uid) -> None:
    """Whatever a worker leaves is gone when its sandbox is closed: processes, shared memory and files."""
    sandbox = uid_sandbox_of(LEAVES)
    value(sandbox, "good", 1)
    assert left(uid_backend)
    if what in ("bomb", "deep"):  # 3,000 folders in each other are no honest work: the watchdog ends it
        sandbox.limits = BRIEF_CALL
        sandbox.call(_question(what))
    else:
        assert value(sandbox, what) == 1
    sandbox.close()
    assert left(uid_backend) == []


def _question(name: str) -> object:
    from autograder.sandbox.questions import Question

    return Question(name)


def test_system_v_objects_are_removed(uid_backend: Uid) -> None:
    """Segments, queues and semaphores of a worker's user go, those of others stay. (The filter lets a worker make none.)"""
    user, other = uid_backend.users()[-1], uid_backend.users()[-1] + 1000
    libc = ctypes.CDLL(None, use_errno=True)
    for owner in (user, other):
        child = os.fork()
        if child == 0:
            os.setresuid(owner, owner, owner)
            made = [libc.shmget(0, 4096, 0o1600), libc.msgget(0, 0o1600), libc.semget(0, 1, 0o1600)]
            os._exit(sum(number < 0 for number in made))
        assert os.waitpid(child, 0)[1] == 0
    assert len(list(foreign.system_v_objects((user,)))) == 3

    foreign.remove_shared((user,))

    assert list(foreign.system_v_objects((user,))) == []
    assert len(list(foreign.system_v_objects((other,)))) == 3
    foreign.remove_shared((other,))


def test_processes_that_cannot_be_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that stays is our fault and said: the user is not given away again."""
    monkeypatch.setattr(foreign, "processes_of", lambda users: [2**22 + 1])
    monkeypatch.setattr(foreign, "_signal_all", lambda uid: None)
    with pytest.raises(SandboxFault, match=r"1 processes of a submission \(user 1900000001\) cannot be ended"):
        foreign.end_processes(1_900_000_001, seconds=0.05)


def test_processes_that_pass_their_life_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """One look that finds nothing may have been overtaken where the numbers of processes begin again: there is a second one."""
    looks, ended = [[], [41], [], []], []
    monkeypatch.setattr(foreign, "processes_of", lambda users: looks.pop(0))
    monkeypatch.setattr(foreign, "end_process", lambda pid, users: ended.append(pid))
    foreign.end_processes(1_900_000_001)
    assert (ended, looks) == ([41], [])


def test_users_that_are_given_again_are_clean(uid_backend: Uid, monkeypatch: pytest.MonkeyPatch) -> None:
    """When all users of the block were given once, each is looked at before it is given again."""
    asked: list[int] = []
    monkeypatch.setattr(foreign, "end_processes", asked.append)
    users = Users()
    try:
        given = [users.take() for _ in range(len(users.all) - 1)]
        assert sorted(given) == list(users.all[1:])
        assert asked == []
        assert users.take() == given[0] == asked[0]
    finally:
        users.close()


def test_containers_begin_with_different_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernel counts a user's processes over all containers, so a grader begins where its container's name says, each time."""
    first = {}
    for name in ("0a1b2c", "d4e5f6", "0a1b2c"):
        monkeypatch.setattr(os, "uname", lambda name=name: type("Name", (), {"nodename": name}))
        blocks = list(uid._blocks())
        assert len({block // uid._BLOCK for block in blocks}) == len(blocks)
        assert first.setdefault(name, blocks[0]) == blocks[0]
        assert all(any(block in part and block + uid._BLOCK - 1 in part for part in uid._RANGES) for block in blocks)
    assert len(set(first.values())) == 2


def test_users_are_given_to_one_grader(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two graders at the same time have different users; users that run something are passed over."""
    blocks = list(uid._blocks())[-5:-1]  # others take them from the front
    monkeypatch.setattr(uid, "_blocks", lambda: iter(blocks))
    one, two = Users(), Users()
    assert set(one.all).isdisjoint(two.all)
    first = one.all
    one.close()
    process = subprocess.Popen(["/bin/sleep", "60"], user=first[7], group=first[7], extra_groups=[])
    try:
        three = Users()
        assert set(first).isdisjoint(three.all)
        three.close()
    finally:
        process.kill()
        process.wait()
        two.close()


GRADER = """
import sys
sys.path[:0] = {paths}
from make_submission import LIMITS, submission
from autograder.sandbox.proxy import Sandbox
from autograder.sandbox.questions import Question
from autograder.sandbox import uid
from pathlib import Path
uid._blocks = lambda: iter([{block}])
uid._place = lambda: Path({place!r})
backend = uid.Uid()
submitted, names = submission({source!r})
sandbox = Sandbox(backend, submitted, names, LIMITS)
for name in ("daemon", "orphan", "shared"):
    sandbox.call(Question(name))
print(backend.users()[0], backend.users()[-1], backend._folder.path, flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def apart(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, Path]]:
    """A block of users and a folder that no grader beside this test comes upon: what is left there stays until we look."""
    block, place = list(uid._blocks())[-1], Path(tempfile.mkdtemp(prefix="uid-test-", dir="/var/tmp"))
    place.chmod(0o711)
    monkeypatch.setattr(uid, "_blocks", lambda: iter([block]))
    monkeypatch.setattr(uid, "_place", lambda: place)
    yield block, place
    foreign.remove_tree(place)


def test_grader_is_killed(apart: tuple[int, Path]) -> None:
    """When the grader is killed, no process of a submission outlives it; its files go when the next one starts."""
    block, place = apart
    paths = [str(ROOT), str(ROOT / "tests" / "harness")]
    code = GRADER.format(paths=paths, source=LEAVES, block=block, place=str(place))
    grader = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert grader.stdout is not None
    first, last, folder = grader.stdout.readline().split()
    users = range(int(first), int(last) + 1)
    assert len(foreign.processes_of(users)) >= 3

    grader.kill()
    grader.communicate()

    wait_until(lambda: not foreign.processes_of(range(users[0] - 1, users[-1] + 1)))  # the zygote among them
    assert Path(folder).exists()
    following = Uid()
    try:
        assert not Path(folder).exists()
        assert foreign.shared_files(users) == []
        assert not [path for user in users for path in foreign.SHARED_MEMORY.glob(f"autograder-scratch-{user}-*")]
    finally:
        following.close()
    assert not following._folder.path.exists()


def test_zygote_dies() -> None:
    """When the zygote dies, its workers are still watched, no new one can be had, which is our fault, and nothing is left."""
    backend = Uid()
    submitted, names = submission(LEAVES)
    sandbox = Sandbox(backend, submitted, names, LIMITS)
    assert value(sandbox, "daemon") == 1
    os.kill(backend.pid(), signal.SIGKILL)
    wait_until(lambda: psutil.Process(backend.pid()).status() == psutil.STATUS_ZOMBIE)
    assert sandbox._worker is not None
    assert len(sandbox._worker._pids()) == 2
    with pytest.raises(SandboxFault, match="the sandbox's first process died"):
        backend.spawn(LIMITS)
    backend.close()
    assert left(backend) == []


# ------------------------------------------------------------------------------------------------------------ limits

HELD = (
    TRY
    + """
import mmap
def visible():
    for number in range(40):
        open(f'{number}', 'wb').write(bytes(2**20)); time.sleep(0.01)
    time.sleep(300)
def shared():
    for number in range(40):
        open(f'/dev/shm/uid-test-{os.getpid()}-{number}', 'wb').write(bytes(2**20)); time.sleep(0.01)
    time.sleep(300)
def removed():
    kept = []
    for number in range(40):
        kept.append(open('removed', 'wb')); kept[-1].write(bytes(2**20)); kept[-1].flush(); os.unlink('removed'); time.sleep(0.01)
    time.sleep(300)
def mapped():
    libc.mmap.restype = ctypes.c_void_p  # Python's own maps keep the file open as well
    for number in range(40):
        with open('mapped', 'wb+') as file:
            file.write(bytes(2**20)); file.flush()
            if libc.mmap(None, ctypes.c_size_t(2**20), 1, 1, file.fileno(), ctypes.c_long(0)) in (None, 2**64 - 1): return 'not mapped'
            os.unlink('mapped')
    time.sleep(300)
def empty():
    for number in range(2_000): open(f'{number}', 'w').close()
    time.sleep(300)
def hiding():
    libc.prctl(4, 0, 0, 0, 0)
    time.sleep(300)
def headless():
    import threading
    def go():
        kept = []
        for number in range(40):
            kept.append(os.open('removed', os.O_CREAT | os.O_WRONLY)); os.write(kept[-1], bytes(2**20)); os.unlink('removed'); time.sleep(0.01)
        time.sleep(300)
    if os.fork() == 0:
        threading.Thread(target=go).start()
        libc.syscall(60, 0)
    time.sleep(300)
def unshared():
    import threading
    def go():
        libc.syscall(436, 200, 255, 2)
        removed()
    threading.Thread(target=go).start()
    time.sleep(300)
def links():
    for number in range(2_000): os.symlink('x', f'{number}')
    time.sleep(300)
"""
    + GOOD
)


@pytest.mark.parametrize(
    "what", ["visible", "shared", "removed", "mapped", "empty", "links", "hiding", "headless", "unshared"]
)
def test_files_are_limited_without_control_groups(
    what: str, bare_sandbox_of: SandboxOf, bare: Uid, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files on a disk count wherever they are: in the folder, in shared memory, removed and still open, removed and mapped."""
    monkeypatch.setattr(scratch, "MOST_FILES", 1000)
    sandbox = bare_sandbox_of(HELD)
    if (
        what in ("removed", "mapped", "hiding", "headless", "unshared")
        and 0 < scratch._tmpfs_mb(foreign.SHARED_MEMORY)[0] <= scratch.SMALL_MB
    ):
        pytest.skip("the tmpfs here is so small that nothing needs to be counted")
    refused = refusal(sandbox, what)
    assert refused.kind is FailureKind.MEMORY
    said = {"empty": "it made more than 1,000 files", "links": "it made more than 1,000 files"}
    said["hiding"] = "it hid from those who count what it holds,"
    assert refused.message == said.get(what, "it wrote more than 16 MB of files") + " and was stopped"
    assert value(sandbox, "good", 1) == 2
    sandbox.close()
    assert left(bare) == []


@pytest.mark.parametrize("what", ["visible", "shared", "empty"])
def test_files_are_limited(what: str, uid_sandbox_of: SandboxOf, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same holds where a control group is charged for them."""
    monkeypatch.setattr(scratch, "MOST_FILES", 1000)
    sandbox = uid_sandbox_of(HELD)
    assert refusal(sandbox, what).kind is FailureKind.MEMORY
    assert value(sandbox, "good", 1) == 2


def test_scratch_is_charged(uid_backend: Uid, bare: Uid) -> None:
    """With control groups the scratch folder is on a tmpfs, whose pages belong to the group; without, it is on a disk."""
    if cgroups.find() is None:
        pytest.skip("no control group can be made on this machine")
    one, two = uid_backend.spawn(LIMITS), bare.spawn(LIMITS)
    try:
        assert one._scratch.in_memory
        assert not two._scratch.in_memory
        assert one._scratch.path.is_relative_to("/dev/shm")
    finally:
        one.kill()
        two.kill()


def test_processes_are_limited(uid_sandbox_of: SandboxOf) -> None:
    """Processes are counted per worker."""
    sandbox = uid_sandbox_of(
        TRY
        + "def forks():\n    for number in range(1000):\n        try:\n            if os.fork() == 0: time.sleep(300)\n        except OSError: return number\n"
        + GOOD
    )
    other = uid_sandbox_of(GOOD)
    assert value(other, "good", 1) == 2
    assert 100 < int(str(value(sandbox, "forks"))) <= LIMITS.processes
    assert value(other, "good", 1) == 2


# ----------------------------------------------------------------------------------------------- what honest code needs


def test_honest_code_works(uid_sandbox_of: SandboxOf) -> None:
    """Figures, temporary files, late imports, other programs, pools and DataLoader workers work without /proc and /tmp."""
    sandbox = uid_sandbox_of(
        """
        import os, subprocess, sys, tempfile
        import torch
        from torch.utils.data import DataLoader, TensorDataset
        def figure():
            import matplotlib.pyplot as plt
            plt.plot([1, 2]); plt.savefig('a.png')
            return os.path.getsize('a.png') > 1000
        def temporary():
            with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile() as file:
                file.write(b'x'); open(folder + '/a', 'w').close(); os.rename(folder + '/a', 'b')
            return os.path.exists('b')
        def program(): return subprocess.run([sys.executable, '-c', 'import numpy, sqlite3; print(numpy.ones(2).sum())'], capture_output=True, text=True).stdout
        def pool():
            import multiprocessing
            with multiprocessing.Pool(2) as pool: return pool.map(abs, [-1, 2])
        def loader():
            data = TensorDataset(torch.arange(10.0).reshape(5, 2), torch.arange(5))
            return [x.sum() for x, y in DataLoader(data, batch_size=2, num_workers=2)]
        def algebra(x): return torch.linalg.svd(x)[1], torch.get_num_threads()
        """,
    )
    assert value(sandbox, "figure") is True
    assert value(sandbox, "temporary") is True
    assert value(sandbox, "program") == "2.0\n"
    assert value(sandbox, "pool") == [1, 2]
    assert [float(x) for x in value(sandbox, "loader")] == [6.0, 22.0, 17.0]  # type: ignore[attr-defined]
    singular, threads = value(sandbox, "algebra", 2 * torch.eye(3))  # type: ignore[misc]
    assert (singular.tolist(), threads) == ([2.0, 2.0, 2.0], 1)


# -------------------------------------------------------------------------------------------------------- refusing


def test_needs_root(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another user than root cannot give users away, and is told what to do."""
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SandboxUnavailable, match=r"needs root.*install bubblewrap.*Nothing was run"):
        Uid()


def test_needs_landlock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without Landlock the grader's files could be read: it is refused, with what is missing and what to do."""
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    with pytest.raises(SandboxUnavailable, match=r"no Landlock.*Linux 5.13.*use bubblewrap.*Nothing was run"):
        Uid()


def test_no_gpu() -> None:
    """A GPU's device nodes are not confined without namespaces."""
    with pytest.raises(SandboxUnavailable, match="the uid backend has no GPU"):
        Uid("cuda")


def test_needs_unused_users(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a container maps too few users, it is refused; where it maps 65,536, the users of the second range are used."""
    monkeypatch.setattr(uid, "_mapped", lambda path: [range(0, 1000)])
    with pytest.raises(SandboxUnavailable, match="no user ids that are unused and mapped"):
        Users()
    monkeypatch.setattr(uid, "_mapped", lambda path: [range(0, 65_536)])
    users = Users()
    assert users.all[0] >= 61_000
    assert users.all[-1] < 65_000
    users.close()


def test_needs_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where programs cannot be run from any folder that others may enter, it is refused."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(SandboxUnavailable, match="to be writable, open to other users and not mounted noexec"):
        uid._place()


def test_worker_that_cannot_be_confined(uid_backend: Uid, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that Landlock does not confine answers nothing, and leaves nothing."""
    monkeypatch.setattr(uid_backend, "_rules", {"no such kind": ["/usr"]})
    with pytest.raises(SandboxUnavailable, match="a worker could not be confined: KeyError"):
        uid_backend.spawn(LIMITS)
    wait_until(lambda: not left(uid_backend))


def test_folder_of_somebody_else_stays(tmp_path: Path) -> None:
    """Only root's own folders are removed as left behind, and only those that nobody holds."""
    theirs, held, old = (tmp_path / f"{uid._PREFIX}{name}" for name in ("theirs", "held", "old"))
    for folder in (theirs, held, old):
        folder.mkdir()
    os.chown(theirs, 1234, 1234)
    (tmp_path / f"{uid._PREFIX}link").symlink_to(tmp_path)
    new, never_opened = (tmp_path / f"{uid._PREFIX}{name}" for name in ("new", "never_opened"))
    for folder in (new, never_opened):
        folder.mkdir(0o700)
    os.utime(never_opened, (0, 0))
    holding = uid._Folder(tmp_path)
    assert [path.exists() for path in (old, held, theirs, tmp_path)] == [False, False, True, True]
    assert new.exists(), "a grader that is starting holds no lock yet"
    assert not never_opened.exists()
    again = uid._Folder(tmp_path)
    assert holding.path.exists()
    assert stat.S_IMODE(holding.path.stat().st_mode) == 0o711
    for folder in (holding, again):
        folder.close()
    assert not holding.path.exists()


def test_describes_itself(uid_backend: Uid) -> None:
    """The record says what confines a submission, what limits its memory, and what is weaker than with namespaces."""
    described = uid_backend.describe()
    assert (described["backend"], described["isolated"]) == ("uid", True)
    assert described["memory"] == cgroups.describe(cgroups.find())
    assert "no namespaces" in described["weaker"]
    assert described["landlock_abi"] >= 1
    assert "because" not in described
