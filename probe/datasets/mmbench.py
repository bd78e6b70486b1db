r"""MMBench: multiple choice of two to four about one picture, in English and Chinese.

The official files are VLMEvalKit's tables (MMBench_DEV_EN.tsv), whose pictures are base64. They hold each question
in every rotation of its options, as CircularEval asks for: the first under its index i, the others under
i + 1,000,000 · rotation. `mmbench` asks the first alone, `mmbench-circular` all of them; where a file has no rotations
they are made as VLMEvalKit makes them, each moving the options one place to the front.

Official prompt: that of VLMEvalKit, the benchmark's own evaluation, which is English for both languages. Missing cells
are empty or "nan". In our own prompts the hint stands before the question.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType

from ..prompts import letter
from ..sample import Metadata, Picture, Sample
from . import fields, lettered, picture_tsv, tables
from .entry import Entry
from .fields import Record
from .hub import Hub, TableRow
from .picture_tsv import PictureTable, TextRow
from .problems import Count
from .rows import Read, Row, RowError, read_rows
from .source import Source
from .tables import Table

NAME, CIRCULAR = "mmbench", "mmbench-circular"
INSTRUCTION = "Please select the correct answer from the options above. \n"
ROTATION = 1_000_000
"""What a rotation adds to the index of a question."""

FILES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        f"{part}-{language}": (
            f"MMBench_{part.upper()}_{language.upper()}.tsv",
            f"MMBench_{part.upper()}_{language.upper()}_legacy.tsv",
            f"mmbench_{part}_{language}_*.tsv",
            *((f"mmbench_{part}_2*.tsv",) if language == "en" else ()),  # followed by a date alone, it is English
        )
        for language in ("en", "cn")
        for part in ("dev", "test")
    }
)
"""How the file of a split can be called."""


def read(source: Source, *, circular: bool) -> Read:
    """The questions of a split, in one rotation or in all. Raises DatasetError where its file is not there."""
    path, names = Path(source.path), FILES[source.split]
    file = path if path.suffix.lower() == ".tsv" and path.is_file() else next(source.root.all(*names), None)
    if file is None and tables.are_in(source):
        return (CIRCULAR_HUB if circular else HUB).read(source)
    file = file or source.root.first(*names)
    table = picture_tsv.read(file, picture_name, ("question", "A", "B"), max_pixels=source.max_pixels)
    rows = read_rows(_asked(table, circular), _FileRow(table, Form(source.split, circular)))
    return Read(rows, (CIRCULAR if circular else NAME, table.identity), table.fetch)


def _asked(table: PictureTable, circular: bool) -> Iterator[tuple[str, str, tuple[TextRow, int]]]:
    """The rows to ask, each with the number of places by which its options are still to be rotated."""
    has_rotations = any(rotation_of(row.values) for row in table.rows)
    for row in table.rows:
        if circular or not rotation_of(row.values):
            for rotation in range(_number_of_options(row.values) if circular and not has_rotations else 1):
                yield f"line{row.line}", f"{table.file.name} line {row.line}", (row, rotation)


def _number_of_options(record: Record) -> int:
    """How many options a row has, at least 1: what is wrong with a row is said once."""
    try:
        return max(len(_letters(record)), 1)
    except RowError:
        return 1


def rotation_of(record: Record) -> int:
    """Which rotation of its question a row is; 0 also for what has no whole number as its index.

    >>> rotation_of({"index": "241"}), rotation_of({"index": 3000241})
    (0, 3)
    """
    return (fields.number_in(str(record.get("index"))) or 0) // ROTATION


def picture_name(index: str) -> str:
    """The id of a row's picture: that of its question, as all rotations of one show the same picture.

    >>> picture_name("3000241")
    '241'
    """
    number = fields.number_in(index)
    return index if number is None else str(number % ROTATION)


@dataclass(frozen=True)
class Form:
    """How questions are asked: those of which split, and whether in all rotations."""

    split: str
    circular: bool

    def row(self, where: str, record: Record, picture: Picture, rotation: int = 0) -> Row:
        """The row of a record, whose options are rotated by so many places. Raises RowError."""
        index = fields.name(record, "index")
        if (own := fields.number_in(index)) is None:
            raise RowError(f'"index" must be a whole number, not {fields.brief(index)}.')
        number = own + ROTATION * rotation
        texts, answer = [str(record[name]) for name in _letters(record)], _given(record, "answer")
        choices, rotated = lettered.distinct(texts), texts[rotation:] + texts[:rotation]
        question, hint = _given(record, "question"), _given(record, "hint")
        if question is None:
            raise RowError('"question" is missing.')
        sample = Sample(
            id=str(number),
            image_id=picture.id,
            question=question if hint is None else f"{hint}\n{question}",
            options=choices[rotation:] + choices[:rotation],
            answer=None if answer is None else lettered.named(answer, choices),
            metadata=self._metadata(record, number),
            dataset=CIRCULAR if self.circular else NAME,
            official=_official(question, hint, rotated),
        )
        return Row(where, sample, (picture,))

    def _metadata(self, record: Record, number: int) -> Metadata:
        level_two = _given(record, "l2-category") or _given(record, "L2-category")
        own = {"category": _given(record, "category"), "l2-category": level_two, "source": _given(record, "source")}
        group, rotation = str(number % ROTATION), number // ROTATION
        circular = {"circular_group": group, "circular_rotation": rotation} if self.circular else {}
        return Metadata({**own, **circular, "split": self.split})


@dataclass(frozen=True)
class _FileRow:
    """How a row of the file becomes a sample."""

    table: PictureTable
    form: Form

    def __call__(self, where: str, asked: tuple[TextRow, int]) -> Row:
        row, rotation = asked
        if row.error:
            raise RowError(row.error)
        return self.form.row(where, row.values, self.table.picture(row), rotation)


def _of_table(circular: bool, where: str, row: TableRow) -> Row:
    picture = row.picture("image", picture_name(fields.name(row.values, "index")))
    return Form(f"{row.table.split}-{row.table.config}", circular).row(where, row.values, picture)


def _official(question: str, hint: str | None, texts: list[str]) -> str:
    before = "" if hint is None else f"Hint: {hint}\n"
    listed = lettered.lines(texts, "{letter}. {option}\n")
    return (
        f"{before}Question: {question}\nOptions:\n{listed}Please select the correct answer from the options above. \n"
    )


def _letters(record: Record) -> list[str]:
    """The letters of the options that a row has. Raises RowError where one before another is missing."""
    every = [letter(place) for place in range(26)]
    given = [name for name in every if _given(record, name) is not None]
    if given != every[: len(given)]:
        raise RowError(f"the options {', '.join(given)} are given, and one before them is missing.")
    return given


def _given(record: Record, name: str) -> str | None:
    """The text of a cell, None for a missing one: an empty text or "nan"."""
    value = record.get(name)
    return None if value is None or str(value).strip().lower() in ("", "nan") else str(value)


def _is_first(row: TableRow) -> bool:
    return rotation_of(row.values) == 0


CIRCULAR_HUB = Hub(
    "lmms-lab/MMBench",
    tables={split: (Table(split.partition("-")[2], split.partition("-")[0]),) for split in FILES},
    pictures=("image",),
    row=partial(_of_table, True),
    columns=("index", "question", "hint", "answer", *"ABCD", "category", "source", "L2-category"),
    seen="lmms-eval tasks/mmbench (_default_template_mmbench_en_yaml, mmbench_en_dev.yaml, en_utils.py); its card",
)
HUB = replace(CIRCULAR_HUB, row=partial(_of_table, False), part=_is_first)

# README.md of open-compass/MMBench. With rotations: the numbers of rows on the cards of lmms-lab/MMBench (en and cn)
# and HuggingFaceM4/MMBench. How many pictures there are is not said.
SPLITS = MappingProxyType(
    {"dev-en": Count(1164), "test-en": Count(1784), "dev-cn": Count(1164), "test-cn": Count(1784)}
)
CIRCULAR_SPLITS = MappingProxyType(
    {"dev-en": Count(4329), "test-en": Count(6666), "dev-cn": Count(4329), "test-cn": Count(6666)}
)

ENTRIES = tuple(
    Entry(
        name,
        description,
        read=partial(read, circular=circular),
        hub=CIRCULAR_HUB if circular else HUB,
        splits=CIRCULAR_SPLITS if circular else SPLITS,
        files="the table of the split, such as MMBench_DEV_EN.tsv; or the path of the table itself",
        license="Apache-2.0",
        bibtex="""@article{MMBench,
    author  = {Yuan Liu and Haodong Duan and Yuanhan Zhang and Bo Li and Songyang Zhang and Wangbo Zhao and Yike Yuan
               and Jiaqi Wang and Conghui He and Ziwei Liu and Kai Chen and Dahua Lin},
    journal = {arXiv:2307.06281},
    title   = {MMBench: Is Your Multi-modal Model an All-around Player?},
    year    = {2023},
}""",
    )
    for name, circular, description in (
        (NAME, False, "multiple choice of two to four about one picture, in English or Chinese"),
        (CIRCULAR, True, "the same, each question in all rotations of its options (CircularEval)"),
    )
)
