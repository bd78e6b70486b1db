"""The folder of a dataset: its files by relative paths, which cannot leave it unless that is asked for."""

import errno
import os
from collections.abc import Iterator
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from ..regular_files import open_regular
from ..sample import Picture
from .pixels import MAX_PIXELS, picture
from .problems import DatasetError
from .rows import RowError

LARGEST = 2 << 30
"""Most bytes of a file that is read as a whole."""


@dataclass(frozen=True)
class Root:
    """A dataset's folder. `outside`: whether paths inside its files may lead out of it. `max_pixels`: of a picture.

    Links that lie in the folder are followed: who put them there knows where they lead.
    """

    folder: Path
    outside: bool = False
    max_pixels: int = MAX_PIXELS

    def path(self, name: str) -> Path:
        """Where a file is that a dataset's own file names: relative to the folder.

        Raises RowError for one that leaves the folder (`../`, an absolute path, `~`), unless `outside`; one that only
        goes around, such as `../FOLDER/a.png`, stays within it.
        """
        return self.folder / (os.path.normpath(os.path.expanduser(name)) if self.outside else self._within(name))

    def _within(self, name: str) -> str:
        """A path in its shortest form, relative to the folder. Raises RowError for one that leaves it."""
        normal = os.path.normpath(name)
        if not (os.path.isabs(normal) or normal.split(os.sep)[0] == ".." or normal.startswith("~")):
            return normal
        if (back := _back(os.path.abspath(self.folder), normal)) is None:
            raise RowError(
                f"the path {name[:100]!r} leads out of the dataset's folder. Move the file into the folder, or "
                "allow it with --outside-paths."
            )
        return back

    def picture(self, name: str) -> Picture:
        """The picture in a file, with its normalised relative path as its id. Raises RowError as `path`."""
        path = str(self.path(name))
        short = os.path.normpath(name) if self.outside else self._within(name)
        return picture(Path(short).as_posix(), path, max_pixels=self.max_pixels, file=path)

    def text(self, name: str) -> str:
        """The UTF-8 text of a file of the dataset. Raises DatasetError where it cannot be read."""
        return read_text(self.folder / name)

    def first(self, *names: str) -> Path:
        """The first of these files that is there; patterns such as `*.json` take the first match in order of names.

        Raises DatasetError where there is none, and says what was looked for.
        """
        found = next(self.all(*names), None)
        if found is None:
            raise DatasetError(
                f"'{self.folder}' has none of: {', '.join(names)}. Give the folder of the dataset's official files."
            )
        return found

    def all(self, *names: str) -> Iterator[Path]:
        """All files that match one of the names or patterns, in the names' order and each in alphabetical order."""
        for name in names:
            yield from sorted(path for path in self.folder.glob(name) if path.is_file())


def _back(folder: str, path: str) -> str | None:
    """The shortest form of a path that leaves a folder and comes back to it; None where it does not come back."""
    short = os.path.relpath(os.path.normpath(os.path.join(folder, path)), folder)
    if path.startswith("~") or short.split(os.sep)[0] in (".", ".."):
        return None
    try:  # a link on the way can lead elsewhere
        same = os.path.realpath(os.path.join(folder, path)) == os.path.realpath(os.path.join(folder, short))
    except (OSError, ValueError):
        return None
    return short if same else None


def read_text(file: Path) -> str:
    """The UTF-8 text of a file, without a byte order mark. Raises DatasetError, in words, where it cannot be read."""
    try:
        with TextIOWrapper(open_regular(file), encoding="utf-8-sig") as content:
            if (size := os.fstat(content.fileno()).st_size) > LARGEST:
                raise DatasetError(f"dataset '{file}' has {size:,} bytes, and {LARGEST:,} are read. Split it.")
            return content.read()
    except UnicodeDecodeError as error:
        raise DatasetError(f"dataset '{file}' is not UTF-8 text ({error.reason} at byte {error.start}).") from None
    except OSError as error:
        raise unreadable(file, error) from None


def unreadable(file: Path, error: OSError) -> DatasetError:
    """Why a file of a dataset cannot be read, in words."""
    if error.errno == errno.ENOENT:
        return DatasetError(f"dataset '{file}': no such file.")
    return DatasetError(f"dataset '{file}' cannot be read: {error.strerror}.")
