"""TextVQA: open questions that want text in the picture to be read, ten people's answers each.

Files: `TextVQA_0.5.1_val.json` and the pictures in `train_images` (of train and val) and `test_images`. The official
prompt is that of lmms-eval without OCR tokens, which makes the question's first letter a capital and all others small;
LLaVA-1.5 adds OCR tokens, which the dataset's own files do not hold.
"""

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ..sample import Metadata, Picture, Plain, Sample
from . import fields, json_files, tables, vqa_answers
from .entry import Entry
from .fields import Record
from .hub import Hub, TableRow
from .json_files import Document
from .named_pictures import NamedPictures
from .problems import Count
from .rows import Read, Row, RowError, read_rows
from .source import Source
from .tables import Table

NAME = "textvqa"
ON_HUB = {"val": "validation", "train": "train", "test": "test"}
"""Our name of a split -> the hub's."""


def read(source: Source) -> Read:
    """The questions of the official files."""
    root = source.root
    if tables.are_in(source):
        return HUB.read(source)
    name = f"TextVQA_0.5.1_{source.split}.json"
    document = json_files.read(root.first(name, f"*/{name}"))
    folder = "test_images" if source.split == "test" else "train_images"
    pictures = NamedPictures.among(root, folder, f"images/{folder}", f"train_val_images/{folder}")
    return Read(
        read_rows(document.numbered("data", "question_id"), _FileRow(source.split, document, pictures)),
        (document.identity,),
    )


@dataclass(frozen=True)
class _FileRow:
    """How an entry of the file becomes a sample."""

    split: str
    document: Document
    pictures: NamedPictures

    def __call__(self, where: str, entry: Any) -> Row:
        record = self.document.record(entry)
        return _row(where, record, self.split, self.pictures(_file_name(record)))


def _hub_row(where: str, row: TableRow) -> Row:
    split = next(name for name, each in ON_HUB.items() if each == row.table.split)
    return _row(where, row.values, split, row.picture("image", _file_name(row.values)))


def _row(where: str, record: Record, split: str, picture: Picture) -> Row:
    question = fields.text(record, "question")
    references = vqa_answers.given(fields.texts(record, "answers") or ())
    if split != "test" and not references:
        raise RowError('"answers" has no answer.')
    metadata: dict[str, Plain] = {"split": split}
    if classes := fields.texts(record, "image_classes"):
        metadata["image_classes"] = "; ".join(classes)
    sample = Sample(
        id=fields.name(record, "question_id"),
        image_id=picture.id,
        question=question,
        kind="open",
        references=references,
        metadata=Metadata(metadata),
        dataset=NAME,
        official=vqa_answers.ask_briefly(question.capitalize()),
    )
    return Row(where, sample, (picture,))


def _file_name(record: Record) -> str:
    return f"{fields.name(record, 'image_id')}.jpg"


HUB = Hub(
    "lmms-lab/textvqa",
    tables={name: (Table("", split),) for name, split in ON_HUB.items()},
    pictures=("image",),
    row=_hub_row,
    columns=("image_id", "question_id", "question", "answers", "image_classes"),
    seen="the README.md (dataset_info) of a copy of the repository; lmms-eval tasks/textvqa",
)

# The numbers of questions and pictures: the text of the dataset's own page (textvqa.org) for v0.5.1.
ENTRIES = (
    Entry(
        NAME,
        "open questions about text in pictures, ten answers each",
        read=read,
        hub=HUB,
        splits=MappingProxyType(
            {"val": Count(5_000, 3_166), "train": Count(34_602, 21_953), "test": Count(5_734, 3_289)}
        ),
        files="TextVQA_0.5.1_val.json and the folder train_images",
        license="CC BY 4.0",
        bibtex="""@inproceedings{singh2019towards,
  title = {Towards {VQA} Models That Can Read},
  author = {Singh, Amanpreet and Natarajan, Vivek and Shah, Meet and Jiang, Yu and Chen, Xinlei and Batra, Dhruv
            and Parikh, Devi and Rohrbach, Marcus},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition},
  year = {2019},
  eprint = {1904.08920},
  archivePrefix = {arXiv}
}""",
    ),
)
