"""A small tracer of system calls for Linux, without an installation: writes, syncs and sends of a process, in order.

The kernel stops the traced process at each call (ptrace) and reports the call in a form that is the same on each
processor; only the numbers of the calls differ. A send is noted before it leaves, a write after it was done: a promise
is never noted later than it was made, nor a write earlier.
"""

import ctypes
import os
import pickle
import platform
import signal
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

NUMBERS = {
    "x86_64": {
        1: "write", 18: "pwrite64", 20: "writev", 44: "sendto", 46: "sendmsg", 74: "fsync", 75: "fdatasync",
        77: "ftruncate", 87: "unlink", 263: "unlinkat", 285: "fallocate", 296: "pwritev", 328: "pwritev2",
    },
    "aarch64": {
        64: "write", 68: "pwrite64", 66: "writev", 206: "sendto", 211: "sendmsg", 82: "fsync", 83: "fdatasync",
        46: "ftruncate", 35: "unlinkat", 47: "fallocate", 70: "pwritev", 287: "pwritev2",
    },
}  # fmt: skip
# As in ptrace(2):
_TRACEME, _SETOPTIONS, _SYSCALL, _SYSCALL_INFO = 0, 0x4200, 24, 0x420E
_GOOD, _FORK, _VFORK, _CLONE, _EXIT_KILL = 0x1, 0x2, 0x4, 0x8, 0x100000
_ENTRY, _EXIT = 1, 2
_ANY_THREAD = 0x40000000
_SENDS = {"write", "writev", "sendto", "sendmsg"}
_INFO = struct.Struct("B3xIQQ7Q")  # op, processor, two pointers; then the number and six arguments, or the result


@dataclass(frozen=True)
class SystemEvent:
    """One event. `number`: the offset of a write, the new size of a file, or the number of a sync."""

    kind: str  # write, truncate, begin (of a sync), sync, sent, or the name of another call
    path: str = ""
    number: int = 0
    data: bytes = b""


def can_trace() -> bool:
    return sys.platform == "linux" and platform.machine() in NUMBERS


def record(work: Callable[[], None], out: Path) -> None:
    """Do the work in a child process, and record its events. Both processes end together."""
    libc = ctypes.CDLL(None, use_errno=True)
    libc.ptrace.argtypes = (ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p)
    libc.ptrace.restype = ctypes.c_long
    child = os.fork()
    if child == 0:
        if libc.ptrace(_TRACEME, 0, None, None) == 0:
            os.kill(os.getpid(), signal.SIGSTOP)
            work()
        os._exit(1)
    if not os.WIFSTOPPED(os.waitpid(child, os.WUNTRACED)[1]):
        raise RuntimeError("this machine does not let a process be traced")
    libc.ptrace(_SETOPTIONS, child, None, _GOOD | _FORK | _VFORK | _CLONE | _EXIT_KILL)
    with out.open("wb", buffering=0) as file:
        _Tracer(libc, child, file).follow()


def read_events(out: Path) -> Iterator[SystemEvent]:
    """The recorded events. The last one may be incomplete."""
    with out.open("rb") as file, suppress(EOFError, pickle.UnpicklingError):
        while True:
            yield SystemEvent(*pickle.load(file))  # noqa: S301 - written by ourselves


class _Tracer:
    def __init__(self, libc: ctypes.CDLL, child: int, file: BinaryIO) -> None:
        self._libc = libc
        self._child = child
        self._file = file
        self._names = NUMBERS[platform.machine()]
        self._threads = {child}
        self._open_calls: dict[int, tuple[str, str, tuple[int, ...]]] = {}
        self._syncs = 0

    def follow(self) -> None:
        """Trace until the process has ended."""
        self._go_on(self._child, 0)
        while True:
            thread, status = os.waitpid(-1, _ANY_THREAD)
            if os.WIFEXITED(status) or os.WIFSIGNALED(status):
                if thread == self._child:
                    return
                continue
            stopped, deliver = os.WSTOPSIG(status), 0
            if stopped == signal.SIGTRAP | 0x80:
                self._at_a_call(thread)
            elif thread not in self._threads:
                self._threads.add(thread)  # each thread is stopped when it begins
            elif not status >> 16:
                deliver = stopped
            self._go_on(thread, deliver)

    def _go_on(self, thread: int, deliver: int) -> None:
        self._libc.ptrace(_SYSCALL, thread, None, deliver)

    def _at_a_call(self, thread: int) -> None:
        room = ctypes.create_string_buffer(_INFO.size)
        if self._libc.ptrace(_SYSCALL_INFO, thread, _INFO.size, room) <= 0:
            return  # the thread was killed meanwhile
        operation, _, _, _, first, *rest = _INFO.unpack(room.raw)
        if operation == _ENTRY:
            if name := self._names.get(first):
                self._enters(thread, name, tuple(rest))
        elif operation == _EXIT and thread in self._open_calls:
            self._leaves(*self._open_calls.pop(thread), result=first)

    def _enters(self, thread: int, name: str, arguments: tuple[int, ...]) -> None:
        if name.startswith("unlink"):
            self._open_calls[thread] = (name, "", arguments)
            return
        try:
            path = str(Path(f"/proc/{self._child}/fd/{arguments[0]}").readlink())
        except OSError:
            return
        if path.startswith("socket:"):
            if name in _SENDS:
                self._note("sent", path, 0, self._sent_data(name, arguments))
            return
        if path.startswith("/"):
            if name in ("fsync", "fdatasync"):
                self._syncs += 1
                arguments = (self._syncs,)
                self._note("begin", path, self._syncs)
            self._open_calls[thread] = (name, path, arguments)

    def _leaves(self, name: str, path: str, arguments: tuple[int, ...], *, result: int) -> None:
        if result >= 1 << 63:  # negative: the call failed
            return
        if name == "pwrite64":
            self._note("write", path, arguments[3], self._memory(arguments[1], result))
        elif name == "ftruncate":
            self._note("truncate", path, arguments[1])
        elif name in ("fsync", "fdatasync"):
            self._note("sync", path, arguments[0])
        else:
            self._note(name, path)

    def _sent_data(self, name: str, arguments: tuple[int, ...]) -> bytes:
        if name in ("write", "sendto"):
            return self._memory(arguments[1], arguments[2])
        pieces, count = arguments[1], arguments[2]
        if name == "sendmsg":
            pieces, count = struct.unpack_from("QQ", self._memory(arguments[1], 56), 16)
        pairs = struct.iter_unpack("QQ", self._memory(pieces, 16 * count))
        return b"".join(self._memory(begin, size) for begin, size in pairs)

    def _memory(self, begin: int, size: int) -> bytes:
        with Path(f"/proc/{self._child}/mem").open("rb", buffering=0) as memory:
            return os.pread(memory.fileno(), size, begin)

    def _note(self, *event: object) -> None:
        self._file.write(pickle.dumps(event))
