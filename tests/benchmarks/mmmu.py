r"""MMMU: 30 folders of Parquet files, a row a subject and split, more in Accounting's and Art's validation files.

Oddities: options and several right answers are texts that hold a Python list; formulas with one backslash and with two;
options that are pictures; two equal options and white space around one; four pictures in a row, the first columns
filled and the others null; the test split's answers are "?".
"""

from pathlib import Path
from typing import Any

from . import hub_tables
from .drawn import save

PICTURES = tuple(f"image_{number}" for number in range(1, 8))
SUBJECTS = (
    "Accounting",
    "Agriculture",
    "Architecture_and_Engineering",
    "Art",
    "Art_Theory",
    "Basic_Medical_Science",
    "Biology",
    "Chemistry",
    "Clinical_Medicine",
    "Computer_Science",
    "Design",
    "Diagnostics_and_Laboratory_Medicine",
    "Economics",
    "Electronics",
    "Energy_and_Power",
    "Finance",
    "Geography",
    "History",
    "Literature",
    "Manage",
    "Marketing",
    "Materials",
    "Math",
    "Mechanical_Engineering",
    "Music",
    "Pharmacy",
    "Physics",
    "Psychology",
    "Public_Health",
    "Sociology",
)


def make(folder: Path) -> Path:
    """Write the copy: 34 questions in the validation split, 30 in the others."""
    contents = [save(folder / f"{seed}.png", seed, mode="L" if seed == 3 else "RGB") for seed in range(4)]
    for subject in SUBJECTS:
        for split in ("dev", "validation", "test"):
            rows = [plain(f"{split}_{subject}_1", contents, answer="?" if split == "test" else "B")]
            if split == "validation":
                rows += {"Accounting": accounting, "Art": art}.get(subject, lambda _: [])(contents)
            hub_tables.write(folder / subject / f"{split}-00000-of-00001.parquet", rows, pictures=PICTURES)
    return folder


def row(name: str, question: str, options: str, answer: str, pictures: list[bytes], **other: Any) -> dict[str, Any]:
    """A row with every column of the tables."""
    shown = dict(zip(PICTURES, pictures, strict=False))
    values = {
        "id": name,
        "question": question,
        "options": options,
        "explanation": "",
        **{column: shown.get(column) for column in PICTURES},
        "img_type": "['Tables']",
        "answer": answer,
        "topic_difficulty": "Easy",
        "question_type": "multiple-choice",
        "subfield": "Ledgers",
    }
    return values | other


def plain(name: str, contents: list[bytes], answer: str) -> dict[str, Any]:
    """A choice of two about one picture."""
    return row(name, "<image 1> Which sum is it?", "['10', '20']", answer, contents[:1])


def accounting(contents: list[bytes]) -> list[dict[str, Any]]:
    """A formula with one backslash and one with two, options that are pictures, and two equal ones."""
    formulas = r"""[' $\sigma$ = 2 ', '$\\Delta$ T', "the owner's", 'none']"""
    return [
        row("validation_Accounting_2", "What follows from <image 1>?", formulas, "A", contents[1:2]),
        row("validation_Accounting_3", "Which is it?", str([f"<image {n}>" for n in range(1, 5)]), "D", contents),
        row("validation_Accounting_4", "What is due in <image 1>?", "['3', '4', '3']", "C", contents[3:]),
    ]


def art(contents: list[bytes]) -> list[dict[str, Any]]:
    """An open question about two pictures with two right answers."""
    question = "How does <image 2> differ from <image 1>?"
    return [
        row("validation_Art_2", question, "[]", "['24/7', '3.429']", contents[:2], question_type="open"),
    ]
