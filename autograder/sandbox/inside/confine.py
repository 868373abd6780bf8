"""Giving up every right, in the worker, before a student's line runs. Linux only; plain system calls through ctypes.

Order matters: namespaces first (they need the right to make them), then mounts, then limits, then the filter that forbids
making namespaces and mounts for good.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import tempfile
from typing import Any, NoReturn

_libc = ctypes.CDLL(None, use_errno=True)
_NAMESPACES = 0x00020000 | 0x10000000 | 0x20000000 | 0x40000000 | 0x08000000 | 0x04000000  # mnt user pid net ipc uts
_MS_RDONLY, _MS_NOSUID, _MS_NODEV = 1, 2, 4
_PR_CAPBSET_DROP, _PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, _CAPABILITY_VERSION_3 = 24, 47, 4, 0x20080522
_PR_SET_DUMPABLE, _PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _PR_SET_PDEATHSIG = 4, 38, 22, 1
_PR_SET_KEEPCAPS, _PR_SET_CHILD_SUBREAPER, _CAP_SETGID, _CAP_SETUID = 8, 36, 6, 7


def _check(result: int, what: str) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")


def drop_root(uid: int, gid: int) -> None:
    """Become `uid`:`gid` for good, when we are root at all."""
    if os.getuid() == 0:
        os.setgroups([])
        os.setresgid(gid, gid, gid)
        os.setresuid(uid, uid, uid)
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(NO_NEW_PRIVS)")
    # after setuid a process is not "dumpable" and could not write its own uid_map
    _check(_libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0), "prctl(DUMPABLE)")


def become_spawner(uid: int) -> None:
    """Stop being root for good, keeping only the right to become other users: the zygote of the uid backend."""
    for capability in range(64):
        if capability not in (_CAP_SETGID, _CAP_SETUID) and _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # there are no more
    _check(_libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0), "prctl(KEEPCAPS)")
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    _set_capabilities(1 << _CAP_SETGID | 1 << _CAP_SETUID)
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(NO_NEW_PRIVS)")
    # processes that lose their parent become ours, not those of whoever is process 1
    _check(_libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "prctl(CHILD_SUBREAPER)")


def become_user(uid: int, gid: int) -> None:
    """Become a user that nobody else is, without any right, for good."""
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    _check(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "prctl(CAP_AMBIENT)")
    _set_capabilities(0)
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(NO_NEW_PRIVS)")
    if os.getresuid() != (uid, uid, uid) or os.getresgid() != (gid, gid, gid) or os.getgroups():
        raise OSError(f"could not become user {uid}")
    # the kernel hides a process that changed its user from everybody, also from whoever counts what it holds
    _check(_libc.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0), "prctl(DUMPABLE)")


def live_in(folder: str) -> None:
    """Make `folder` what /tmp is elsewhere: home, working folder and the place of temporary files."""
    tempfile.tempdir = None
    os.umask(0o077)
    home = os.environ["HOME"]  # the zygote's own
    for name, value in os.environ.items():
        if value == home or value.startswith(home + "/"):
            os.environ[name] = folder + value.removeprefix(home)
    os.chdir(folder)


def end_users(users: range) -> None:
    """End every process of these users, as each of them: the kernel sends that signal to all of them at once."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for _ in range(10):  # a process of theirs may end ours first, where Landlock does not stop it
        child = os.fork()
        if child == 0:
            _end_users(users)
        if os.waitpid(child, 0)[1] == 0:
            return


def _end_users(users: range) -> NoReturn:
    try:
        for uid in users:
            os.setresuid(uid, uid, uid)  # keeps our capabilities: nobody here is root
            with contextlib.suppress(ProcessLookupError):
                os.kill(-1, signal.SIGKILL)
        os._exit(0)
    finally:
        os._exit(1)


def enter_namespaces() -> None:
    """Move into new namespaces of every kind. The caller must fork afterwards: only the child is in the PID namespace."""
    uid, gid = os.getuid(), os.getgid()
    _check(_libc.unshare(_NAMESPACES), "unshare")
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def mount_scratch(scratch_mb: int, hide_proc: bool) -> None:
    """Put fresh, bounded tmpfs over every place that can be written to, and an empty one over /proc.

    A new /proc cannot be mounted in a user namespace under another container's masks; the zygote's would show the zygote.
    """
    for place, options in (
        ("/tmp", f"size={scratch_mb}m,nr_inodes=20000,mode=0700"),  # noqa: S108 -- it is ours alone from here on
        ("/dev/shm", f"size={scratch_mb}m,nr_inodes=2000,mode=0700"),  # noqa: S108
    ):
        _mount_tmpfs(place, options)
    if hide_proc:
        _mount_tmpfs("/proc", "size=4k,nr_inodes=2,mode=0555", _MS_RDONLY)
    os.chdir("/tmp")  # noqa: S108


def _mount_tmpfs(place: str, options: str, more: int = 0) -> None:
    flags = _MS_NOSUID | _MS_NODEV | more
    _check(_libc.mount(b"tmpfs", place.encode(), b"tmpfs", flags, options.encode()), f"mount {place}")


def drop_capabilities() -> None:
    """Give up the rights that the first process of a user namespace has over it: none is needed after the mounts."""
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break  # there are no more
    _check(_libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0), "prctl(CAP_AMBIENT)")
    _set_capabilities(0)


def _set_capabilities(wanted: int) -> None:
    """Hold exactly these capabilities, and hand none of them on to programs."""
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    words = (ctypes.c_uint32 * 6)(wanted, wanted)  # effective, permitted, inheritable, for the lower 32; then the upper
    _check(_libc.capset(header, words), "capset")


def limit_resources(limits: dict[str, Any]) -> None:
    """Set hard limits that are inherited and cannot be raised again."""
    megabyte = 2**20
    wanted = {
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: limits["file_mb"] * megabyte,
        resource.RLIMIT_NOFILE: 256,
        resource.RLIMIT_NPROC: limits["processes"],
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_RTPRIO: 0,
        resource.RLIMIT_NICE: 0,
    }
    if limits["device"] == "cpu":  # a CUDA driver maps far more than it uses
        wanted[resource.RLIMIT_DATA] = limits["memory_mb"] * megabyte
    for which, value in wanted.items():
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


def filter_system_calls(program: bytes) -> None:
    """Install a compiled seccomp filter; there is no way back."""
    if len(program) % 8 or not program:
        raise ValueError(f"a filter is a list of 8-byte instructions, not {len(program)} bytes")
    structure = _Program(len(program) // 8, program)
    _check(_libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl(NO_NEW_PRIVS)")
    _check(_libc.prctl(_PR_SET_SECCOMP, 2, ctypes.byref(structure), 0, 0), "prctl(SECCOMP)")


def die_with_parent() -> None:
    """Be killed when the process that started us ends."""
    _check(_libc.prctl(_PR_SET_PDEATHSIG, 9, 0, 0, 0), "prctl(PDEATHSIG)")
