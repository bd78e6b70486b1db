"""SEED-Bench: SEED-Bench.json with questions about pictures and about videos, and SEED-Bench-image.

Oddities: numbers as texts; one id at two types of question; pictures without an ending, one asked about three times;
two equal options, a whole number among them, white space around one; a video's `segment`.
"""

import json
from pathlib import Path

from .drawn import save

TOWELS, STREET = "1454_2591", "77_8"
TYPES = {"Scene Understanding": 1, "Instance Attributes": 4, "Instances Counting": 5, "Action Recognition": 10}


def make(folder: Path) -> Path:
    """Write the copy: four questions about two pictures, one about a video between them."""
    for seed, name in enumerate((TOWELS, STREET)):
        path = folder / "SEED-Bench-image" / name
        save(path.with_suffix(".jpg"), seed)
        path.with_suffix(".jpg").rename(path)
    (folder / "SEED-Bench.json").write_text(json.dumps({"questions": questions(), "question_type": TYPES}))
    return folder


def questions() -> list[dict]:
    """The entries of the file."""
    return [
        question("101", 5, TOWELS, "How many towels hang there?", ["One", "Two", 3, "Four"], "C"),
        question("102", 1, STREET, "Where is this?", ["In a street", " At sea ", "Indoors", "In a wood"], "B"),
        question("v7", 10, "94328.webm", "What is done?", ["to lift", "to throw", "to drop", "to poke"], "A")
        | {"data_type": "video", "segment": [18, 166]},
        question("101", 4, TOWELS, "Which colour have they?", ["red", "blue", "red", "grey"], "C"),
        question("104", 4, TOWELS, "Of what are they?", ["wool", "silk", "cotton", "paper"], "D"),
    ]


def question(number: str, kind: int, picture: str, text: str, choices: list, answer: str) -> dict:
    """One entry."""
    return {
        "answer": answer,
        **{f"choice_{letter}": choice for letter, choice in zip("abcd", choices, strict=True)},
        "data_id": picture,
        "data_type": "image",
        "question": text,
        "question_id": number,
        "question_type_id": kind,
    }
