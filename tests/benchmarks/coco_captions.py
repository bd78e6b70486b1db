"""COCO captions and instances of val2014, and a file of Karpathy's splits."""

import json
from pathlib import Path
from typing import Any

from . import drawn

CATEGORIES: tuple[tuple[int, str], ...] = ((62, "chair"), (1, "person"), (6, "bus"), (10, "traffic light"))
"""In another order than that of the ids, which have gaps."""

INSTANCES: tuple[tuple[int, int, int], ...] = ((391895, 62, 0), (391895, 1, 0), (391895, 62, 0), (42, 6, 1), (9, 1, 0))
"""(image, category, is a crowd): one picture of the captions has none, and one is of a picture without captions."""

CAPTIONS: tuple[tuple[int, str], ...] = (
    (42, "A bus on a street. "),
    (391895, "A man on a chair."),
    (42, "Many busses.\n"),
    (391895, "Someone sits."),
    (522418, "An empty room."),
    (391895, " a chair with a man"),
    (42, "A red bus."),
    (391895, "A man sits on a chair."),
    (42, "The bus is red."),
    (391895, "A chair."),
    (42, "A bus."),
)

IMAGES = (391895, 522418, 42)


def make(folder: Path) -> Path:
    """Write the annotations of val2014, Karpathy's file and the pictures, one grey; the folder."""
    images = [{"id": each, "file_name": name(each), "height": 48, "width": 64} for each in IMAGES]
    captions = [{"id": 100 + at, "image_id": each, "caption": text} for at, (each, text) in enumerate(CAPTIONS)]
    _write(folder / "annotations" / "captions_val2014.json", {"images": images, "annotations": captions})
    instances = [
        {"id": 7 + at, "image_id": image, "category_id": category, "iscrowd": crowd, "bbox": [0, 0, 1, 1]}
        for at, (image, category, crowd) in enumerate(INSTANCES)
    ]
    categories = [{"id": number, "name": each, "supercategory": "thing"} for number, each in CATEGORIES]
    content = {"images": images, "annotations": instances, "categories": categories}
    _write(folder / "annotations" / "instances_val2014.json", content)
    _write(folder / "dataset_coco.json", {"images": _karpathy(), "dataset": "coco"})
    for number, mode in zip(IMAGES, ("RGB", "L", "RGB"), strict=True):
        drawn.save(folder / "val2014" / name(number), number, mode=mode)
    return folder


def name(image: int) -> str:
    """The name of a picture's file."""
    return f"COCO_val2014_{image:012d}.jpg"


def _karpathy() -> list[dict[str, Any]]:
    return [
        {
            "filepath": "val2014",
            "filename": name(each),
            "imgid": at,
            "cocoid": each,
            "split": split,
            "sentences": [
                {"raw": text, "tokens": text.lower().split(), "imgid": at, "sentid": number}
                for number, (of, text) in enumerate(CAPTIONS)
                if of == each
            ],
        }
        for at, (each, split) in enumerate(zip(IMAGES, ("test", "restval", "val"), strict=True))
    ]


def _write(file: Path, content: dict[str, Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(content))
