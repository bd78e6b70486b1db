"""BLINK: 14 folders of Parquet files, one question each in both splits, two more in Counting's validation file.

Oddities: answers are letters in parentheses, "hidden" in the test split; choices are lists; tasks about one, two, three
and four pictures, the other columns null; yes and no as choices; a small picture in grey.
"""

from pathlib import Path
from typing import Any

from . import hub_tables
from .drawn import save

PICTURES = ("image_1", "image_2", "image_3", "image_4")
SEVERAL = {
    "Art_Style": 3,
    "Counting": 1,
    "Forensic_Detection": 4,
    "Functional_Correspondence": 2,
    "IQ_Test": 1,
    "Jigsaw": 3,
    "Multi-view_Reasoning": 2,
    "Object_Localization": 1,
    "Relative_Depth": 1,
    "Relative_Reflectance": 1,
    "Semantic_Correspondence": 2,
    "Spatial_Relation": 1,
    "Visual_Correspondence": 2,
    "Visual_Similarity": 3,
}
"""How many pictures a question of each task has."""


def make(folder: Path) -> Path:
    """Write the copy: 16 questions in the validation split, 14 in the other."""
    contents = [save(folder / f"{seed}.png", seed, mode="L" if seed == 0 else "RGB") for seed in range(4)]
    for task, several in SEVERAL.items():
        for split, answer in (("val", "(B)"), ("test", "hidden")):
            rows = [row(f"{split}_{task}_1", contents[:several], ["a bus", "a car", "neither"], answer)]
            if (task, split) == ("Counting", "val"):
                rows.append(row(f"{split}_{task}_2", contents[1:2], ["3", "1 ", "0", "2"], "(D)"))
                rows.append(row(f"{split}_{task}_3", contents[2:3], ["yes", "no"], "(A)"))
            hub_tables.write(folder / task / f"{split}-00000-of-00001.parquet", rows, pictures=PICTURES)
    return folder


def row(name: str, pictures: list[bytes], choices: list[str], answer: str) -> dict[str, Any]:
    """A row with every column of the tables."""
    shown = dict(zip(PICTURES, pictures, strict=False))
    task = name.split("_", 1)[1].rsplit("_", 1)[0]
    listed = "\n".join(f"({letter}) {choice}" for letter, choice in zip("ABCD", choices, strict=False))
    return {
        "idx": name,
        "sub_task": task,
        "question": "What is there?",
        **{column: shown.get(column) for column in PICTURES},
        "choices": choices,
        "answer": answer,
        "prompt": f"Look closely. What is there?\nSelect from the following options.\n{listed}",
    }
