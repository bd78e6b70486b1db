"""Files of samples that are damaged or meant to do harm: .jsonl, .csv, .tsv and .json, and lines of them.

`run` opens each: a dataset whose texts can all be written, with problems of one line, or one line why there is none.
"""

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from probe.datasets import json_files
from probe.datasets.problems import DatasetError
from probe.datasets.registry import open_dataset

from .judging import judged
from .outcome import Outcome

LINE: dict[str, Any] = {
    "image": "a.png",
    "question": "What is this?",
    "options": ["a bus", "a car"],
    "answer": "a bus",
    "kind": "mcq",
    "note": "straße",
    "year": 2014,
}

VALUES = (
    "null", "true", "0", "-1", "1e999", "-1e999", "NaN", "Infinity", "9" * 400, "9" * 6000, "-" + "9" * 5000,
    "0." + "3" * 5000, "1e-9999", '""', '" "', '"\\ud800"', '"\\udc00x"', '"\\u0000"', '"\\u001b[31m"', '"\\u202e"',
    '"\u2028"', "[]", "{}", "[[]]", '[""]', '["a", "a"]', '["a", 1]', '[null, "b"]', '["\\ud83d", "\\ude00"]',
    '{"a": 1, "a": 2}', '{"text": ["a", "b"]}', "[" * 50 + "]" * 50, "[" * 3000 + "]" * 3000, "[" * 90_000,
    '{"a":' * 3000 + "1" + "}" * 3000, '"../../etc/passwd"', '"/dev/zero"', '"~/a.png"', '"a\\u0000.png"', '"./a.png"',
    '"../set/a.png"', '"https://example.org/a.png"', '"' + "x" * 100_000 + '"', json.dumps([*map(str, range(3000))]),
    '"<image>"', '"[bold]x[/bold]"', '"$\\\\frac{$"', "'a'", "a", "01", "+1", ".5", "1.", '"a', "\\", "\ufeff", "\0",
)  # fmt: skip
"""What may stand after a key, much of it no JSON."""

STRANGE = '\0\t\n\r\x1b",:[\\{}\xa0\x85\u2028'

Change = Callable[[str, np.random.Generator], str]


def valued(line: str, rng: np.random.Generator) -> str:
    """One key with another value."""
    key = str(rng.choice([*LINE, "id", "references", "dataset"]))
    value = VALUES[int(rng.integers(len(VALUES)))]
    rest = {name: each for name, each in LINE.items() if name != key}
    return f'{json.dumps(rest, ensure_ascii=False)[:-1]}, "{key}": {value}}}'


def keyed(line: str, rng: np.random.Generator) -> str:
    """A key more: twice, misspelt, of the wrong kind, or many of them."""
    keys = ('"image"', '"images"', '"optoins"', '"Image"', '""', '"\\ud800"', "1", "null", f'"{"k" * 50_000}"')
    value = VALUES[int(rng.integers(len(VALUES)))]
    if rng.random() < 0.1:
        many = ", ".join(f'"k{k}": {k}' for k in range(int(rng.choice([900, 5000]))))
        return f"{line[:-1]}, {many}}}"
    return f"{line[:-1]}, {keys[int(rng.integers(len(keys)))]}: {value}}}"


def flipped(line: str, rng: np.random.Generator) -> str:
    """A few characters replaced."""
    letters = list(line)
    for place in rng.integers(0, max(len(letters), 1), rng.integers(1, 6)):
        letters[place : place + 1] = [STRANGE[int(rng.integers(len(STRANGE)))]]
    return "".join(letters)


def cut(line: str, rng: np.random.Generator) -> str:
    """The end, or a piece within, gone."""
    start = int(rng.integers(0, len(line) + 1))
    return line[:start] + ("" if rng.random() < 0.5 else line[start + int(rng.integers(1, 20)) :])


def joined(line: str, rng: np.random.Generator) -> str:
    """Twice in a line, or many times over."""
    return line * int(rng.choice([2, 3, 2000]))


