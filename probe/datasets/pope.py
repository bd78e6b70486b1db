"""POPE: is an object in the picture? Yes or no, half of each.

The official files are AoiDragon/POPE's `output`: per source of pictures (COCO; A-OKVQA and GQA, whose objects SEEM
found) three files that differ in how the absent objects are drawn. Official prompt: the question as it stands, which is
POPE's own. LLaVA and lmms-eval append a line: "Answer the question using a single word or phrase.".
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from ..sample import Metadata, Picture, Sample
from . import fields, json_files, tables
from .entry import Entry
from .fields import Record
from .hub import Hub, TableRow
from .jsonl import parsed
from .named_pictures import NamedPictures
from .problems import Count
from .root import read_text
from .rows import Read, Row, RowError, read_rows
from .source import Source
from .tables import Table

NAME = "pope"
SOURCES = ("coco", "aokvqa", "gqa")
CATEGORIES = ("random", "popular", "adversarial")
ANSWERS = ("yes", "no")

FOLDERS = MappingProxyType(
    {
        "coco": ("val2014", "images/val2014", "coco/val2014", "images", ""),
        "aokvqa": ("val2014", "images/val2014", "coco/val2014", "images", ""),
        "gqa": ("gqa/images", "gqa", "images", ""),
    }
)
"""Where the pictures of a source can be; "" is the folder itself."""

# Counted in the files of AoiDragon/POPE at 08d957b9: 3,000 questions and 500 pictures each; the three files of a source
# have the same pictures, and 11 of COCO's are among A-OKVQA's.
SPLITS = MappingProxyType(
    {
        "coco": Count(9000, 500),
        **{f"coco-{category}": Count(3000, 500) for category in CATEGORIES},
        "aokvqa": Count(9000, 500),
        **{f"aokvqa-{category}": Count(3000, 500) for category in CATEGORIES},
        "gqa": Count(9000, 500),
        **{f"gqa-{category}": Count(3000, 500) for category in CATEGORIES},
        "all": Count(27000, 1489),
    }
)


def parts(split: str) -> tuple[tuple[str, str], ...]:
    """The files of a split, each as (source, category).

    >>> parts("gqa-popular"), len(parts("all"))
    ((('gqa', 'popular'),), 9)
    """
    source, _, category = split.partition("-")
    sources = SOURCES if source == "all" else (source,)
    return tuple((one, other) for one in sources for other in ((category,) if category else CATEGORIES))


def read(source: Source) -> Read:
    """The questions of a split. Raises DatasetError where one of its files is not there, or cannot be read."""
    if source.split in HUB.tables and tables.are_in(source):
        return HUB.read(source)
    root = source.root
    files = [
        _File(*part, root.first(*_file_names(*part)), NamedPictures.among(root, *FOLDERS[part[0]]))
        for part in parts(source.split)
    ]
    rows = (row for file in files for row in read_rows(file.questions(), file.row))
    return Read(rows, (NAME, *(read_text(file.path) for file in files)))


def _file_names(source: str, category: str) -> tuple[str, ...]:
    """Where a file can be: in the folder itself, in one of its source, and as in the repository."""
    names = (f"{source}_pope_seem_{category}.json", f"{source}_pope_{category}.json")
    folders = ("", f"{source}/", f"output/{source}/", f"output/seem/{source}/")
    return tuple(f"{folder}{name}" for folder in folders for name in names)


@dataclass(frozen=True)
class _File:
    """One file of questions, and the pictures of its source."""

    source: str
    category: str
    path: Path
    pictures: NamedPictures

    def questions(self) -> Iterator[tuple[str, str, str]]:
        """Each question as a line of JSON: the COCO files are such lines, the others a list."""
        content = read_text(self.path)
        listed = content.lstrip().startswith("[")
        lines = map(json.dumps, json_files.read(self.path).value) if listed else content.split("\n")
        for number, line in enumerate(lines, start=1):
            if line.strip():
                place = f"{'entry' if listed else 'line'} {number}"
                yield f"{self.source}-{self.category} {place}", f"{self.path.name} {place}", line

    def row(self, where: str, line: str) -> Row:
        record = parsed(line)
        question, answer = fields.text(record, "text"), fields.text(record, "label")
        picture = self.pictures(fields.text(record, "image"))
        return _row(where, record, question, answer, picture, (self.source, self.category))


def _row(where: str, record: Record, question: str, answer: str, picture: Picture, part: tuple[str, str]) -> Row:
    if (label := answer.strip().lower()) not in ANSWERS:
        raise RowError(f"the answer must be yes or no, not {fields.brief(answer)}.")
    source, category = part
    split = f"{source}-{category}"
    sample = Sample(
        id=f"{split}-{fields.name(record, 'question_id')}",  # every file counts from 1
        image_id=picture.id,
        question=question,
        options=ANSWERS,
        answer=label,
        kind="yesno",
        metadata=Metadata({"category": category, "source": source, "split": split}),
        dataset=NAME,
        official=question,
    )
    return Row(where, sample, (picture,))


def _of_table(where: str, row: TableRow) -> Row:
    record = row.values
    picture = row.picture("image", f"{fields.text(record, 'image_source').removesuffix('.jpg')}.jpg")
    question, answer = fields.text(record, "question"), fields.text(record, "answer")
    return _row(where, record, question, answer, picture, ("coco", row.table.split))


HUB = Hub(
    "lmms-lab/POPE",
    tables={
        "coco": tuple(Table("Full", category) for category in CATEGORIES),
        **{f"coco-{category}": (Table("Full", category),) for category in CATEGORIES},
    },
    pictures=("image",),
    row=_of_table,
    columns=("question_id", "question", "answer", "image_source", "category"),
    seen="lmms-eval tasks/pope (pope_adv.yaml, utils.py); the dataset's card, as kept in MICV-yonsei/VisAttnSink",
)

ENTRIES = (
    Entry(
        NAME,
        "is an object in the picture? (yes or no)",
        read=read,
        hub=HUB,
        splits=SPLITS,
        files="coco_pope_random.json and its like (or the repository's output/), the pictures beside them or in "
        "val2014/, those of GQA in images/",
        license="MIT (questions); the pictures are COCO's and GQA's",
        bibtex="""@inproceedings{Li-hallucination-2023,
  title={Evaluating Object Hallucination in Large Vision-Language Models},
  author={Yifan Li and Yifan Du and Kun Zhou and Jinpeng Wang and Wayne Xin Zhao and Ji-Rong Wen},
  booktitle={The 2023 Conference on Empirical Methods in Natural Language Processing},
  year={2023},
  url={https://openreview.net/forum?id=xozJw0kZXF}
}""",
    ),
)
