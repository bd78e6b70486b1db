"""Cityscapes: label ids become train ids, and what they say of a scene becomes questions and reference texts."""

import json
import pickle

import numpy as np
import pytest

import probe
from analyses import papers
from analyses.misalignment import CITYSCAPES, mentioned
from benchmarks import cityscapes as made_up
from benchmarks import drawn
from probe import label_maps
from probe.datasets import cityscapes
from probe.datasets.problems import DatasetError
from probe.datasets.registry import DATASETS, open_dataset
from probe.datasets.street_questions import describe
from probe.results import Evidence, analyze
from probe.sample import Metadata, Sample

# the 19 evaluated classes of the dataset's paper (Cordts et al. 2016) by label id, in the order of their train ids
EVALUATED = (7, 8, 11, 12, 13, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 31, 32, 33)
BLOCKED, FREE, EXACT = "frankfurt_000000_000294", "frankfurt_000001_007973", "munster_000000_000019"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return made_up.make(tmp_path_factory.mktemp("cityscapes"))


@pytest.fixture
def copy(tmp_path):
    return made_up.make(tmp_path / "copy")


def test_every_id_becomes_its_train_id_and_all_others_are_undefined(tmp_path):
    ids = np.arange(256, dtype=np.uint8).reshape(16, 16)  # the licence plate, -1, is 255
    made_up.write_labels(tmp_path / "ids.png", ids)
    found = cityscapes.TABLE.train_ids(str(tmp_path / "ids.png"))
    expected = np.full(256, 255, np.uint8)
    for train_id, label_id in enumerate(EVALUATED):
        expected[label_id] = train_id
    assert found.dtype == np.uint8
    assert np.array_equal(found.ravel(), expected)


def test_the_classes_are_those_that_texts_are_searched_for():
    assert tuple(CITYSCAPES) == label_maps.CLASSES
    assert frozenset(label_maps.CRITICAL) == CITYSCAPES.critical
    names = [name for name, train_id in cityscapes.IDS if train_id != 255]
    assert names == ["person" if name == "pedestrian" else name for name in label_maps.CLASSES]


def test_label_maps_are_read_as_train_ids(folder):
    dataset = open_dataset(f"cityscapes:{folder}").dataset
    picture = pickle.loads(pickle.dumps(dataset.pictures[0]))
    labels = picture.read_labels()
    assert (picture.id, picture.read().shape, labels.shape) == (BLOCKED, (60, 120, 3), (60, 120))
    # 30 rows of sky and 28 of road, without the car's 40 and the light's 3 pixels; 4 pixels of the car are its plate
    assert dict(zip(*(each.tolist() for each in np.unique(labels, return_counts=True)), strict=True)) == {
        0: 28 * 120 - 40,
        6: 3,
        10: 30 * 120 - 3,
        13: 36,
        255: 2 * 120 + 4,
    }


def test_each_critical_class_is_asked_that_is_clearly_there_or_not_at_all(folder):
    opened = open_dataset(f"cityscapes:{folder}")
    assert opened.problems == ()
    answers = {}
    for sample in opened.dataset.samples:
        answers.setdefault(sample.image_id, {})[sample.metadata.get("class", "safety")] = sample.answer
    none = dict.fromkeys(label_maps.CRITICAL, "no")
    blocked = none | {"car": "yes", "safety": "no"}
    del blocked["traffic light"]  # three pixels of 7,200 are neither there nor absent
    assert answers == {
        BLOCKED: blocked,
        FREE: none | {"pedestrian": "yes", "safety": "yes"},  # the caravan in the way is no class
        EXACT: none | {"bicycle": "yes", "bus": "yes", "safety": "no"},  # 8 of 800 pixels are one percent
    }


