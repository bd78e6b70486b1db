"""What a power cut leaves of files, in the worst case: a model of the disk, fed by the calls that a writer makes.

A call's effect may reach the disk at once or never, in any order, until it is waited for: the bytes of a file until
`fsync` of it, its name in a folder until `fsync` of the folder.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest


@dataclass
class Disk:
    """The calls on files below a folder, in order; `safe` tells what of them a power cut after a call cannot take."""

    root: Path
    calls: list[tuple[str, Any, Any]] = field(default_factory=list)

    def names(self, until: int) -> dict[str, int]:
        """Every name that was given to a file or folder by then, with its number: it may be on the disk or not."""
        return {name: inode for call, name, inode in self.calls[:until] if call == "name"}

    def is_safe(self, name: str, until: int) -> bool:
        """Whether a file is on the disk with all its bytes, whatever happens after so many calls."""
        calls = self.calls[:until]
        if name not in self.names(len(self.calls)):
            return True  # it was there before
        inode = self.names(until).get(name)
        written = _last(calls, "write", inode)
        return _last(calls, "sync", inode) > written and all(
            self._has_name(each, until) for each in (name, *map(str, Path(name).parents)) if each != "."
        )

    def _has_name(self, name: str, until: int) -> bool:
        calls = self.calls[:until]
        named = max((k for k, call in enumerate(calls) if call[0] == "name" and call[1] == name), default=-1)
        folder = self._folder(name, until)
        return named < 0 or _last(calls, "sync", folder) > named

    def _folder(self, name: str, until: int) -> int:
        parent = Path(name).parent
        return self.names(until).get(str(parent)) or os.stat(self.root / parent).st_ino


def _last(calls: list[tuple[str, Any, Any]], kind: str, inode: int | None) -> int:
    return max((k for k, (call, _, of) in enumerate(calls) if call == kind and of == inode), default=-1)


@contextmanager
def recorded(root: Path) -> Iterator[Disk]:
    """Record the calls on files below a folder while the context is open."""
    disk = Disk(root)
    real = {name: getattr(os, name) for name in ("writev", "fsync", "replace", "mkdir")}

    def below(path: Any, folder: int | None) -> str | None:
        base = Path(os.readlink(f"/proc/self/fd/{folder}")) if folder is not None else Path.cwd()
        place = base / os.fspath(path)
        return str(place.relative_to(root)) if place.is_relative_to(root) and place != root else None

    def writev(descriptor: int, parts: Any) -> int:
        written = real["writev"](descriptor, parts)
        disk.calls.append(("write", None, os.fstat(descriptor).st_ino))
        return written

    def fsync(descriptor: int) -> None:
        real["fsync"](descriptor)
        disk.calls.append(("sync", None, os.fstat(descriptor).st_ino))

    def replace(old: Any, new: Any, *, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        inode = os.stat(old, dir_fd=src_dir_fd).st_ino
        real["replace"](old, new, src_dir_fd=src_dir_fd, dst_dir_fd=dst_dir_fd)
        if (name := below(new, dst_dir_fd)) is not None:
            if _last(disk.calls, "write", inode) < 0:  # written by somebody who does not call writev, such as zarr
                disk.calls.append(("write", None, inode))
            disk.calls.append(("name", name, inode))

    def mkdir(path: Any, mode: int = 0o777, *, dir_fd: int | None = None) -> None:
        real["mkdir"](path, mode, dir_fd=dir_fd)
        if (name := below(path, dir_fd)) is not None:
            disk.calls.append(("name", name, os.stat(path, dir_fd=dir_fd).st_ino))

    with pytest.MonkeyPatch.context() as patch:
        for name, recording in (("writev", writev), ("fsync", fsync), ("replace", replace), ("mkdir", mkdir)):
            patch.setattr(os, name, recording)
        yield disk
