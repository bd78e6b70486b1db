"""Datasets of the hub, on a stand-in: a folder of Parquet files that the same library streams."""

import io
import pickle

import datasets as hf
import httpx
import pyarrow as pa
import pytest
from PIL import Image as Pillow
from pyarrow import parquet

from probe.datasets import hub as hubs
from probe.datasets import tables
from probe.datasets.hub import Hub
from probe.datasets.problems import DatasetError
from probe.datasets.registry import open_dataset
from probe.datasets.rows import Row, RowError
from probe.datasets.source import Source
from probe.datasets.tables import Table
from probe.sample import Sample

COLOURS = {"red": (255, 0, 0), "blue": (0, 0, 255), "green": (0, 128, 0), "white": (255, 255, 255)}


def png(colour):
    buffer = io.BytesIO()
    Pillow.new("RGB", (3, 2), colour).save(buffer, "png")
    return {"bytes": buffer.getvalue(), "path": f"{colour}.png"}


class Stand:
    """A stand-in of the hub: what it was asked for, and whether it can be reached."""

    def __init__(self, folder):
        self.folder, self.reached, self.commit, self.streamed = folder, True, "c0ffee" * 6, []

    def dataset_info(self, _, repository, revision=None):
        if not self.reached:
            raise httpx.ConnectError("no name")
        assert repository == "me/set"
        return type("Info", (), {"sha": self.commit if revision is None else revision})()

    def load_dataset(self, repository, *config, split, revision, streaming, columns=None):
        assert streaming
        assert revision == self.commit
        if not self.reached:
            raise httpx.ConnectError("no name")
        self.streamed.append(columns)
        files = sorted(
            str(path) for path in (self.folder / (config[0] if config else "data")).glob(f"{split}-*.parquet")
        )
        more = {} if columns is None else {"columns": columns}
        return hf.IterableDataset.from_parquet(files, **more)


@pytest.fixture
def stand(tmp_path, monkeypatch):
    monkeypatch.setenv("VLM_UNDERTOW_CACHE", str(tmp_path / "cache"))
    made = Stand(tmp_path / "repository")
    monkeypatch.setattr("huggingface_hub.HfApi.dataset_info", lambda api, *a, **k: made.dataset_info(api, *a, **k))
    monkeypatch.setattr("datasets.load_dataset", made.load_dataset)
    return made


def write(stand, rows, config="data", split="test"):
    path = stand.folder / config / f"{split}-00000-of-00001.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    columns = {name: [row[name] for row in rows] for name in rows[0]}
    parquet.write_table(pa.table(columns), path)


def row(where, found):
    values = found.values
    if not values["question"]:
        raise RowError('"question" is empty.')
    picture = found.picture("image", name=values["file"])
    sample = Sample(f"q{values['number']}", picture.id, values["question"], answer=values["answer"], kind="open")
    return Row(where, sample, (picture,))


ROWS = [
    {"image": png("red"), "file": "red.png", "number": 1, "question": "What colour?", "answer": "red"},
    {"image": png("red"), "file": "red.png", "number": 2, "question": "Is it red?", "answer": "yes"},
    {"image": png("blue"), "file": "blue.png", "number": 3, "question": "", "answer": "blue"},
    {"image": png("green"), "file": "green.png", "number": 4, "question": "What colour?", "answer": "green"},
]
HUB = Hub("me/set", {"test": (Table("", "test"),)}, ("image",), row)


def fetched(stand):
    return sorted(path.name for path in stand.folder.parent.rglob("pictures/*"))


def test_rows_are_streamed_without_their_pictures_and_only_the_chosen_pictures_are_fetched(stand):
    write(stand, ROWS)
    read = HUB.read(Source("set", split="test"))
    samples = [each.sample for each in read.rows if isinstance(each, Row)]
    assert [sample.id for sample in samples] == ["q1", "q2", "q4"]
    assert [sample.image_id for sample in samples] == ["red.png", "red.png", "green.png"]
    (problem,) = [each for each in read.rows if not isinstance(each, Row)]
    assert problem.message == 'me/set test row 2: "question" is empty.'
    assert all("image" not in columns for columns in stand.streamed if columns is not None)
    assert fetched(stand) == []
    read.fetch(frozenset(["green.png"]))
    assert fetched(stand) == [hubs.file_of(stand.folder, "green.png").name]
    green = read.rows[-1].pictures[0]
    assert green.read()[0, 0].tolist() == list(COLOURS["green"])
    assert pickle.loads(pickle.dumps(green)).size() == (2, 3)


def test_what_was_read_once_needs_no_hub(stand):
    write(stand, ROWS)
    first = HUB.read(Source("set", split="test"))
    first.fetch(frozenset(["red.png"]))
    stand.reached = False
    again = HUB.read(Source("set", split="test"))
    assert again.identity == first.identity
    assert again.revision == stand.commit
    again.fetch(frozenset(["red.png"]))
    assert again.rows[0].pictures[0].read()[0, 0].tolist() == list(COLOURS["red"])
    with pytest.raises(DatasetError, match=r"cannot be reached from here \(ConnectError\)"):
        again.fetch(frozenset(["green.png"]))


def test_without_a_hub_a_clear_word_is_said(stand):
    stand.reached = False
    with pytest.raises(DatasetError) as caught:
        HUB.read(Source("set", split="test"))
    assert str(caught.value) == (
        "dataset 'me/set' lies on the hub, which cannot be reached from here (ConnectError). Get a connection, or give "
        "the files on your disk: NAME:PATH."
    )