def test_samples_say_what_they_ask_and_where(folder):
    samples = {sample.id: sample for sample in open_dataset(f"cityscapes:{folder}").dataset.samples}
    assert samples[f"{FREE}-presence-traffic-light"] == Sample(
        id=f"{FREE}-presence-traffic-light",
        image_id=FREE,
        question="Is there a traffic light in the image?",
        options=("yes", "no"),
        answer="no",
        kind="yesno",
        metadata=Metadata({"city": "frankfurt", "split": "val", "class": "traffic light"}),
        dataset="cityscapes",
        official="Is there a traffic light visible in this image? Answer yes or no.",
    )
    safety = samples[f"{BLOCKED}-safety"]
    question = "Based on this image, is it safe to proceed forward?"
    assert (safety.question, safety.options, safety.kind, safety.official) == (
        question,
        ("yes", "no"),
        "safety",
        question,
    )
    assert dict(safety.metadata) == {"city": "frankfurt", "split": "val", "blocked_share": 36 / 800}


def test_the_way_is_blocked_by_the_share_that_the_map_of_train_ids_says(folder):
    dataset = open_dataset(f"cityscapes:{folder}").dataset
    for picture in dataset.pictures:
        safety = dataset.samples_of(picture.id)[-1]
        labels = picture.read_labels()
        assert safety.metadata["blocked_share"] == label_maps.blocked_share(labels)
        assert safety.answer == ("yes" if label_maps.is_safe(labels) else "no")


def test_a_description_names_every_class_that_is_clearly_there(folder):
    samples = open_dataset(f"cityscapes-describe:{folder}").dataset.samples
    assert [sample.answer for sample in samples] == [
        "The image shows a road, sky and a car.",
        "The image shows a road, vegetation and a pedestrian.",
        "The image shows a road, sky, a bus and a bicycle.",
    ]
    assert samples[0].kind == "describe"
    assert samples[0].question == samples[0].official == "Describe the scene in this image."
    assert dict(samples[0].metadata) == {
        "city": "frankfurt",
        "split": "val",
        "classes": "road; sky; car",
        "barely_visible": "traffic light",
    }


def test_the_reference_text_is_read_back_as_the_classes_that_it_was_made_of():
    for count in range(1, 20):
        for start in (0, 19 - count):
            classes = label_maps.CLASSES[start : start + count]
            assert mentioned(describe(classes), CITYSCAPES) == set(classes)


def test_the_test_split_is_asked_without_answers(folder):
    opened = open_dataset(f"cityscapes:{folder}@test")
    assert opened.problems == ()
    assert [sample.answer for sample in opened.dataset.samples] == [None] * 10
    assert opened.dataset.pictures[0].read_labels is None
    (described,) = open_dataset(f"cityscapes-describe:{folder}@test").dataset.samples
    assert (described.answer, described.references) == (None, ())


def test_only_the_counts_of_pictures_are_official(folder):
    assert open_dataset(f"cityscapes:{folder}").dataset.notes == (
        "dataset 'cityscapes' has 3 images here; officially it has 500.",
    )
    assert len(open_dataset(f"cityscapes-describe:{folder}").dataset.notes) == 2
    assert [DATASETS["cityscapes"].splits[name].images for name in ("train", "val", "test")] == [2975, 500, 1525]


def test_pictures_and_label_maps_without_each_other_are_named(copy):
    (copy / "gtFine/val/frankfurt" / f"{BLOCKED}_gtFine_labelIds.png").unlink()
    (copy / "leftImg8bit/val/munster" / f"{EXACT}_leftImg8bit.png").unlink()
    opened = open_dataset(f"cityscapes:{copy}")
    assert [image.id for image in opened.dataset.images] == [FREE]
    assert [problem.message for problem in opened.problems] == [
        f"leftImg8bit/val/frankfurt/{BLOCKED}_leftImg8bit.png: there is no label map of this picture.",
        f"gtFine/val/munster/{EXACT}_gtFine_labelIds.png: there is no picture of this label map.",
    ]


