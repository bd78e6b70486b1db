"""The folder of a dataset: its files by relative paths, which cannot leave it unless that is asked for."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..sample import Picture
from .pixels import MAX_PIXELS, picture
from .problems import DatasetError
from .rows import RowError


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

        Raises RowError for one that leaves the folder (`../`, an absolute path, `~`), unless `outside`.
        """
        written = os.path.expanduser(name) if self.outside else name
        normal = os.path.normpath(written)
        leaves = os.path.isabs(normal) or normal.split(os.sep)[0] in ("..", "~") or normal.startswith("~")
        if leaves and not self.outside:
            raise RowError(
                f"the path {name[:100]!r} leads out of the dataset's folder. Move the file into the folder, or "
                "allow it with --outside-paths."
            )
        return self.folder / normal

    def picture(self, name: str) -> Picture:
        """The picture in a file, with its normalised relative path as its id. Raises RowError as `path`."""
        path = str(self.path(name))
        return picture(Path(os.path.normpath(name)).as_posix(), path, max_pixels=self.max_pixels, file=path)

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


def read_text(file: Path) -> str:
    """The UTF-8 text of a file, without a byte order mark. Raises DatasetError, in words, where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DatasetError(f"dataset '{file}': no such file.") from None
    except UnicodeDecodeError as error:
        raise DatasetError(f"dataset '{file}' is not UTF-8 text ({error.reason} at byte {error.start}).") from None
    except OSError as error:
        raise DatasetError(f"dataset '{file}' cannot be read: {error.strerror}.") from None
