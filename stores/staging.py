"""Trees of files that zarr-python makes: in a folder where they are to be, for an object store here, and then sent."""

import os
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from .each import each
from .files import partial_name
from .object_paths import ObjectPath
from .record import FOLDER


@contextmanager
def staged(root: Path) -> Generator[Path]:
    """A local folder in which to make files of the run at `root`: its own, or one whose files are then sent to it."""
    if not isinstance(root, ObjectPath):
        yield root
        return
    with TemporaryDirectory(prefix="probe-") as folder:
        yield Path(folder)
        _send(Path(folder), root)


@contextmanager
def scratch(root: Path, name: str) -> Generator[Path]:
    """The path of a local tree that goes afterwards: inside the ledger, which readers that walk the tree skip."""
    if isinstance(root, ObjectPath):
        with TemporaryDirectory(prefix="probe-") as folder:
            yield Path(folder, name)
        return
    fresh = root / FOLDER / partial_name(name)
    try:
        yield fresh
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def put_file(fresh: Path, target: Path) -> None:
    """Put a local file in the place of one of the run."""
    if isinstance(target, ObjectPath):
        target.write(fresh.read_bytes())
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    os.replace(fresh, target)


def put_tree(fresh: Path, target: Path) -> None:
    """Put a local tree in the place of one of the run."""
    if isinstance(target, ObjectPath):
        sent = _send(fresh, target)
        target.remove(old for old in target.below() if old not in sent)
        return
    old = fresh.with_name(partial_name(target.name))
    if target.exists():
        os.replace(target, old)
    os.replace(fresh, target)
    shutil.rmtree(old, ignore_errors=True)


def remove_tree(tree: Path) -> None:
    """Remove what is below a folder of the run, as far as that can be done."""
    if isinstance(tree, ObjectPath):
        tree.remove(tree.below())
    else:
        shutil.rmtree(tree, ignore_errors=True)


def files_below(root: Path) -> Iterator[Path]:
    """All files below a folder or a prefix."""
    if isinstance(root, ObjectPath):
        yield from root.below()
        return
    for folder, _, files in os.walk(root):
        yield from (Path(folder, name) for name in files)


def _send(fresh: Path, target: ObjectPath) -> set[ObjectPath]:
    """Send the files of a local tree; the objects that they are now."""
    files = sorted(files_below(fresh))
    objects = [target / file.relative_to(fresh).as_posix() for file in files]
    for _ in each(target, lambda pair: put_file(*pair), zip(files, objects, strict=True)):
        pass
    return set(objects)