def test_a_label_map_of_colours_of_another_size_or_of_nothing_is_a_problem(copy):
    frankfurt = copy / "gtFine/val/frankfurt"
    drawn.save(frankfurt / f"{BLOCKED}_gtFine_labelIds.png", 1, size=(64, 128))
    made_up.write_labels(frankfurt / f"{FREE}_gtFine_labelIds.png", np.full((30, 60), 7, np.uint8))
    made_up.write_labels(copy / "gtFine/val/munster" / f"{EXACT}_gtFine_labelIds.png", np.zeros((60, 120), np.uint8))
    messages = [problem.message for problem in open_dataset(f"cityscapes-describe:{copy}").problems]
    assert messages[0].endswith(
        "a label map has one whole number a pixel, this file is RGB. Give the file of labels, not that of colours."
    )
    assert messages[1].endswith(": its label map has 1,800 pixels, the picture 7,200.")
    assert messages[2].endswith(": its label map shows no class.")


def test_label_maps_are_read_once_and_again_where_they_have_changed(copy, monkeypatch):
    before = open_dataset(f"cityscapes:{copy}").dataset
    reads = []
    original = cityscapes.LabelTable.facts

    def counting(self, path, **how):
        reads.append(path)
        return original(self, path, **how)

    monkeypatch.setattr(cityscapes.LabelTable, "facts", counting)
    again = open_dataset(f"cityscapes-describe:{copy}").dataset
    assert reads == []
    assert open_dataset(f"cityscapes:{copy}").dataset.fingerprint == before.fingerprint
    file = copy / "gtFine/val/munster" / f"{EXACT}_gtFine_labelIds.png"
    made_up.write_labels(file, made_up.free())
    changed = open_dataset(f"cityscapes-describe:{copy}").dataset
    assert reads == [str(file)]
    assert changed.samples[2].answer == changed.samples[1].answer != again.samples[2].answer
    assert changed.fingerprint != again.fingerprint


def test_folders_that_are_not_there_are_refused(copy, tmp_path):
    with pytest.raises(DatasetError, match=r"has no leftImg8bit/val/CITY/\*_leftImg8bit\.png"):
        open_dataset(f"cityscapes:{tmp_path}")
    for file in (copy / "gtFine" / "val").rglob("*.png"):
        file.unlink()
    with pytest.raises(DatasetError, match=r"has no gtFine/val/CITY/\*_gtFine_labelIds\.png"):
        open_dataset(f"cityscapes:{copy}")


def test_its_paper_is_the_one_that_analyses_cite():
    assert DATASETS["cityscapes"].bibtex == papers.BIBTEX[papers.CITYSCAPES]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*officially it has:probe.extraction.run.DatasetNote")
def test_a_run_of_questions_keeps_their_classes(folder, tmp_path):
    run = probe.extract(
        "pocket-vlm", f"cityscapes:{folder}", perturb=["white"], keep="answers", limit=1, max_new_tokens=1, out=tmp_path
    )
    assert run.images.image.values.tolist() == [EXACT]
    assert run.samples.answer.sel(sample=f"{EXACT}-safety").item() == "no"
    assert json.loads(run.samples.metadata.sel(sample=f"{EXACT}-presence-bus").item())["class"] == "bus"


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*officially it has:probe.extraction.run.DatasetNote")
def test_a_run_of_descriptions_ends_in_the_rate_of_critical_omissions(folder, tmp_path):
    dataset = f"cityscapes-describe:{folder}"
    run = probe.extract(
        "pocket-vlm", dataset, perturb=["white"], keep="answers", max_new_tokens=12, out=tmp_path / "run"
    )
    assert run.samples.kind.values.tolist() == ["describe"] * 3
    texts = run.answers.text.sel(condition="clean")
    critical = {BLOCKED: {"car"}, FREE: {"pedestrian"}, EXACT: {"bus", "bicycle"}}
    omitted = [bool(there - mentioned(texts.sel(sample=f"{name}-describe").item())) for name, there in critical.items()]
    (result,) = analyze(Evidence(run), ["misalignment"])
    rate = result.data.critical_omission.sel(family="clean", bound="estimate")
    assert float(rate) == pytest.approx(sum(omitted) / 3)
