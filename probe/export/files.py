"""Files of an export: each appears complete or not at all, and none that is there is written over."""

import contextlib
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from ..errors import PlanError

PARTIAL = ".partial"
"""Ending of a file that is still being written."""


LONGEST_NAME = 80
"""Characters of an id that are kept in the name of a file."""


def require_new(*paths: Path) -> None:
    """Raise PlanError where one of these files is there already, or a file where their folder should be."""
    for path in paths:
        there = next(each for each in path.parents if each.exists())
        if not there.is_dir():
            raise PlanError(f"{there} is a file, where a folder is needed. Choose another path.")
        if path.exists():
            raise PlanError(f"{path} is there already and is not written over. Remove it, or choose another folder.")


@contextmanager
def complete(path: Path) -> Iterator[Path]:
    """The path to write to; what is there is given its name at the end, and removed where something is raised."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f"{path.name}.{os.getpid()}{PARTIAL}")
    try:
        yield partial
        os.replace(partial, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()
        raise


def file_name(text: str) -> str:
    """An id as part of a path: itself where it is one on every system, else what is left of it and a hash.

    >>> file_name("gaussian_noise-3"), file_name("translation:dx=-8")
    ('gaussian_noise-3', 'translation_dx=-8-ff83b2a2')
    """
    plain = re.sub(r"[^A-Za-z0-9_.=+-]", "_", text)[:LONGEST_NAME].lstrip(".")
    digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    return plain if plain and plain == text.lower() else f"{plain}-{digest}"
