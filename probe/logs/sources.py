"""Which files are imported, and which condition each is of."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import file_digest
from pathlib import Path

from ..errors import PlanError
from ..regular_files import open_regular


@dataclass(frozen=True)
class Source:
    """A log, and the condition that its answers are of where they do not say it themselves."""

    path: Path
    condition: str


def parse(texts: Iterable[str], condition: str) -> tuple[Source, ...]:
    """The logs of `PATH` and `CONDITION=PATH`; `condition` is that of those which name none.

    Of several ways to divide a text the first counts whose path exists. Raises PlanError where there is no such file.
    """
    return tuple(_source(text, condition) for text in texts)


def _source(text: str, condition: str) -> Source:
    if os.path.exists(text):
        return Source(Path(text), condition)
    for place, sign in enumerate(text):
        if sign == "=" and place and os.path.exists(os.path.expanduser(text[place + 1 :])):
            return Source(Path(os.path.expanduser(text[place + 1 :])), text[:place])
    raise PlanError(f"log {text!r}: no such file. Write PATH, or CONDITION=PATH such as fog:3=fog3.jsonl.")


def digest(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal digits."""
    with open_regular(path) as file:
        return file_digest(file, "sha256").hexdigest()


def require_unchanged(files: Iterable[Source], digests: Mapping[str, str]) -> None:
    """Raise PlanError where a file is another than it was: a log that is still being written, for example."""
    for each in files:
        if digest(each.path) != digests[str(each.path)]:
            raise PlanError(
                f"'{each.path}' was changed while it was read. Import it when it is whole, or a copy of it."
            )
