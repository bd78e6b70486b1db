"""A user's own dataset on disk: a few small pictures and a .jsonl file that asks about them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import PIL.Image
from tiny import picture

OPTIONS = ("yes", "a bus", "a very long answer")


def lines(images: int) -> list[dict[str, Any]]:
    """Two samples an image: one with options of one and of many tokens, one yes/no."""
    made: list[dict[str, Any]] = []
    for index in range(images):
        name = f"{index:03d}.png"
        choice = {"id": f"mcq-{index}", "question": f"What is in picture {index}?", "options": list(OPTIONS)}
        binary = {"id": f"yes-{index}", "question": "Is there a bus?", "options": ["yes", "no"]}
        made.append({"image": name, "answer": OPTIONS[index % 3], **choice})
        made.append({"image": name, "answer": ("yes", "no")[index % 2], **binary})
    return made


def write(
    folder: Path,
    *,
    images: int = 5,
    size: tuple[int, int] = (40, 48),
    samples: Sequence[dict[str, Any]] | None = None,
) -> Path:
    """Write the pictures and the .jsonl file; its path."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(images):
        PIL.Image.fromarray(picture(index, *size)).save(folder / f"{index:03d}.png")
    path = folder / "set.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in samples or lines(images)))
    return path
