"""Where a run is: the one way from what a user writes to its home, for those that write and those that read."""

import os
import re
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from .object_paths import ObjectPath
from .object_store import SCHEME

if TYPE_CHECKING:
    from zarr.abc.store import Store

_ADDRESS = re.compile(rf"{SCHEME}://([A-Za-z0-9][A-Za-z0-9._-]{{1,253}}[A-Za-z0-9])/+([^\0]*?[^\0/])/*")


def resolved(path: str | PathLike[str]) -> Path:
    """The absolute path of a local file or folder, or the address of an object store.

    `~` is the home folder, and colons are characters like others.

    >>> resolved("/data/runs/a::b/").as_posix()
    '/data/runs/a::b'
    >>> resolved("s3://bucket/runs/one")
    ObjectPath('s3://bucket/runs/one')

    Raises ValueError for a URL of another kind and for what is no path.
    """
    if isinstance(path, ObjectPath):
        return path
    try:
        written = os.fsdecode(path)
    except TypeError:
        raise ValueError(f"{path!r} is no path. Give that of a local folder.") from None
    if "://" in written:
        return _address(written)
    return Path(os.path.expanduser(written)).absolute()  # not resolve: a link stays the name that was given


def _address(written: str) -> ObjectPath:
    """The address of a run in an object store. Raises ValueError, which repeats nothing that may be a secret."""
    scheme, _, rest = written.partition("://")
    if scheme != SCHEME:
        raise ValueError(
            f"{scheme + '://'!r} is no home for a run. Give the path of a local folder, or {SCHEME}://BUCKET/NAME."
        )
    if "@" in rest.partition("/")[0]:
        raise ValueError(
            f"the address of a run holds no credentials: give {SCHEME}://BUCKET/NAME, and set AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY."
        )
    found = _ADDRESS.fullmatch(written)
    if found is None or any(part in (".", "..") for part in found[2].split("/")):
        raise ValueError(f"{written!r} is no address of a run. Give {SCHEME}://BUCKET/NAME.")
    return ObjectPath(f"{SCHEME}://{found[1]}/{found[2]}")


def names_in(folder: Path) -> list[str]:
    """The names of what lies in a folder, or right below a prefix. Raises FileNotFoundError for a missing folder."""
    return [child.name for child in folder.iterdir()] if isinstance(folder, ObjectPath) else os.listdir(folder)


def zarr_store(path: Path) -> "Store":
    """A run, or a part of it, as zarr opens it to read: from a text, zarr and xarray would guess what it is."""
    from zarr.storage import LocalStore

    if isinstance(path, ObjectPath):
        from zarr.storage import ObjectStore

        from . import object_store

        return ObjectStore(object_store.store(path.bucket, path.key), read_only=True)
    return LocalStore(path)
