"""The system calls that a worker may make. An allow list: what is not named answers ENOSYS, so libraries fall back.

Namespaces, mounts, ptrace, keys, bpf, io_uring, perf, userfaultfd, modules, clocks and reboot are absent on purpose: each
has been a way out of a container, and a numerical function needs none of them. So are memfd_create, System V shared memory
and anonymous shared maps: what is held there belongs to no process (a shared map keeps its pages when a process lets go of
them), so neither a limit nor whoever counts a worker's memory would see it. Files on the bounded tmpfs do the same job.
"""

from __future__ import annotations

import errno
import tempfile
from functools import cache

from autograder.errors import SandboxUnavailable

ALLOWED: dict[str, str] = {
    "reading and writing what is already confined by mounts": """
        read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 open openat close close_range lseek
        stat fstat lstat newfstatat statx statfs fstatfs access faccessat faccessat2 readlink readlinkat getdents getdents64
        getcwd chdir fchdir mkdir mkdirat rmdir unlink unlinkat rename renameat renameat2 link linkat symlink symlinkat
        truncate ftruncate fallocate fsync fdatasync sync_file_range umask chmod fchmod fchmodat utime utimes utimensat
        futimesat dup dup2 dup3 fcntl flock fadvise64 readahead copy_file_range sendfile splice tee pipe pipe2
        getxattr lgetxattr fgetxattr listxattr llistxattr flistxattr""",
    "memory (but no map that is shared and anonymous)": """
        mmap munmap mremap mprotect madvise msync mincore brk mlock munlock membarrier get_mempolicy set_mempolicy mbind""",
    "threads and processes of its own": """
        clone fork vfork execve execveat exit exit_group wait4 waitid futex futex_waitv set_robust_list get_robust_list
        set_tid_address rseq arch_prctl gettid getpid getppid getpgid getpgrp setpgid getsid setsid sched_yield
        sched_getaffinity sched_setaffinity sched_getparam sched_getscheduler sched_get_priority_max sched_get_priority_min
        sched_setscheduler sched_setparam sched_rr_get_interval getcpu getpriority setpriority prctl""",
    "signals to its own processes (the PID namespace holds no others)": """
        rt_sigaction rt_sigprocmask rt_sigreturn rt_sigpending rt_sigsuspend rt_sigtimedwait rt_sigqueueinfo sigaltstack
        kill tkill tgkill pause alarm setitimer getitimer signalfd signalfd4 restart_syscall""",
    "time": """
        clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times timer_create timer_settime timer_gettime
        timer_getoverrun timer_delete timerfd_create timerfd_settime timerfd_gettime""",
    "waiting": "select pselect6 poll ppoll epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait eventfd eventfd2",
    "who and where it is": """
        getuid geteuid getgid getegid getresuid getresgid getgroups uname sysinfo getrusage getrlimit prlimit64 getrandom
        capget""",
    "pipes between its own processes (only AF_UNIX, see below; DataLoader workers use them)": """
        socketpair bind listen accept accept4 connect getsockname getpeername getsockopt setsockopt sendto recvfrom sendmsg
        recvmsg sendmmsg recvmmsg shutdown""",
    "terminals: libraries ask whether they write to one (only the requests below)": "ioctl",
}
"""Reason -> names of system calls. `socket`, `socketpair`, `mmap`, `clone`, `close_range` and `ioctl` are allowed only as below."""

_AF_UNIX = 1
_MAP_SHARED, _MAP_ANONYMOUS = 0x01, 0x20
_NAMESPACE_FLAGS = (0x00000080, 0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000)
_CLONE_FILES, _CLONE_THREAD, _CLOSE_RANGE_UNSHARE = 0x400, 0x10000, 2
"""A thread with a table of descriptors of its own could hold removed files that nobody sees who counts its process's."""
_IOCTL_REQUESTS = {
    "TCGETS": 0x5401,
    "TCGETS2": 0x802C542A,
    "TIOCGWINSZ": 0x5413,
    "TIOCGPGRP": 0x540F,
    "FIONREAD": 0x541B,
    "FIONBIO": 0x5421,
    "FIOCLEX": 0x5451,
    "FIONCLEX": 0x5450,
}
"""What libc and Python ask of a descriptor; TIOCSTI and TIOCLINUX, which type into a terminal, are not among them."""


