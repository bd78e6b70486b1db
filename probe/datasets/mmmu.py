r"""MMMU: college exams of 30 subjects, multiple choice or open, about one to seven pictures.

The official files are the hub's Parquet files, a folder a subject. A row has the pictures of its filled columns.
Question and options name them as "<image 1>": the authors' own prompt keeps these words, so they stay, and models read
them as plain text. Official prompt: that of the authors' evaluation (`mmmu/configs/llava1.5.yaml`).

In the validation split 6 of 847 choices have two equal options: the second is marked with (2) among the options, not
in the official prompt.
"""

import ast
import warnings
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, cast

from ..sample import Metadata, Sample
from . import fields, lettered
from .entry import Entry
from .fields import Record
from .hub import Hub, TableRow
from .problems import Count
from .rows import Row, RowError, image_id
from .tables import Table

NAME = "mmmu"
PICTURES = tuple(f"image_{number}" for number in range(1, 8))
CHOICE = "multiple-choice"
HIDDEN = "?"
"""The answer of questions whose answer is not published."""

SUBJECTS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "Art and Design": ("Art", "Art_Theory", "Design", "Music"),
        "Business": ("Accounting", "Economics", "Finance", "Manage", "Marketing"),
        "Science": ("Biology", "Chemistry", "Geography", "Math", "Physics"),
        "Health and Medicine": (
            "Basic_Medical_Science",
            "Clinical_Medicine",
            "Diagnostics_and_Laboratory_Medicine",
            "Pharmacy",
            "Public_Health",
        ),
        "Humanities and Social Science": ("History", "Literature", "Sociology", "Psychology"),
        "Tech and Engineering": (
            "Agriculture",
            "Architecture_and_Engineering",
            "Computer_Science",
            "Electronics",
            "Energy_and_Power",
            "Materials",
            "Mechanical_Engineering",
        ),
    }
)
"""The disciplines and their subjects, as the benchmark's evaluation groups them."""

_CATEGORY = {subject: category for category, subjects in SUBJECTS.items() for subject in subjects}


def listed(text: str) -> tuple[str, ...] | None:
    """The texts of a list that is written as Python writes it; None where the text is something else.

    >>> listed("['a bus', \\"a dog's\\"]"), listed("[0, 1)"), listed("[1, 2]")
    (('a bus', "a dog's"), None, None)
    """
    if not text.strip().startswith("["):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a formula with one backslash, which Python keeps and warns of
            values: Any = ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return None
    is_texts = isinstance(values, list) and all(isinstance(value, str) for value in cast(list[Any], values))
    return tuple(cast(list[str], values)) if is_texts else None


def _row(where: str, row: TableRow) -> Row:
    record, name = row.values, fields.name(row.values, "id")
    columns = [column for column in PICTURES if row.filled.get(column)]
    if not columns:
        raise RowError(f"there is no picture in {PICTURES[0]} to {PICTURES[-1]}.")
    pictures = tuple(row.picture(column, f"{name}_{column.removeprefix('image_')}") for column in columns)
    made = _choice if fields.text(record, "question_type") == CHOICE else _open
    sample = made(name, image_id(pictures), record, _metadata(record, row.table))
    return Row(where, sample, pictures)


def _metadata(record: Record, table: Table) -> Metadata:
    own = {key: record.get(key) for key in ("question_type", "subfield", "topic_difficulty", "img_type")}
    return Metadata({"subject": table.config, "category": _CATEGORY[table.config], **own, "split": table.split})


def _choice(name: str, image: str, record: Record, metadata: Metadata) -> Sample:
    question, written = fields.text(record, "question"), fields.text(record, "options")
    texts = listed(written)
    if texts is None:
        raise RowError(f'"options" must be a list of texts as Python writes it, not {fields.brief(written)}.')
    choices = lettered.distinct(texts)
    letters = _answers(record)
    asked = lettered.lines(texts, "({letter}) {option}\n")
    return Sample(
        id=name,
        image_id=image,
        question=question,
        options=choices,
        references=tuple(lettered.named(letter, choices) for letter in letters),
        metadata=metadata,
        dataset=NAME,
        official=f"{question}\n{asked}\nAnswer with the option's letter from the given choices directly.",
    )


def _open(name: str, image: str, record: Record, metadata: Metadata) -> Sample:
    question = fields.text(record, "question")
    return Sample(
        id=name,
        image_id=image,
        question=question,
        kind="open",
        references=_answers(record),
        metadata=metadata,
        dataset=NAME,
        official=f"{question}\nAnswer the question using a single word or phrase.",
    )


def _answers(record: Record) -> tuple[str, ...]:
    """All right answers: one, or several that are written as a list; none where they are not published."""
    answer = fields.text(record, "answer")
    return () if answer.strip() == HIDDEN else listed(answer) or (answer,)


SPLITS = MappingProxyType({"validation": Count(900), "dev": Count(150), "test": Count(10500)})
"""The numbers of questions as README.md of MMMU-Benchmark/MMMU has them."""

HUB = Hub(
    "MMMU/MMMU",
    tables={split: tuple(Table(subject, split) for subject in sorted(_CATEGORY)) for split in SPLITS},
    pictures=PICTURES,
    row=_row,
    columns=(
        "id",
        "question",
        "options",
        "answer",
        "question_type",
        "subfield",
        "topic_difficulty",
        "img_type",
    ),
    index_pictures=True,
    seen="MMMU-Benchmark/MMMU mmmu/run_llava.py and utils/data_utils.py; the cards of lmms-lab/MMMU and of a duplicate",
)

ENTRIES = (
    Entry(
        NAME,
        "college exams of 30 subjects about one to seven pictures, multiple choice or open",
        hub=HUB,
        splits=SPLITS,
        files="a folder a subject, each with its Parquet files (Accounting/validation-00000-of-00001.parquet)",
        license="Apache-2.0",
        bibtex="""@inproceedings{yue2023mmmu,
  title={MMMU: A Massive Multi-discipline Multimodal Understanding and Reasoning Benchmark for Expert AGI},
  author={Xiang Yue and Yuansheng Ni and Kai Zhang and Tianyu Zheng and Ruoqi Liu and Ge Zhang and Samuel Stevens
    and Dongfu Jiang and Weiming Ren and Yuxuan Sun and Cong Wei and Botao Yu and Ruibin Yuan and Renliang Sun
    and Ming Yin and Boyuan Zheng and Zhenzhu Yang and Yibo Liu and Wenhao Huang and Huan Sun and Yu Su and Wenhu Chen},
  booktitle={Proceedings of CVPR},
  year={2024}
}""",
    ),
)
