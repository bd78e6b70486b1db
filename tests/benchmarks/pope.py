"""POPE: the files of AoiDragon/POPE's `output` with few questions, and the pictures in val2014 and images.

Oddities: the COCO files are lines of JSON, two of them with a byte order mark and CRLF; the others are indented lists
without an end of line. Every file counts its questions from 1, and a question can come twice in one. One picture is
grey, one has CMYK colours, one is asked about in the files of COCO and in those of A-OKVQA.
"""

import json
from pathlib import Path

from .drawn import save

CMYK, SHARED, GREY = (f"COCO_val2014_{number:012d}.jpg" for number in (11, 22, 33))
GQA = "44.jpg"
ABSENT = {"random": "kite", "popular": "car", "adversarial": "truck"}


def make(folder: Path) -> Path:
    """Write the copy: 2 questions about each of 2 pictures in every file, one more in that of the adversarial GQA."""
    for seed, (name, mode) in enumerate({CMYK: "CMYK", SHARED: "RGB", GREY: "L"}.items()):
        save(folder / "val2014" / name, seed, mode=mode)
    save(folder / "images" / GQA, 7)
    for category in ABSENT:
        _lines(folder / "output/coco" / f"coco_pope_{category}.json", category)
        _list(folder / "output/seem/aokvqa" / f"aokvqa_pope_seem_{category}.json", questions(category, SHARED, GREY))
        _list(folder / "output/seem/gqa" / f"gqa_pope_seem_{category}.json", questions(category, GQA, twice=category))
    return folder


def questions(category: str, *pictures: str, twice: str = "") -> list[dict]:
    """One present and one absent object a picture, the last one twice in the adversarial file."""
    asked = [
        (picture, f"Is there {thing} in the image?", label)
        for picture in pictures
        for thing, label in (("a bus", "yes"), (f"a {ABSENT[category]}", "no"))
    ]
    asked += asked[-1:] if twice == "adversarial" else []
    return [
        {"question_id": number, "image": picture, "text": text, "label": label}
        for number, (picture, text, label) in enumerate(asked, start=1)
    ]


def _lines(file: Path, category: str) -> None:
    mark, end = ("", "\n") if category == "random" else ("\ufeff", "\r\n")
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = (json.dumps(entry) for entry in questions(category, CMYK, SHARED))
    file.write_bytes((mark + "".join(line + end for line in lines)).encode())


def _list(file: Path, entries: list[dict]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(entries, indent=4))
