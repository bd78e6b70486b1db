"""GQA: questions made from scene graphs, one answer each, balanced.

Files: `testdev_balanced_questions.json` (val, train and test likewise) and the pictures in `images`. The official
prompt is that of LLaVA-1.5 and of lmms-eval; the benchmark itself prescribes none. Yes/no questions are open ones too,
as the official script scores all by exact match.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from ..sample import Metadata, Picture, Plain, Sample
from . import fields, json_files, tables, vqa_answers
from .entry import Entry
from .fields import Record
from .hub import TableRow
from .joined import JoinedHub
from .json_files import Document
from .named_pictures import NamedPictures
from .problems import Count
from .rows import Read, Row, read_rows
from .source import Source
from .tables import Table

NAME = "gqa"
TYPES = ("structural", "semantic", "detailed")
WITHOUT_ANSWERS = ("test",)


def read(source: Source) -> Read:
    """The questions of the official files."""
    root = source.root
    if tables.are_in(source):
        return HUB.read(source)
    name = f"{source.split}_balanced_questions.json"
    document = json_files.read(root.first(name, f"questions1.2/{name}", f"questions/{name}", f"*/{name}"))
    make = _FileRow(source.split, document, NamedPictures.among(root, "images", "allImages/images"))
    return Read(read_rows(document.items("question"), make), (document.identity,))


@dataclass(frozen=True)
class _FileRow:
    """How a question of the file, an item of its object, becomes a sample."""

    split: str
    document: Document
    pictures: NamedPictures

    def __call__(self, where: str, item: tuple[str, Any]) -> Row:
        question_id, entry = item
        record = self.document.record(entry)
        return _row(where, record, question_id, self.split, self.pictures(_file_name(record)))


def _hub_row(where: str, row: TableRow) -> Row:
    picture = row.picture("image", _file_name(row.values))
    return _row(where, row.values, fields.name(row.values, "id"), row.table.split, picture)


def _row(where: str, record: Record, question_id: str, split: str, picture: Picture) -> Row:
    question = fields.text(record, "question")
    sample = Sample(
        id=question_id,
        image_id=picture.id,
        question=question,
        kind="open",
        references=() if split in WITHOUT_ANSWERS else (fields.text(record, "answer"),),
        metadata=_metadata(record, split),
        dataset=NAME,
        official=vqa_answers.ask_briefly(question),
    )
    return Row(where, sample, (picture,))


def _metadata(record: Record, split: str) -> Metadata:
    """The kinds of the question, its full answer and its split."""
    values: dict[str, Plain] = {"split": split}
    types = record.get("types")
    if isinstance(types, Mapping):
        kinds = cast(Record, types)
        values |= {name: kinds[name] for name in TYPES if isinstance(kinds.get(name), str)}
    if isinstance(record.get("fullAnswer"), str):
        values["fullAnswer"] = record["fullAnswer"]
    return Metadata(values)


def _file_name(record: Record) -> str:
    return f"{fields.name(record, 'imageId')}.jpg"


HUB = JoinedHub(
    "lmms-lab/GQA",
    tables={name: (Table(f"{name}_balanced_instructions", name),) for name in ("testdev", "val", "train", "test")},
    pictures=("image",),
    row=_hub_row,
    picture_tables={name: (Table(f"{name}_balanced_images", name),) for name in ("testdev", "val", "train", "test")},
    link="imageId",
    seen="the repository's README.md (dataset_info of test) and its listing of files; lmms-eval tasks/gqa",
)

# The numbers of questions: dataset_info of a copy of the hub's tables (testdev, val, train) and of lmms-lab/GQA (test);
# of pictures: a copy of testdev, and lmms-lab/GQA (test). Those of val and train were not found stated exactly.
ENTRIES = (
    Entry(
        NAME,
        "compositional questions about real pictures, balanced",
        read=read,
        hub=HUB,
        splits=MappingProxyType(
            {
                "testdev": Count(12_578, 398),
                "val": Count(132_062),
                "train": Count(943_000),
                "test": Count(95_336, 2_987),
            }
        ),
        files="testdev_balanced_questions.json and the folder images",
        license="CC BY 4.0",
        bibtex="""@inproceedings{hudson2019gqa,
  title = {{GQA}: A New Dataset for Real-World Visual Reasoning and Compositional Question Answering},
  author = {Hudson, Drew A. and Manning, Christopher D.},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition},
  year = {2019},
  eprint = {1902.09506},
  archivePrefix = {arXiv}
}""",
    ),
)
