"""The address of an object, or of a prefix, in an object store: used as the path of a file or a folder is.

An object store has no folders, links, renames or locks. A prefix is there as long as an object is below it; what is
written appears complete or not at all, so that there are no unfinished files; and of several that create one object,
one succeeds.
"""

# pathlib's own methods take more than is needed of these.
# pyright: reportIncompatibleMethodOverride=false

import errno
from collections.abc import Iterable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path, PosixPath

from . import object_store
from .object_store import SCHEME, StoreFailed


class ObjectPath(PosixPath):
    """`s3://bucket/key`, with the methods of a path that a run needs.

    >>> run = ObjectPath("s3://bucket/runs/one")
    >>> str(run / "_ledger"), run.bucket, run.key, run.name
    ('s3://bucket/runs/one/_ledger', 'bucket', 'runs/one', 'one')

    What is not here would act on a local file of this name: it raises TypeError.
    """

    def __str__(self) -> str:
        text = super().__str__()
        return text.replace(":/", "://", 1) if text.startswith(f"{SCHEME}:/") else text

    def __fspath__(self) -> str:
        raise TypeError(f"{self} is no path of the system.")

    @property
    def bucket(self) -> str:
        """The name of the bucket."""
        return self.parts[1]

    @property
    def key(self) -> str:
        """The name within the bucket; empty for the bucket itself."""
        return "/".join(self.parts[2:])

    def absolute(self) -> "ObjectPath":
        """The address itself: there is no current folder."""
        return self

    def resolve(self, strict: bool = False) -> "ObjectPath":
        """The address itself: there are no links."""
        return self

    def read(self, largest: int | None = None) -> bytes:
        """The bytes of the object. Raises FileNotFoundError, StoreFailed, OSError for more bytes than `largest`."""
        return object_store.get(self.bucket, self.key, largest=largest)

    def pieces(self) -> Iterator[bytes]:
        """The bytes of the object, one piece after another. Raises as `read`."""
        return object_store.pieces(self.bucket, self.key)

    def tail(self, count: int) -> bytes:
        """The last bytes of the object. Raises as `read`."""
        return object_store.tail(self.bucket, self.key, count)

    def ranges(self, starts: Sequence[int], lengths: Sequence[int]) -> list[memoryview]:
        """Parts of the object. Raises as `read`, and EOFError where one begins behind its end."""
        return object_store.ranges(self.bucket, self.key, starts, lengths)

    def write(self, data: bytes) -> None:
        """Write the object, in the place of one that is there. Raises StoreFailed."""
        object_store.put(self.bucket, self.key, data)

    def create(self, data: bytes) -> None:
        """Write the object where there is none. Raises FileExistsError for one of other bytes, StoreFailed."""
        object_store.create(self.bucket, self.key, data)

    def create_alone(self, data: bytes) -> None:
        """Write the object, and see to it that no other process could now create it. Raises as `create`.

        Raises StoreFailed where the store does not know what that means, so that no claim would hold in it.
        """
        self.create(data)
        try:
            object_store.create(self.bucket, self.key, data + b" ")
        except FileExistsError:
            return
        object_store.delete(self.bucket, [self.key])
        raise StoreFailed(errno.EREMOTEIO, object_store.reason("status code: 501", self.bucket) + ".")

    def size(self) -> int:
        """The bytes of the object. Raises as `read`."""
        return object_store.head(self.bucket, self.key)[0]

    def modified(self) -> float:
        """When the object was last written, in seconds of the store's own clock. Raises as `read`."""
        return object_store.head(self.bucket, self.key)[1]

    def sizes(self) -> dict[str, int]:
        """The objects right below the prefix, by name, with their sizes."""
        return object_store.children(self.bucket, self.key)[1]

    def below(self) -> Iterator["ObjectPath"]:
        """All objects below the prefix."""
        for key in object_store.below(self.bucket, self.key):
            yield self / key[len(self.key) + 1 :]

    def remove(self, objects: Iterable[Path]) -> None:
        """Remove objects below the prefix, where they are there."""
        object_store.delete(self.bucket, ["/".join(path.parts[2:]) for path in objects])

    def exists(self) -> bool:
        """Whether there is such an object, or any below the prefix; what is above all keys is there."""
        return self.is_file() or self.is_dir()

    def is_file(self) -> bool:
        """Whether there is such an object."""
        try:
            return bool(self.key) and self.size() >= 0
        except FileNotFoundError:
            return False

    def is_dir(self) -> bool:
        """Whether there is an object below the prefix."""
        return not self.parts[2:] or next(self.below(), None) is not None

    def is_symlink(self) -> bool:
        """False: there are no links."""
        return False

    def iterdir(self) -> Iterator["ObjectPath"]:
        """What is right below the prefix."""
        folders, objects = object_store.children(self.bucket, self.key)
        yield from (self / name for name in sorted({*folders, *objects}))

    def glob(self, pattern: str) -> Iterator["ObjectPath"]:
        """What is below the prefix under names of this pattern, which has no `**`."""
        first, _, rest = pattern.partition("/")
        if any(mark in first for mark in "*?["):
            found = (child for child in self.iterdir() if fnmatchcase(child.name, first))
        else:
            found = iter((self / first,) if rest or (self / first).exists() else ())
        for child in found:
            yield from child.glob(rest) if rest else (child,)

    def touch(self, mode: int = 0o666, exist_ok: bool = True) -> None:
        """Write an empty object."""
        self.write(b"")

    def mkdir(self, mode: int = 0o777, parents: bool = False, exist_ok: bool = False) -> None:
        """Nothing: a prefix is there with its first object."""

    def rmdir(self) -> None:
        """Nothing: a prefix is gone with its last object."""

    def unlink(self, missing_ok: bool = False) -> None:
        """Remove the object, where it is there."""
        object_store.delete(self.bucket, [self.key])
