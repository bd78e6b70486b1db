"""VQAv2: val2014 with its annotations, test-dev2015 without."""

import json
from pathlib import Path
from typing import Any

from . import drawn, hub_tables

ANSWERS = ("red", "red", "dark red", "red", "maroon", "red", "red", "brown", "red", "red")

VAL: tuple[dict[str, Any], ...] = (
    {"image_id": 42, "question": "What color is the bus?", "question_id": 42000},
    {"image_id": 42, "question": "How many wheels are there?", "question_id": 42001},
    {"image_id": 8, "question": "Is the café open?", "question_id": 8000},
    {"image_id": 531, "question": "What letter is on the sign?", "question_id": 531003},
)

ANNOTATED: tuple[tuple[int, str, str, str, tuple[str, ...]], ...] = (
    # in another order than the questions; the last has an answer that the stripping of articles left empty
    (8000, "yes/no", "is the", "yes", ("no", *("yes",) * 9)),
    (42000, "other", "what color is the", "red", ANSWERS),
    (42001, "number", "how many", "4", ("4",) * 10),
    (531003, "other", "what", "b", ("b", "", *("b",) * 8)),
)


def make(folder: Path) -> Path:
    """Write val2014 (a grey and a CMYK picture; a byte order mark) and test-dev2015; the folder."""
    _write(folder / "v2_OpenEnded_mscoco_val2014_questions.json", {"questions": VAL}, mark=True)
    _write(folder / "v2_mscoco_val2014_annotations.json", {"annotations": annotations()})
    asked = [{"image_id": 3, "question": "What is it?", "question_id": 3000}]
    _write(folder / "v2_OpenEnded_mscoco_test-dev2015_questions.json", {"questions": asked})
    for number, mode in ((42, "RGB"), (8, "L"), (531, "CMYK")):
        drawn.save(folder / "val2014" / f"COCO_val2014_{number:012d}.jpg", number, mode=mode)
    drawn.save(folder / "test2015" / f"COCO_test2015_{3:012d}.jpg", 3)
    return folder


def annotations() -> list[dict[str, Any]]:
    """The annotations of val2014."""
    return [
        {
            "question_type": kind,
            "multiple_choice_answer": answer,
            "answers": [
                {"answer": each, "answer_confidence": "yes", "answer_id": number}
                for number, each in enumerate(answers, start=1)
            ],
            "image_id": next(each["image_id"] for each in VAL if each["question_id"] == question),
            "answer_type": answer_type,
            "question_id": question,
        }
        for question, answer_type, kind, answer, answers in ANNOTATED
    ]


def make_tables(folder: Path, files: Path) -> Path:
    """The same val2014 as the hub's tables, with the pictures of the official files; the folder."""
    by_id = {each["question_id"]: each for each in annotations()}
    rows = [
        by_id[each["question_id"]]
        | each
        | {"image": (files / "val2014" / f"COCO_val2014_{each['image_id']:012d}.jpg").read_bytes()}
        for each in VAL
    ]
    hub_tables.write(folder / "data" / "validation-00000-of-00002.parquet", rows[:2])
    hub_tables.write(folder / "data" / "validation-00001-of-00002.parquet", rows[2:])
    return folder


def _write(file: Path, content: dict[str, Any], *, mark: bool = False) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    whole = {"info": {"version": "2.0"}, "license": {}, "data_type": "mscoco"} | content
    file.write_text(json.dumps(whole), encoding="utf-8-sig" if mark else "utf-8")
