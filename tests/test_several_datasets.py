"""Several datasets in one run, and datasets that installed packages offer."""

import json
from importlib.metadata import EntryPoint

import pytest
from PIL import Image as Pillow

import probe
from probe.datasets import extension, several
from probe.datasets.entry import Entry
from probe.datasets.problems import Count, DatasetError
from probe.datasets.registry import DATASETS, open_dataset
from probe.datasets.rows import Read, Row
from probe.sample import Dataset, Image, Picture, Sample


def write(folder, name, *pictures, text="What is this?", colour="red"):
    folder.mkdir(exist_ok=True)
    for picture in pictures:
        Pillow.new("RGB", (32, 32), colour).save(folder / picture)
    lines = [{"image": each, "question": text, "options": ["a bus", "a car"], "answer": "a bus"} for each in pictures]
    (folder / f"{name}.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return folder / f"{name}.jsonl"


def test_a_plus_joins_datasets_and_stays_in_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a+b").mkdir()
    assert several.names("vqav2+gqa", ["vqav2", "gqa"]) == ("vqav2", "gqa")
    assert several.names("vqav2:x+y/z@val+gqa@testdev", ["vqav2", "gqa"]) == ("vqav2:x+y/z@val", "gqa@testdev")
    assert several.names("a+b", ["a", "b"]) == ("a+b",)
    assert several.names("nothing+known.jsonl", ["a"]) == ("nothing+known.jsonl",)


def test_images_of_each_are_told_apart_and_pictures_keep_their_ids(tmp_path):
    one = write(tmp_path / "one", "one", "a.png", "b.png")
    other = write(tmp_path / "other", "other", "a.png", "c.png", colour="blue")
    dataset, problems = open_dataset(f"{one}+{other}")
    assert problems == ()
    assert dataset.name == "one+other"
    assert [image.id for image in dataset.images] == ["one/a.png", "one/b.png", "other/a.png", "other/c.png"]
    # two pictures of one name are two, by which they are perturbed
    assert [picture.id for picture in dataset.pictures] == ["a.png", "b.png", "other/a.png", "c.png"]
    assert [picture.read()[0, 0].tolist() for picture in dataset.pictures][::2] == [[255, 0, 0], [0, 0, 255]]
    assert [sample.dataset for sample in dataset.samples] == ["one", "one", "other", "other"]
    assert [sample.id for sample in dataset.samples] == ["one/line1", "one/line2", "other/line1", "other/line2"]


def test_a_picture_of_two_datasets_is_one(tmp_path):
    one = write(tmp_path / "set", "one", "a.png")
    other = write(tmp_path / "set", "other", "a.png", text="And this?")
    dataset = open_dataset(f"{one}+{other}").dataset
    assert [picture.id for picture in dataset.pictures] == ["a.png"]
    assert [image.id for image in dataset.images] == ["one/a.png", "other/a.png"]


def test_a_limit_holds_for_each_and_problems_keep_their_names(tmp_path):
    one = write(tmp_path / "one", "one", "a.png", "b.png", "c.png")
    other = write(tmp_path / "other", "other", "d.png", "e.png")
    with other.open("a") as file:
        file.write("\n{")
    dataset, (problem,) = open_dataset(f"{one}+{other}", limit=1, seed=42)
    assert [image.id.partition("/")[0] for image in dataset.images] == ["one", "other"]
    assert (problem.sample_id, problem.message[:20]) == ("other/line3", "other.jsonl line 3: ")
    with pytest.raises(DatasetError, match="dataset 'one' is named twice"):
        open_dataset(f"{one}+{one}")


def test_a_run_of_two_datasets_is_grouped_by_them(tmp_path):
    one, other = write(tmp_path / "one", "one", "a.png"), write(tmp_path / "other", "other", "b.png")
    run = probe.extract("pocket-vlm", f"{one}+{other}", out=tmp_path / "run", perturb=["white"], keep="answers")
    assert run.samples.dataset.values.tolist() == ["one", "other"]
    assert run.plan["dataset"]["name"] == "one+other"


# entry points


def entry(name="mine", **changes):
    def read(source):
        picture = Picture("p", lambda: None)
        rows = [Row("row 1", Sample("s", "p", "What?", answer="red", kind="open", dataset=name), (picture,))]
        return Read(rows, (source.split,))

    return Entry(name, "mine", read=read, splits={"test": Count(2, 1), "train": Count(1, 1)}, **changes)


class Point:
    """What an installed package offers."""

    def __init__(self, offered):
        self.name, self.value, self.offered = "mine", "package:ENTRY", offered

    def load(self):
        if isinstance(self.offered, Exception):
            raise self.offered
        return self.offered


def test_an_installed_package_offers_datasets(tmp_path, monkeypatch):
    known = dict(DATASETS)
    extension.load_installed(known, [Point(entry()), Point([entry("a"), entry("b")])])
    assert [name for name in known if name not in DATASETS] == ["mine", "a", "b"]
    monkeypatch.setitem(DATASETS, "mine", known["mine"])
    dataset = open_dataset(f"mine:{tmp_path}").dataset
    assert [sample.id for sample in dataset.samples] == ["s"]
    assert dataset.notes == ("dataset 'mine' has 1 samples here; officially it has 2.",)
    assert open_dataset(f"mine:{tmp_path}@train").dataset.notes == ()
    with pytest.raises(DatasetError, match=r"has no split 'tset'\. Did you mean 'test'\? It has: test, train\."):
        open_dataset(f"mine:{tmp_path}@tset")
    with pytest.raises(DatasetError, match="is read from its official files: mine:PATH"):
        open_dataset("mine")
    with pytest.raises(DatasetError, match="is drawn: it has no files and no splits"):
        open_dataset(f"streets:{tmp_path}")


@pytest.mark.parametrize(
    ("offered", "message"),
    [
        (ImportError("no module"), "no module"),
        ("text", "is no probe.datasets.entry.Entry"),
        (entry("a:b"), "write it without"),
        (entry("pope"), "a dataset 'pope' is there already"),
    ],
)
def test_what_cannot_be_a_dataset_is_left_out_with_a_warning(offered, message):
    known = dict(DATASETS)
    with pytest.warns(UserWarning, match=rf"dataset 'mine' \(package:ENTRY\) is left out: .*{message}"):
        extension.load_installed(known, [Point(offered)])
    assert known == DATASETS


def test_the_group_is_that_of_the_readme():
    assert extension.GROUP == "probe.datasets"
    assert EntryPoint("mine", "package:ENTRY", extension.GROUP).group == "probe.datasets"


def test_joined_datasets_have_a_fingerprint_of_all():
    parts = [
        probe.datasets.problems.Opened(Dataset(name, (Image(name, ()),), (), mark, revision=revision))
        for name, mark, revision in (("a", "1", "r1"), ("b", "2", "r2"))
    ]
    joined = several.joined(parts).dataset
    assert joined.fingerprint != several.joined(parts[::-1]).dataset.fingerprint
    assert joined.revision == "r1 + r2"