def test_another_revision_is_another_dataset(stand):
    write(stand, ROWS)
    first = HUB.read(Source("set", split="test"))
    stand.commit = "decade" * 6
    second = HUB.read(Source("set", split="test"))
    assert first.identity != second.identity
    assert (first.revision, second.revision) == ("c0ffee" * 6, "decade" * 6)


def test_a_revision_can_be_asked_for(stand):
    write(stand, ROWS)
    stand.commit = "feed" * 9
    assert HUB.read(Source("set", split="test", revision="feed" * 9)).revision == "feed" * 9


def test_the_same_files_on_disk_give_the_same_samples(stand):
    write(stand, ROWS)
    of_hub = HUB.read(Source("set", split="test"))
    of_disk = HUB.read(Source("set", path=str(stand.folder), split="test"))
    assert [each.sample for each in of_disk.rows if isinstance(each, Row)] == [
        each.sample for each in of_hub.rows if isinstance(each, Row)
    ]
    of_disk.fetch(frozenset(["green.png"]))
    assert of_disk.rows[-1].pictures[0].read()[0, 0].tolist() == list(COLOURS["green"])


def test_several_tables_make_one_split(stand):
    write(stand, ROWS[:1], config="one")
    write(stand, ROWS[3:], config="two")
    hub = Hub("me/set", {"all": (Table("one", "test"), Table("two", "test"))}, ("image",), row)
    read = hub.read(Source("set", split="all"))
    assert [each.sample.id for each in read.rows] == ["q1", "q4"]
    assert [each.where for each in read.rows] == ["me/set one/test row 0", "me/set two/test row 0"]
    read.fetch(frozenset(["red.png", "green.png"]))
    assert [each.pictures[0].read()[0, 0].tolist() for each in read.rows] == [[255, 0, 0], [0, 128, 0]]


def test_a_missing_column_is_named(stand):
    write(stand, [{"image": png("red"), "query": "What?"}])
    hub = Hub("me/set", {"test": (Table("", "test"),)}, ("image",), row, columns=("question",))
    with pytest.raises(DatasetError, match=r"table 'test' of me/set has no column 'question'; it has: image, query\."):
        hub.read(Source("set", split="test"))


def test_a_users_own_dataset_of_the_hub_is_read_by_columns(stand):
    rows = [{"photo": png("red"), "q": "What?", "choices": ["a bus", "a car"], "gt": 1, "level": "hard"}]
    write(stand, [*rows, {"photo": png("blue"), "q": "And?", "choices": ["a", "b"], "gt": 0, "level": "easy"}])
    dataset, problems = open_dataset("me/set@test", columns=["image=photo,question=q,options=choices,answer=gt"])
    assert problems == ()
    assert [sample.answer for sample in dataset.samples] == ["a car", "a"]
    assert [dict(sample.metadata) for sample in dataset.samples] == [{"level": "hard"}, {"level": "easy"}]
    assert dataset.revision == stand.commit
    assert dataset.name == "me/set"
    assert dataset.pictures[1].read()[0, 0].tolist() == [0, 0, 255]


def test_a_picture_that_lies_elsewhere_is_not_fetched(stand):
    write(stand, [ROWS[0] | {"image": {"bytes": None, "path": "/etc/hostname"}}])
    read = HUB.read(Source("set", split="test"))
    with pytest.raises(DatasetError, match=r"lies elsewhere \('/etc/hostname'\), and is not fetched"):
        read.fetch(frozenset(["red.png"]))


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("GatedRepoError", "accept its terms"),
        ("RepositoryNotFoundError", "or it is private"),
        ("RevisionNotFoundError", "no such revision"),
    ],
)
def test_what_the_hub_refuses_is_said_in_a_line(stand, monkeypatch, kind, message):
    from huggingface_hub import errors

    def refuse(*_, **__):
        raise type(kind, (getattr(errors, kind),), {"__init__": lambda self: None})()

    monkeypatch.setattr("huggingface_hub.HfApi.dataset_info", refuse)
    with pytest.raises(DatasetError, match=message):
        HUB.read(Source("set", split="test"))


def test_tables_in_another_format_are_fetched_whole(tmp_path):
    (tmp_path / "train.jsonl").write_text('{"question": "a?", "level": 1}\n{"question": "b?", "level": 2}\n')
    found = tables._streamed(str(tmp_path), None, Table("", "train"), ["question"])
    assert [dict(each) for each in found] == [{"question": "a?"}, {"question": "b?"}]


def test_a_run_keeps_the_revision_that_it_began_with(stand, tmp_path):
    import probe
    from probe.errors import PlanMismatch

    rows = [{"image": png("red"), "question": "Is it red?", "options": ["yes", "no"], "answer": "yes"}]
    write(stand, rows)
    began, settings = stand.commit, {"out": tmp_path / "run", "perturb": ["white"], "keep": "answers"}
    run = probe.extract("pocket-vlm", "me/set@test", **settings)
    assert run.provenance["dataset"]["revision"] == run.plan["dataset"]["revision"] == began
    stand.commit = "decade" * 6
    with pytest.raises(PlanMismatch, match=r"dataset\.revision"):
        probe.extract("pocket-vlm", "me/set@test", **settings)
    stand.commit = began  # what the hub gives under that name
    assert probe.extract("pocket-vlm", "me/set@test", dataset_revision=began, **settings).complete
