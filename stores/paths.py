"""Where a run is: the one way from what a user writes to a folder, for those that write and those that read."""

import os
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from zarr.storage import LocalStore


def resolved(path: str | PathLike[str]) -> Path:
    """The absolute path of a local file or folder; `~` is the home folder, and colons are characters like others.

    >>> resolved("/data/runs/a::b/").as_posix()
    '/data/runs/a::b'

    Raises ValueError for a URL and for what is no path.
    """
    try:
        written = os.fsdecode(path)
    except TypeError:
        raise ValueError(f"{path!r} is no path. Give that of a local folder.") from None
    if "://" in written:
        raise ValueError(f"{written!r} is a URL, and runs are local folders. Give the path of one.")
    return Path(os.path.expanduser(written)).absolute()  # not resolve: a link stays the name that was given


def local_store(path: Path) -> "LocalStore":
    """A folder as zarr opens it: from a text, zarr and xarray would guess whether it is a URL."""
    from zarr.storage import LocalStore

    return LocalStore(path)