_STREAM, _SEQPACKET, _SOCKET_TYPES = 1, 5, 0xF
_NEEDS_NAMESPACES = frozenset({"bind", "listen", "accept", "accept4", "connect", "truncate"})
"""Not allowed where no namespaces confine them: a socket with a name reaches services of the machine that Landlock does not
guard, and before Linux 6.2 `truncate` is not guarded either."""


@cache
def program(namespaces: bool = True) -> bytes:
    """Return the filter, compiled for this machine.

    Args:
        namespaces: Whether the worker has a network of its own. Without one it cannot make a socket of any family; pairs of
            connected sockets stay, of the kinds whose ends can talk to each other only.

    Raises:
        SandboxUnavailable: libseccomp is not installed.
    """
    try:
        import pyseccomp as seccomp
    except (ImportError, RuntimeError, OSError) as error:
        message = f"libseccomp cannot be used ({error}). Install it: apt-get install libseccomp2; pip install pyseccomp"
        raise SandboxUnavailable(message) from None
    rules = seccomp.SyscallFilter(seccomp.ERRNO(errno.ENOSYS))
    special = {"clone", "close_range", "ioctl", "mmap", "socketpair"} | (
        frozenset() if namespaces else _NEEDS_NAMESPACES
    )
    for names in ALLOWED.values():
        for name in set(names.split()) - special:
            _allow(seccomp, rules, name)
    for flag in (_MAP_SHARED, _MAP_ANONYMOUS):
        _allow(seccomp, rules, "mmap", seccomp.Arg(3, seccomp.MASKED_EQ, flag, 0))
    both = _MAP_SHARED | _MAP_ANONYMOUS
    rules.add_rule(seccomp.ERRNO(errno.EACCES), "mmap", seccomp.Arg(3, seccomp.MASKED_EQ, both, both))
    rules.add_rule(seccomp.ERRNO(errno.EACCES), "socketpair", seccomp.Arg(0, seccomp.NE, _AF_UNIX))
    if namespaces:
        for name in ("socket", "socketpair"):
            _allow(seccomp, rules, name, seccomp.Arg(0, seccomp.EQ, _AF_UNIX))
        rules.add_rule(seccomp.ERRNO(errno.EACCES), "socket", seccomp.Arg(0, seccomp.NE, _AF_UNIX))
    else:
        for kind in (_STREAM, _SEQPACKET):
            of_kind = seccomp.Arg(1, seccomp.MASKED_EQ, _SOCKET_TYPES, kind)
            _allow(seccomp, rules, "socketpair", seccomp.Arg(0, seccomp.EQ, _AF_UNIX), of_kind)
        rules.add_rule(seccomp.ERRNO(errno.EACCES), "socket")
    namespace_bits = 0
    for flag in _NAMESPACE_FLAGS:
        namespace_bits |= flag
    _allow(seccomp, rules, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, namespace_bits | _CLONE_THREAD, 0))
    shares = _CLONE_THREAD | _CLONE_FILES
    _allow(seccomp, rules, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, namespace_bits | shares, shares))
    _allow(seccomp, rules, "close_range", seccomp.Arg(2, seccomp.MASKED_EQ, _CLOSE_RANGE_UNSHARE, 0))
    for request in _IOCTL_REQUESTS.values():
        _allow(seccomp, rules, "ioctl", seccomp.Arg(1, seccomp.MASKED_EQ, 0xFFFFFFFF, request))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()


def _allow(seccomp: object, rules: object, name: str, *arguments: object) -> None:
    try:
        rules.add_rule(seccomp.ALLOW, name, *arguments)  # type: ignore[attr-defined]
    except (OSError, ValueError, RuntimeError):
        # the name does not exist on this architecture or libseccomp: it stays forbidden
        return
