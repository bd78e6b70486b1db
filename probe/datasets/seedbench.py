r"""SEED-Bench, the image part: multiple choice of four about pictures of Conceptual Captions.

The official file is SEED-Bench.json with the pictures in SEED-Bench-image, whose names have no ending; the questions
about videos in it are passed over. A sample's id is the question's type and id: the authors' answers of GPT-4V have
14,232 different ids of the 14,233 questions, so that one may stand at two types.

Its authors score the options by their likelihood after "Question: ...\nAnswer:". The official prompt is that of
LLaVA-1.5 and lmms-eval: the options with letters, then "Answer with the option's letter from the given choices
directly.".
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, cast

from ..sample import Metadata, Picture, Sample
from . import fields, json_files, lettered, tables
from .entry import Entry
from .fields import Record
from .hub import Hub, TableRow
from .json_files import Document
from .named_pictures import NamedPictures
from .problems import Count
from .rows import Read, Row, RowError, read_rows
from .source import Source
from .tables import Table

NAME = "seedbench"
SPLIT = "image"
CHOICES = ("choice_a", "choice_b", "choice_c", "choice_d")
FOLDERS = ("SEED-Bench-image", "seed_bench_image", "images", "")
LINE = "{letter}. {option}\n"
INSTRUCTION = "Answer with the option's letter from the given choices directly."

# By issue 28 of AILab-CVC/SEED-Bench, after which its authors corrected the file (2024-05): until then it had the names
# of 3 and 4 the wrong way round. The hub's tables are older, and have numbers alone.
TYPES: Mapping[int, str] = MappingProxyType(
    {
        1: "Scene Understanding",
        2: "Instance Identity",
        3: "Instance Location",
        4: "Instance Attributes",
        5: "Instances Counting",
        6: "Spatial Relation",
        7: "Instance Interaction",
        8: "Visual Reasoning",
        9: "Text Understanding",
    }
)
"""What questions about pictures ask for, by number, where a file does not say it itself under "question_type"."""


def read(source: Source) -> Read:
    """The questions about pictures. Raises DatasetError where the file is not there, or holds something else."""
    if tables.are_in(source):
        return HUB.read(source)
    root = source.root
    document = json_files.read(root.first("SEED-Bench.json"))
    row = _FileRow(document, _types(document), NamedPictures.among(root, *FOLDERS))
    return Read(read_rows(_about_pictures(document), row), (NAME, document.identity))


def _about_pictures(document: Document) -> Iterator[tuple[str, str, Any]]:
    for name, where, entry in document.numbered("questions", "question_id"):
        # what is no object is no question about a video either: it is refused in words
        if not isinstance(entry, Mapping) or not _is_video(cast(Record, entry)):
            yield name, where, entry


def _is_video(record: Record) -> bool:
    return record.get("data_type") == "video"


def _types(document: Document) -> Mapping[int, str]:
    """The names of types by number, of the file where it has them."""
    whole = document.value
    given = cast(Mapping[str, Any], whole).get("question_type") if isinstance(whole, Mapping) else None
    if not isinstance(given, Mapping):
        return TYPES
    return {number: name for name, number in cast(Mapping[str, Any], given).items() if isinstance(number, int)}


@dataclass(frozen=True)
class _FileRow:
    """How an entry of the file becomes a sample."""

    document: Document
    types: Mapping[int, str]
    pictures: NamedPictures

    def __call__(self, where: str, entry: Any) -> Row:
        record = self.document.record(entry)
        return _row(where, record, self.types, self.pictures(fields.text(record, "data_id")))


def _row(where: str, record: Record, types: Mapping[int, str], picture: Picture) -> Row:
    question, texts = fields.text(record, "question"), [fields.name(record, key) for key in CHOICES]
    choices = lettered.distinct(texts)
    number, own = fields.name(record, "question_type_id"), fields.name(record, "question_id")
    if (kind := fields.number_in(number)) is None or kind not in types:
        raise RowError(f'"question_type_id" {fields.brief(number)} is none of {", ".join(map(str, types))}.')
    sample = Sample(
        id=f"{number}-{own}",
        image_id=picture.id,
        question=question,
        options=choices,
        answer=lettered.named(fields.text(record, "answer"), choices),
        metadata=Metadata({"question_type": types[kind], "question_id": own, "split": SPLIT}),
        dataset=NAME,
        official=f"{question}\n{lettered.lines(texts, LINE)}{INSTRUCTION}",
    )
    return Row(where, sample, (picture,))


def _of_table(where: str, row: TableRow) -> Row:
    return _row(where, row.values, TYPES, row.picture("image", fields.text(row.values, "data_id"), position=0))


def _has_a_picture(row: TableRow) -> bool:
    return not _is_video(row.values)


HUB = Hub(
    "lmms-lab/SEED-Bench",
    tables={SPLIT: (Table("", "test"),)},
    pictures=("image",),  # a list: a video's frames, or one picture
    row=_of_table,
    columns=(*CHOICES, "answer", "data_id", "data_type", "question", "question_id", "question_type_id"),
    part=_has_a_picture,
    seen="lmms-eval tasks/seedbench (seedbench.yaml, utils.py); data_id and question_type_id in others' loaders of it",
)

# 14,233 questions: the hub's 17,990 rows without the 3,757 about videos that AILab-CVC/SEED-Bench's
# evaluate_result/SEED-Bench-1/GPT-4V.json answers. Its authors do not say how many pictures there are.
ENTRIES = (
    Entry(
        NAME,
        "multiple choice of four about pictures",
        read=read,
        hub=HUB,
        splits=MappingProxyType({SPLIT: Count(14233)}),
        files="SEED-Bench.json and the folder SEED-Bench-image",
        license="CC BY-NC 4.0; the pictures are those of Conceptual Captions",
        bibtex="""@article{li2023seed,
  title={Seed-bench: Benchmarking multimodal llms with generative comprehension},
  author={Li, Bohao and Wang, Rui and Wang, Guangzhi and Ge, Yuying and Ge, Yixiao and Shan, Ying},
  journal={arXiv preprint arXiv:2307.16125},
  year={2023}
}""",
    ),
)
