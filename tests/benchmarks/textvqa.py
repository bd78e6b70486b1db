"""TextVQA: val and test."""

import json
from pathlib import Path
from typing import Any

from . import drawn, hub_tables

STOP = ("stop", "stop", "STOP", "stop", "stop sign", "stop", "stop", "stop", "stop", "stop")

VAL: tuple[dict[str, Any], ...] = (
    {
        "question_id": 34602,
        "question": "what does the Sign say?",
        "image_id": "003a8ae2ef43b901",
        "image_classes": ["Traffic sign", "Tree"],
        "answers": list(STOP),
    },
    {
        "question_id": 34603,
        "question": "what number is on the bus?",
        "image_id": "003a8ae2ef43b901",
        "image_classes": [],
        "answers": ["", *["7"] * 8, "unanswerable"],
    },
    {
        "question_id": 34604,
        "question": "What is the brand?",
        "image_id": "00c359f294f7dcd9",
        "image_classes": ["Bottle"],
        "answers": ["acme"] * 10,
    },
)

TEST: tuple[dict[str, Any], ...] = (
    {"question_id": 39602, "question": "what is it?", "image_id": "0054c91397f2fe05", "answers": [""] * 10},
)


def make(folder: Path) -> Path:
    """Write val (a grey picture) and test, whose answers are empty texts; the folder."""
    _write(folder / "TextVQA_0.5.1_val.json", VAL, "val")
    _write(folder / "TextVQA_0.5.1_test.json", TEST, "test")
    drawn.save(folder / "train_images" / "003a8ae2ef43b901.jpg", 1)
    drawn.save(folder / "train_images" / "00c359f294f7dcd9.jpg", 2, mode="L")
    drawn.save(folder / "test_images" / "0054c91397f2fe05.jpg", 3)
    return folder


def make_tables(folder: Path, files: Path) -> Path:
    """The same val as the hub's table, which has OCR tokens too; the folder."""
    rows = [
        each | {"ocr_tokens": ["STOP"], "image": (files / "train_images" / f"{each['image_id']}.jpg").read_bytes()}
        for each in VAL
    ]
    hub_tables.write(folder / "data" / "validation-00000-of-00001.parquet", rows)
    return folder


def _write(file: Path, entries: tuple[dict[str, Any], ...], split: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    more = {"image_width": 64, "image_height": 48, "set_name": split, "question_tokens": ["what"]}
    whole = {"dataset_type": split, "dataset_name": "textvqa", "dataset_version": "0.5.1"}
    file.write_text(json.dumps(whole | {"data": [each | more for each in entries]}, ensure_ascii=False), "utf-8")
