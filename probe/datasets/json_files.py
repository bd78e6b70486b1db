"""JSON files of a dataset: read whole, their entries numbered for messages."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any, cast

from . import strict_json
from .fields import brief
from .problems import DatasetError
from .root import read_text
from .rows import RowError
from .strict_json import JsonError

_HALF_CHARACTER = re.compile(r"\\u[dD][89a-fA-F]")


@dataclass(frozen=True)
class Document:
    """What a JSON file holds, the file's name for messages, and a hash of its text.

    `escapes`: whether the text has escapes of half characters, which mostly come in pairs.
    """

    name: str
    value: Any
    identity: str
    escapes: bool = False

    def entries(self, key: str) -> list[Any]:
        """The list under a key. Raises DatasetError where there is none."""
        found = cast(Mapping[str, Any], self.value).get(key) if isinstance(self.value, Mapping) else None
        if not isinstance(found, list):
            raise DatasetError(f"dataset file '{self.name}' has no list {key!r}. Give the benchmark's own file.")
        return cast(list[Any], found)

    def numbered(self, key: str, id_key: str) -> Iterator[tuple[str, str, Any]]:
        """Each entry of the list under a key: its id or else its number, where it stands, and itself."""
        for number, entry in enumerate(self.entries(key), start=1):
            given = cast(dict[str, Any], entry).get(id_key) if isinstance(entry, dict) else None
            named = str(given) if isinstance(given, str | int) and not isinstance(given, bool) else f"entry{number}"
            yield named, f"{self.name} {key} entry {number}", entry

    def items(self, what: str) -> Iterator[tuple[str, str, tuple[str, Any]]]:
        """Each item of the object that the file holds: its key, where it stands, and itself. `what` names a value.

        Raises DatasetError where the file holds something else.
        """
        if not isinstance(self.value, Mapping):
            raise DatasetError(f"dataset file '{self.name}' holds no object. Give the benchmark's own file.")
        for key, value in cast(Mapping[str, Any], self.value).items():
            yield key, f"{self.name} {what} {key}", (key, value)

    def record(self, entry: Any) -> Mapping[str, Any]:
        """An entry as an object. Raises RowError where it is none, or has half a character, which no store can write.

        >>> Document("a.json", None, "").record({"question_id": 1})
        {'question_id': 1}
        """
        if not isinstance(entry, dict):
            raise RowError(f"this is no JSON object but {brief(entry)}.")
        if self.escapes:
            try:
                json.dumps(entry, ensure_ascii=False).encode()
            except UnicodeEncodeError:
                raise RowError("there is an escape of half a character (\\ud800 ...).") from None
        return cast(dict[str, Any], entry)


def read(file: Path) -> Document:
    """The document in a file. Raises DatasetError, in words, where it cannot be read as JSON."""
    content = read_text(file)
    try:
        value = strict_json.loads(content)
    except JsonError as error:
        where = f" in line {error.line}, column {error.column}" if error.line else ""
        told = error.reason.removeprefix("this ") if error.line else f"is refused: {error.reason}"
        raise DatasetError(f"dataset file '{file}' {told}{where}. Fetch it again.") from None
    identity = sha256(content.encode("utf-8", "surrogatepass")).hexdigest()
    return Document(file.name, value, identity, _HALF_CHARACTER.search(content) is not None)
