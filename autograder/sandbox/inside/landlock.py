"""Landlock: a process takes away from itself, for good, every file but the named ones. Linux only; through ctypes.

What it does not cover: names, sizes and owners of files (`stat`), and changing the folder; connecting to a Unix socket that
has a name in the file system; UDP. The uid backend closes the last two with its filter of system calls.
"""

from __future__ import annotations

import ctypes
import os
import stat
from collections.abc import Mapping, Sequence

_libc = ctypes.CDLL(None, use_errno=True)
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446  # the same numbers on every architecture
_VERSION, _PATH_BENEATH = 1, 1

_EXECUTE, _WRITE_FILE, _READ_FILE, _READ_DIR, _REMOVE_DIR, _REMOVE_FILE = (1 << bit for bit in range(6))
_MAKE_DIR, _MAKE_REG, _MAKE_SYM = 1 << 7, 1 << 8, 1 << 12
_REMOVE, _MAKE = _REMOVE_DIR | _REMOVE_FILE, _MAKE_DIR | _MAKE_REG | _MAKE_SYM
_REFER, _TRUNCATE, _IOCTL_DEV = 1 << 13, 1 << 14, 1 << 15
_OF_FILES = _EXECUTE | _WRITE_FILE | _READ_FILE | _TRUNCATE | _IOCTL_DEV
_FIRST_RIGHTS = (1 << 13) - 1
_LATER_RIGHTS = {2: _REFER, 3: _TRUNCATE, 5: _IOCTL_DEV}
_NETWORK_SINCE, _BIND_AND_CONNECT_TCP = 4, 3
_SCOPES_SINCE, _ABSTRACT_SOCKETS_AND_SIGNALS = 6, 3

RIGHTS: dict[str, int] = {
    "read": _EXECUTE | _READ_FILE | _READ_DIR,
    "list": _READ_DIR,
    "scratch": _READ_FILE | _WRITE_FILE | _READ_DIR | _REMOVE | _MAKE | _REFER | _TRUNCATE,
    # named semaphores and shared tensors; their names cannot be listed, and other users' are protected by their modes
    "shared": _READ_FILE | _WRITE_FILE | _MAKE_REG | _REMOVE_FILE | _TRUNCATE,
    "device": _READ_FILE | _WRITE_FILE,
}
"""Kind of a rule -> what may be done with the file or below the folder. No kind makes devices, sockets or pipes."""


class _Ruleset(ctypes.Structure):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scopes", ctypes.c_uint64)]


class _PathBeneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32)]


def abi() -> int:
    """Return the version of Landlock's interface on this machine; 0 where the kernel has none or does not let us use it."""
    version: int = _libc.syscall(ctypes.c_long(_CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint32(_VERSION))
    return max(0, version)


def restrict(rules: Mapping[str, Sequence[str]]) -> None:
    """Keep only what `rules` names: kind (see `RIGHTS`) -> paths; paths that do not exist grant nothing.

    Where the kernel knows how, TCP is refused as well, and so are abstract Unix sockets of, and signals to, everybody
    who is not restricted by the same call.

    Raises:
        OSError: The kernel refused, or has no Landlock: the caller must not go on.
    """
    version = abi()
    handled = _FIRST_RIGHTS
    for since, right in _LATER_RIGHTS.items():
        handled |= right if version >= since else 0
    attributes = _Ruleset(handled, _BIND_AND_CONNECT_TCP, _ABSTRACT_SOCKETS_AND_SIGNALS)
    size = 24 if version >= _SCOPES_SINCE else 16 if version >= _NETWORK_SINCE else 8
    ruleset = _call("landlock_create_ruleset", _CREATE_RULESET, ctypes.byref(attributes), ctypes.c_size_t(size), 0)
    try:
        for kind, paths in rules.items():
            for path in paths:
                _allow(ruleset, path, RIGHTS[kind] & handled)
        _call("landlock_restrict_self", _RESTRICT_SELF, ctypes.c_int(ruleset), 0)
    finally:
        os.close(ruleset)


def _allow(ruleset: int, path: str, rights: int) -> None:
    try:
        parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    try:
        if not stat.S_ISDIR(os.fstat(parent).st_mode):
            rights &= _OF_FILES
        rule = _PathBeneath(rights, parent)
        _call("landlock_add_rule", _ADD_RULE, ctypes.c_int(ruleset), _PATH_BENEATH, ctypes.byref(rule), 0)
    finally:
        os.close(parent)


def _call(what: str, number: int, *arguments: object) -> int:
    result: int = _libc.syscall(ctypes.c_long(number), *arguments)
    if result < 0:
        error = ctypes.get_errno()
        raise OSError(error, f"{what}: {os.strerror(error)}")
    return result
