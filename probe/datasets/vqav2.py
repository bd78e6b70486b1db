"""VQAv2: open questions about COCO pictures, ten people's answers each.

Files: `v2_OpenEnded_mscoco_val2014_questions.json`, `v2_mscoco_val2014_annotations.json` and the pictures in `val2014`;
the other splits likewise, the test splits without annotations. The answers are kept in order, with repetitions;
`answer` is the annotations' `multiple_choice_answer`, which is the one that most people gave. The official prompt is
that of LLaVA-1.5 and of lmms-eval; the benchmark itself prescribes none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from ..sample import Metadata, Picture, Sample
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

NAME = "vqav2"
METADATA = ("question_type", "answer_type")


@dataclass(frozen=True)
class _Split:
    """How files name a split: its questions, its pictures; whether its answers are published; its split on the hub."""

    questions: str
    pictures: str
    annotated: bool
    hub: str = ""


SPLITS: Mapping[str, _Split] = MappingProxyType(
    {
        "val": _Split("val2014", "val2014", True, "validation"),
        "train": _Split("train2014", "train2014", True),
        "test-dev": _Split("test-dev2015", "test2015", False, "testdev"),
        "test": _Split("test2015", "test2015", False, "test"),
    }
)


def read(source: Source) -> Read:
    """The questions of the official files, each with its annotation."""
    root = source.root
    if tables.are_in(source):
        return HUB.read(source)
    split = SPLITS[source.split]
    name = f"v2_OpenEnded_mscoco_{split.questions}_questions.json"
    questions = json_files.read(root.first(name, f"Questions/{name}", f"*/{name}"))
    identity = (questions.identity,)
    annotations: dict[str, Any] = {}
    if split.annotated:
        name = f"v2_mscoco_{split.questions}_annotations.json"
        document = json_files.read(root.first(name, f"Annotations/{name}", f"*/{name}"))
        annotations = {key: entry for key, _, entry in document.numbered("annotations", "question_id")}
        identity = (questions.identity, document.identity)
    folders = (split.pictures, f"images/{split.pictures}", f"Images/mscoco/{split.pictures}", f"coco/{split.pictures}")
    make = _FileRow(source.split, questions, annotations, NamedPictures.among(root, *folders))
    return Read(read_rows(questions.numbered("questions", "question_id"), make), identity)


@dataclass(frozen=True)
class _FileRow:
    """How an entry of the questions' file becomes a sample."""

    split: str
    questions: Document
    annotations: Mapping[str, Any]
    pictures: NamedPictures

    def __call__(self, where: str, entry: Any) -> Row:
        question = self.questions.record(entry)
        annotation: Record = {}
        if SPLITS[self.split].annotated:
            found = self.annotations.get(fields.name(question, "question_id"))
            if found is None:
                raise RowError("the annotations have no entry for this question.")
            annotation = self.questions.record(found)
            _same_picture(question, annotation)
        return _row(where, question, annotation, self.split, self.pictures(_file_name(question, self.split)))


def _hub_row(where: str, row: TableRow) -> Row:
    split = next(name for name, each in SPLITS.items() if each.hub == row.table.split)
    picture = row.picture("image", _file_name(row.values, split))
    return _row(where, row.values, row.values, split, picture)


def _row(where: str, question: Record, annotation: Record, split: str, picture: Picture) -> Row:
    text = fields.text(question, "question")
    references = vqa_answers.given(_answers(annotation))
    if SPLITS[split].annotated and not references:
        raise RowError('"answers" has no answer.')
    sample = Sample(
        id=fields.name(question, "question_id"),
        image_id=picture.id,
        question=text,
        answer=(annotation.get("multiple_choice_answer") or None) if references else None,
        kind="open",
        references=references,
        metadata=Metadata({key: annotation[key] for key in METADATA if annotation.get(key)} | {"split": split}),
        dataset=NAME,
        official=vqa_answers.ask_briefly(text),
    )
    return Row(where, sample, (picture,))


def _answers(annotation: Record) -> list[str]:
    listed = annotation.get("answers") or []
    if not isinstance(listed, list) or not all(isinstance(each, Mapping) for each in cast(list[Any], listed)):
        raise RowError(f'"answers" must be a list of objects, not {fields.brief(listed)}.')
    return [fields.text(each, "answer") for each in cast(list[Record], listed)]


def _file_name(question: Record, split: str) -> str:
    """The name of the picture, as COCO names its files.

    >>> _file_name({"image_id": "42"}, "val")
    'COCO_val2014_000000000042.jpg'
    """
    number = fields.name(question, "image_id")
    if (picture := fields.number_in(number)) is None:
        raise RowError(f'"image_id" must be a whole number, not {number!r}.')
    return f"COCO_{SPLITS[split].pictures}_{picture:012d}.jpg"


def _same_picture(question: Record, annotation: Record) -> None:
    asked, answered = fields.name(question, "image_id"), fields.name(annotation, "image_id")
    if asked != answered:
        raise RowError(f"the question is about picture {asked}, its annotation about {answered}.")


HUB = Hub(
    "lmms-lab/VQAv2",
    tables={name: (Table("", split.hub),) for name, split in SPLITS.items() if split.hub},
    pictures=("image",),
    row=_hub_row,
    columns=(
        "question_type",
        "multiple_choice_answer",
        "answers",
        "image_id",
        "answer_type",
        "question_id",
        "question",
    ),
    seen="the repository's README.md (dataset_info of the split validation); its viewer for the other splits",
)

# The numbers of questions and pictures: README.md of GT-Vision-Lab/VQA, which states no number of pictures in test-dev;
# its questions: the README.md of a copy of the hub's tables.
ENTRIES = (
    Entry(
        NAME,
        "open questions about COCO pictures, ten answers each",
        read=read,
        hub=HUB,
        splits=MappingProxyType(
            {
                "val": Count(214_354, 40_504),
                "train": Count(443_757, 82_783),
                "test-dev": Count(107_394),
                "test": Count(447_793, 81_434),
            }
        ),
        files="v2_OpenEnded_mscoco_val2014_questions.json, v2_mscoco_val2014_annotations.json and the folder val2014",
        license="CC BY 4.0 (annotations); pictures under their Flickr licences",
        bibtex="""@inproceedings{goyal2017making,
  title = {Making the {V} in {VQA} Matter: Elevating the Role of Image Understanding in Visual Question Answering},
  author = {Goyal, Yash and Khot, Tejas and Summers-Stay, Douglas and Batra, Dhruv and Parikh, Devi},
  booktitle = {IEEE Conference on Computer Vision and Pattern Recognition},
  year = {2017},
  eprint = {1612.00837},
  archivePrefix = {arXiv}
}""",
    ),
)
