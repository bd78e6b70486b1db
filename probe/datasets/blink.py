"""BLINK: multiple choice in 14 tasks of visual perception, about one to four pictures.

The official files are the hub's Parquet files, a folder a task. A row has the pictures of its filled columns. Official
prompt: the row's own `prompt`, which lists the options as "(A)". Left out is what is put in front of it elsewhere: by
the authors' script a disclaimer about people in Art_Style, Forensic_Detection and Jigsaw, by lmms-eval a note to answer
with a letter.
"""

from types import MappingProxyType

from ..sample import Metadata, Sample
from . import fields, lettered
from .entry import Entry
from .hub import Hub, TableRow
from .problems import Count
from .rows import Row, RowError, image_id
from .tables import Table

NAME = "blink"
PICTURES = ("image_1", "image_2", "image_3", "image_4")
HIDDEN = "hidden"
"""The answer of questions whose answer is not published."""

TASKS = (
    "Art_Style",
    "Counting",
    "Forensic_Detection",
    "Functional_Correspondence",
    "IQ_Test",
    "Jigsaw",
    "Multi-view_Reasoning",
    "Object_Localization",
    "Relative_Depth",
    "Relative_Reflectance",
    "Semantic_Correspondence",
    "Spatial_Relation",
    "Visual_Correspondence",
    "Visual_Similarity",
)


def _row(where: str, row: TableRow) -> Row:
    record, name = row.values, fields.name(row.values, "idx")
    columns = [column for column in PICTURES if row.filled.get(column)]
    if not columns:
        raise RowError(f"there is no picture in {PICTURES[0]} to {PICTURES[-1]}.")
    pictures = tuple(row.picture(column, f"{name}_{column.removeprefix('image_')}") for column in columns)
    choices = lettered.distinct(fields.texts(record, "choices") or ())
    answer = fields.text(record, "answer")
    sample = Sample(
        id=name,
        image_id=image_id(pictures),
        question=fields.text(record, "question"),
        options=choices,
        answer=None if answer == HIDDEN else lettered.named(answer, choices),
        metadata=Metadata({"task": row.table.config, "split": row.table.split}),
        dataset=NAME,
        official=fields.text(record, "prompt"),
    )
    return Row(where, sample, pictures)


# README.md of zeyofu/BLINK_Benchmark at 2d6a779b: 1,901 and 3,807 in all, hence 1,906, as many as eval/saved_outputs
# has; its table says 1,907.
SPLITS = MappingProxyType({"val": Count(1901), "test": Count(1906)})

HUB = Hub(
    "BLINK-Benchmark/BLINK",
    tables={split: tuple(Table(task, split) for task in TASKS) for split in SPLITS},
    pictures=PICTURES,
    row=_row,
    columns=("idx", "question", "choices", "answer", "prompt"),
    index_pictures=True,
    seen="zeyofu/BLINK_Benchmark eval/test_benchmark.py; lmms-eval tasks/blink (_default_template_yaml, utils.py)",
)

ENTRIES = (
    Entry(
        NAME,
        "14 tasks of visual perception about one to four pictures, multiple choice",
        hub=HUB,
        splits=SPLITS,
        files="a folder a task, each with its Parquet files (Counting/val-00000-of-00001.parquet)",
        license="Apache-2.0",
        bibtex="""@article{fu2024blink,
  title={BLINK: Multimodal Large Language Models Can See but Not Perceive},
  author={Fu, Xingyu and Hu, Yushi and Li, Bangzheng and Feng, Yu and Wang, Haoyu and Lin, Xudong and Roth, Dan and
    Smith, Noah A and Ma, Wei-Chiu and Krishna, Ranjay},
  journal={arXiv preprint arXiv:2404.12390},
  year={2024}
}""",
    ),
)
