"""Files that somebody else wrote: only regular ones are opened, so that no pipe, socket or device is waited for."""

import errno
import os
import stat
from io import BufferedReader
from os import PathLike

KINDS = {
    stat.S_IFIFO: "a named pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}
"""What can stand where a file is expected, and can be waited for without end."""


class NotRegular(OSError):
    """What is there is no file. `strerror` says what it is, such as "this is a named pipe, no file"."""


def open_regular(path: str | PathLike[str]) -> BufferedReader:
    """Open a file for reading, buffered.

    Raises NotRegular for a pipe, a socket and a device, IsADirectoryError for a folder, other OSErrors as `open` does.
    """
    require_regular(path)  # to open a device can already do something
    flags = os.O_RDONLY | getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NONBLOCK", 0)
    descriptor = os.open(path, flags)
    try:
        _require(path, os.fstat(descriptor))  # what was there before may have been replaced since
        return os.fdopen(descriptor, "rb")
    except BaseException:
        os.close(descriptor)
        raise


def require_regular(path: str | PathLike[str]) -> None:
    """Raise what `open_regular` would, for a library that opens the file itself."""
    _require(path, os.stat(path))


def _require(path: str | PathLike[str], found: os.stat_result) -> None:
    kind = stat.S_IFMT(found.st_mode)
    if kind == stat.S_IFDIR:
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), os.fspath(path))
    if kind != stat.S_IFREG:
        raise NotRegular(errno.EINVAL, f"this is {KINDS.get(kind, 'something else')}, no file", os.fspath(path))
