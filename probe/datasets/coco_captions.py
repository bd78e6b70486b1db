"""COCO captions with the objects that are in each picture, as CHAIR needs them.

Files: `captions_val2014.json` and `instances_val2014.json` (in `annotations`, where the archive puts them) and the
pictures in `val2014`; train2014, val2017 and train2017 likewise. Karpathy's splits need `dataset_coco.json`, the
instances of val2014 and its pictures. The references are a picture's captions in order, without white space around
them; the metadata's `objects` are the names of the categories with an instance, in the order of their ids, joined by
"; ". CHAIR's truth is both: the objects, and the words of the captions. The prompt is that of lmms-eval's task
coco_cap_chair, which papers on hallucination share: "Please describe this image in detail."
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from ..sample import Metadata, Sample
from . import fields, json_files
from .entry import Entry
from .json_files import Document
from .named_pictures import NamedPictures
from .problems import Count, DatasetError, Problem
from .root import Root
from .rows import Read, Row, RowError, read_rows
from .source import Source

NAME = "coco-captions"
IN_DETAIL = "Please describe this image in detail."
KARPATHY = "karpathy-"


def read(source: Source) -> Read:
    """The pictures of the official files with their captions and objects."""
    root, split = source.root, source.split
    part = "val2014" if split.startswith(KARPATHY) else split
    instances = _annotations(root, f"instances_{part}.json")
    captions = _annotations(root, "dataset_coco.json" if split.startswith(KARPATHY) else f"captions_{part}.json")
    pictures = NamedPictures.among(root, part, f"images/{part}", f"coco/{part}")
    make = _Rows(split, captions, _Objects.read(instances), pictures)
    records = make.karpathy() if split.startswith(KARPATHY) else make.official()
    return Read(records, (captions.identity, instances.identity))


def _annotations(root: Root, name: str) -> Document:
    return json_files.read(root.first(name, f"annotations/{name}", f"*/{name}"))


@dataclass(frozen=True)
class _Objects:
    """The categories of a file of instances by id, and those of each picture; what is wrong with a picture's."""

    categories: Mapping[str, str]
    of_picture: Mapping[str, frozenset[str]]
    faults: Mapping[str, str]

    @classmethod
    def read(cls, document: Document) -> "_Objects":
        try:
            listed = map(document.record, document.entries("categories"))
            named = [(int(fields.name(each, "id")), fields.text(each, "name")) for each in listed]
        except (RowError, ValueError) as error:
            raise DatasetError(f"dataset file '{document.name}' has a malformed category: {error}") from None
        categories = {str(number): name for number, name in sorted(named)}
        found: dict[str, set[str]] = {}
        faults: dict[str, str] = {}
        for _, where, entry in document.numbered("annotations", "id"):
            try:
                record = document.record(entry)
                picture, category = fields.name(record, "image_id"), fields.name(record, "category_id")
            except RowError as error:
                raise DatasetError(f"dataset file {where}: {error}") from None
            if category not in categories:
                faults[picture] = f"its instance in {where} has the category {category}, which is none of the file's."
            found.setdefault(picture, set()).add(category)
        return cls(categories, {picture: frozenset(each) for picture, each in found.items()}, faults)

    def names(self, picture: str) -> str:
        """The names of what is in a picture, in the order of the categories' ids."""
        if picture in self.faults:
            raise RowError(self.faults[picture])
        here = self.of_picture.get(picture, frozenset())
        return "; ".join(name for number, name in self.categories.items() if number in here)


@dataclass(frozen=True)
class _Rows:
    """How pictures with their captions become samples."""

    split: str
    captions: Document
    objects: _Objects
    pictures: NamedPictures

    def official(self) -> Iterator[Row | Problem]:
        """The pictures of COCO's own file, which lists captions apart from them."""
        listed: dict[str, list[tuple[str, Any]]] = {}
        for _, where, entry in self.captions.numbered("annotations", "id"):
            picture = entry.get("image_id") if isinstance(entry, Mapping) else None
            listed.setdefault(str(picture), []).append((where, entry))

        def make(where: str, entry: Any) -> Row:
            record = self.captions.record(entry)
            number = fields.name(record, "id")
            texts = [fields.text(self.captions.record(each), "caption") for _, each in listed.pop(number, ())]
            return self._row(where, number, fields.text(record, "file_name"), texts)

        yield from read_rows(self.captions.numbered("images", "id"), make)
        for picture, captions in listed.items():
            yield Problem(picture, f"{captions[0][0]}: there is no image with the id {picture}.")

    def karpathy(self) -> Iterator[Row | Problem]:
        """The pictures of one of Karpathy's splits."""
        wanted = self.split.removeprefix(KARPATHY)

        def make(where: str, entry: Any) -> Row:
            record = self.captions.record(entry)
            sentences = record.get("sentences")
            if not isinstance(sentences, list):
                raise RowError(f'"sentences" must be a list, not {fields.brief(sentences)}.')
            texts = [fields.text(self.captions.record(each), "raw") for each in sentences]
            return self._row(where, fields.name(record, "cocoid"), fields.text(record, "filename"), texts)

        entries = self.captions.numbered("images", "cocoid")
        yield from read_rows((each for each in entries if _split(each[2]) in (wanted, None)), make)

    def _row(self, where: str, number: str, file_name: str, captions: list[str]) -> Row:
        references = tuple(caption.strip() for caption in captions if caption.strip())
        if not references:
            raise RowError("this picture has no caption.")
        picture = self.pictures(file_name)
        sample = Sample(
            id=number,
            image_id=picture.id,
            question=IN_DETAIL,
            kind="describe",
            references=references,
            metadata=Metadata({"objects": self.objects.names(number), "split": self.split}),
            dataset=NAME,
            official=IN_DETAIL,
        )
        return Row(where, sample, (picture,))


def _split(entry: Any) -> Any:
    """The split that Karpathy's file gives a picture; None where it gives none, which is then a problem of the row."""
    return entry.get("split") if isinstance(entry, Mapping) else None


# The numbers of pictures: of 2014 the README.md of GT-Vision-Lab/VQA, which uses them all; of Karpathy's splits the
# catalogue of TensorFlow Datasets (coco_captions); of 2017 the dataset_info of a copy on the hub.
# No hub: its repositories of captions (lmms-lab/COCO-Caption) lack the instances, and CHAIR without them is wrong.
ENTRIES = (
    Entry(
        NAME,
        "COCO pictures to be described, with captions and the objects that are there (CHAIR)",
        read=read,
        splits=MappingProxyType(
            {
                "val2014": Count(40_504, 40_504),
                "train2014": Count(82_783, 82_783),
                "val2017": Count(5_000, 5_000),
                "train2017": Count(118_287, 118_287),
                "karpathy-test": Count(5_000, 5_000),
                "karpathy-val": Count(5_000, 5_000),
            }
        ),
        files="annotations/captions_val2014.json, annotations/instances_val2014.json and the folder val2014",
        license="CC BY 4.0 (annotations); pictures under their Flickr licences",
        bibtex="""@misc{chen_coco_captions,
  title={Microsoft {COCO} Captions: Data Collection and Evaluation Server},
  author={Chen, Xinlei and Fang, Hao and Lin, Tsung-Yi and Vedantam, Ramakrishna and Gupta, Saurabh and
    Doll{\\'a}r, Piotr and Zitnick, C. Lawrence},
  year={2015},
  eprint={1504.00325},
  archivePrefix={arXiv}
}""",
    ),
)
