"""MMBench: tables of VLMEvalKit with pictures as base64; the legacy ones have a copy of the picture in each row.

Oddities: a byte order mark and CRLF in one table; cells over several lines, in quotes; missing options, hints and
answers as empty cells; rotations under index + 1,000,000 · k whose picture cell is the index of the first; a test table
without answers; Chinese; an option with white space around it; questions not in the order of their indices.
"""

import base64
import csv
import io
from pathlib import Path
from typing import Any

from .drawn import save

COLUMNS = (
    *("index", "question", "hint", "A", "B", "C", "D", "answer", "category", "image", "source", "l2-category"),
    *("comment", "split"),
)
PRINTED = "for x in 'ab':\n    print(x)\n"


def make(folder: Path) -> Path:
    """Write the copy: three questions a table, with their rotations; those of the test split without answers."""
    (folder / "MMBench_DEV_EN.tsv").write_text(table(rows(folder)), encoding="utf-8", newline="")
    chinese = table(rows(folder, chinese=True)).replace("\n", "\r\n")
    (folder / "MMBench_DEV_CN.tsv").write_text(chinese, encoding="utf-8-sig", newline="")
    unanswered = [{**row, "answer": None} for row in rows(folder)]
    columns = [name for name in COLUMNS if name != "answer"]
    (folder / "MMBench_TEST_EN.tsv").write_text(table(unanswered, columns), encoding="utf-8", newline="")
    return folder


def rows(folder: Path, *, chinese: bool = False, legacy: bool = False) -> list[dict[str, Any]]:
    """The rows of a table: all first rotations, then the second ones and so on."""
    first = [_question(folder, number, chinese) for number in (241, 7, 30)]
    rotated = [each for question in first for each in _rotations(question, legacy)]
    return first + sorted(rotated, key=lambda row: row["index"] // 1_000_000)


def _question(folder: Path, number: int, chinese: bool) -> dict[str, Any]:
    content = save(folder / f"{number}.png", number, mode="L" if number == 7 else "RGB")
    texts = {
        241: ("What is drawn?", "Look at\nthe lines.", ["a bus", "a car", " a tram", "a ship"], "C", "sketches"),
        7: ("Which code prints it?", None, [PRINTED, "print(1)"], "A", "text"),
        30: ("How many are there?", None, ["1", "2", "3"], "B", "counting"),
    }
    question, hint, options, answer, category = texts[number]
    return {
        "index": number,
        "question": "图中有什么？" if chinese else question,
        "hint": hint,
        **dict(zip("ABCD", [*options, None, None][:4], strict=False)),
        "answer": answer,
        "category": category,
        "image": base64.b64encode(content).decode(),
        "source": "drawn",
        "l2-category": "coarse_perception",
        "comment": None,
        "split": "dev",
    }


def _rotations(question: dict[str, Any], legacy: bool) -> list[dict[str, Any]]:
    """The other rotations: options move to the front by one place each, the answer's letter with them."""
    letters = [name for name in "ABCD" if question[name] is not None]
    found = []
    for places in range(1, len(letters)):
        moved = letters[places:] + letters[:places]
        options = {name: question[source] for name, source in zip(letters, moved, strict=True)}
        answer = letters[moved.index(question["answer"])]
        image = question["image"] if legacy else question["index"]
        index = question["index"] + 1_000_000 * places
        found.append({**question, **options, "index": index, "answer": answer, "image": image})
    return found


def table(rows: list[dict[str, Any]], columns: list[str] | tuple[str, ...] = COLUMNS) -> str:
    """Rows as pandas writes them: tabs between cells, quotes where a cell has a tab, a quote or a line break."""
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, delimiter="\t", lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