def quoted(line: str, rng: np.random.Generator) -> str:
    """A quotation mark too many."""
    place = int(rng.integers(0, len(line) + 1))
    return line[:place] + '"' + line[place:]


CHANGES: tuple[Change, ...] = (valued, valued, keyed, flipped, cut, joined, quoted)


def as_row(line: str, separator: str) -> str:
    """The cells of a line of JSON as a line of a table; what is no JSON stays as it is."""
    try:
        entry = json.loads(line)
        cells = [entry.get(name, "") for name in LINE]
        texts = [each if isinstance(each, str) else json.dumps(each) for each in cells]
        for text in texts:
            text.encode()
    except (ValueError, AttributeError, RecursionError):
        return line
    written = io.StringIO()
    csv.writer(written, delimiter=separator, lineterminator="").writerow(texts)
    return written.getvalue()


def mutated(count: int, seed: int) -> Iterator[tuple[str, str, bytes]]:
    """Names, endings and contents of so many files; `seed` and the number in the name make one again."""
    good = json.dumps(LINE, ensure_ascii=False)
    for number in range(count):
        rng = np.random.default_rng((seed, number))
        ending = str(rng.choice(["jsonl", "jsonl", "jsonl", "csv", "tsv", "json"]))
        lines, names = [good], []
        for _ in range(int(rng.integers(1, 4))):
            change = CHANGES[int(rng.integers(len(CHANGES)))]
            lines.append(change(good, rng))
            names.append(change.__name__)
        if ending in ("csv", "tsv"):
            separator = {"csv": ",", "tsv": "\t"}[ending]
            lines = [separator.join(LINE), *(as_row(line, separator) for line in lines)]
        feed = str(rng.choice(["\n", "\r\n", "\r"], p=[0.9, 0.08, 0.02]))
        text = f"[{','.join(lines)}]" if ending == "json" else feed.join(lines)
        content = bytearray(text.encode("utf-8", "surrogatepass"))
        if rng.random() < 0.15:  # as bytes: marks, other encodings, bytes that are no text
            extra = (b"\xff\xfe", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\xc0\x80", b"\xdf", b"\0\0\0", b"\x1b[2J")
            place = int(rng.choice([0, int(rng.integers(0, len(content) + 1))]))
            content[place:place] = extra[int(rng.integers(len(extra)))]
        yield f"dataset {seed}/{number} (.{ending}, {' '.join(names)})", ending, bytes(content)


def attempt(path: Path) -> str:
    """Open a file: "" or why it, or a line of it, was refused. AssertionError for what no run could keep."""
    if path.suffix == ".json":
        try:
            document = json_files.read(path)
        except DatasetError as error:
            return str(error)
        json.dumps(document.value, allow_nan=False)
        return ""
    try:
        dataset, problems = open_dataset(path)
    except DatasetError as error:
        return str(error)
    for sample in dataset.samples:
        written = json.dumps([sample.id, sample.question, sample.options, sample.answer, dict(sample.metadata)])
        assert json.loads(written)
        "".join([sample.id, sample.image_id, sample.question, *sample.options, *sample.references]).encode()
    assert {sample.image_id for sample in dataset.samples} == {image.id for image in dataset.images}
    for image in dataset.images:
        assert not image.id.startswith(("..", "/", "~")), "a picture outside of the folder"
    for problem in problems:
        assert "\n" not in problem.message, "a message of several lines"
    return problems[0].message if problems else ""


def run(count: int, seed: int) -> Outcome:
    """Open so many damaged files."""
    with TemporaryDirectory() as root:
        folder = Path(root) / "set"
        folder.mkdir()
        (folder / "a.png").write_bytes(b"x")

        def one(ending: str, content: bytes) -> str:
            path = folder / f"mine.{ending}"
            path.write_bytes(content)
            return attempt(path)

        tries = ((name, lambda e=ending, c=content: one(e, c)) for name, ending, content in mutated(count, seed))
        return judged("files of samples", tries)
