"""GQA: balanced questions of testdev, and of test without answers."""

import json
from pathlib import Path
from typing import Any

from . import drawn, hub_tables

TESTDEV: dict[str, dict[str, Any]] = {
    "201307251": {
        "semantic": [{"operation": "select", "dependencies": [], "argument": "bus (12)"}],
        "entailed": [],
        "equivalent": ["201307251"],
        "question": "Is the bus red?",
        "imageId": "n161313",
        "isBalanced": True,
        "groups": {"global": None, "local": "06-bus_color"},
        "answer": "yes",
        "semanticStr": "select: bus (12)->verify color: red [0]",
        "annotations": {"answer": {}, "question": {"2": "12"}, "fullAnswer": {}},
        "types": {"detailed": "verifyAttr", "semantic": "attr", "structural": "verify"},
        "fullAnswer": "Yes, the bus is red.",
    },
    "02930152": {
        "semantic": [],
        "entailed": [],
        "equivalent": ["02930152"],
        "question": "What is to the left of the bus?",
        "imageId": "2405722",
        "isBalanced": True,
        "groups": {"global": "vehicle", "local": "13-bus_left"},
        "answer": "traffic light",
        "semanticStr": "",
        "annotations": {},
        "types": {"detailed": "relS", "semantic": "rel", "structural": "query"},
        "fullAnswer": "The traffic light is to the left of the bus.",
    },
    "201307252": {
        "semantic": [],
        "entailed": [],
        "equivalent": [],
        "question": "Is it indoors or outdoors?",
        "imageId": "n161313",
        "isBalanced": True,
        "groups": {"global": None, "local": None},
        "answer": "outdoors",
        "semanticStr": "",
        "annotations": {},
        "types": {"detailed": "locationChoose", "semantic": "global", "structural": "choose"},
        "fullAnswer": "It is outdoors.",
    },
}

TEST: dict[str, dict[str, Any]] = {"20100": {"question": "Is it day?", "imageId": "n7", "isBalanced": True}}


def make(folder: Path) -> Path:
    """Write testdev and test in the folder of the archive, with a grey picture; the folder."""
    for split, content in (("testdev", TESTDEV), ("test", TEST)):
        file = folder / "questions1.2" / f"{split}_balanced_questions.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps(content))
    drawn.save(folder / "images" / "n161313.jpg", 1)
    drawn.save(folder / "images" / "2405722.jpg", 2, mode="L")
    drawn.save(folder / "images" / "n7.jpg", 3)
    return folder


def make_tables(folder: Path, files: Path) -> Path:
    """The same testdev as the hub's two tables, the pictures in another order than the questions; the folder."""
    rows = [
        {"id": key} | {name: entry[name] for name in ("imageId", "question", "answer", "fullAnswer", "types", "groups")}
        for key, entry in TESTDEV.items()
    ]
    hub_tables.write(folder / "testdev_balanced_instructions" / "testdev-00000-of-00001.parquet", rows)
    pictures = [
        {"id": name, "image": (files / "images" / f"{name}.jpg").read_bytes()} for name in ("2405722", "n9", "n161313")
    ]
    hub_tables.write(folder / "testdev_balanced_images" / "testdev-00000-of-00001.parquet", pictures)
    return folder
