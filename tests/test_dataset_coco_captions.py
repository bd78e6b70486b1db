"""COCO captions with the objects of each picture, from the official annotations and from Karpathy's splits."""

import json

import pytest

import probe
from benchmarks import coco_captions
from probe.datasets.problems import DatasetError
from probe.datasets.registry import open_dataset
from probe.sample import Metadata, Sample

IN_DETAIL = "Please describe this image in detail."


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return coco_captions.make(tmp_path_factory.mktemp("coco"))


@pytest.fixture
def copy(tmp_path):
    """A copy of its own, and a function that changes one of its files."""
    made = coco_captions.make(tmp_path / "copy")

    def change(name, edit):
        content = json.loads((made / name).read_text())
        edit(content)
        (made / name).write_text(json.dumps(content))

    return made, change


def test_every_picture_has_its_captions_in_order_and_its_objects_in_the_order_of_categories(folder):
    opened = open_dataset(f"coco-captions:{folder}")
    assert opened.problems == ()
    assert opened.dataset.samples[0] == Sample(
        id="391895",
        image_id="COCO_val2014_000000391895.jpg",
        question=IN_DETAIL,
        answer="A man on a chair.",
        kind="describe",
        references=(
            "A man on a chair.",
            "Someone sits.",
            "a chair with a man",
            "A man sits on a chair.",
            "A chair.",
        ),
        metadata=Metadata({"objects": "person; chair", "split": "val2014"}),  # category 1 before 62
        dataset="coco-captions",
        official=IN_DETAIL,
    )
    empty, crowd = opened.dataset.samples[1:]
    assert (empty.id, empty.references, empty.metadata["objects"]) == ("522418", ("An empty room.",), "")
    assert (crowd.id, crowd.metadata["objects"]) == ("42", "bus")  # a crowd is there too
    assert crowd.references[:2] == ("A bus on a street.", "Many busses.")
    assert [picture.read().shape for picture in opened.dataset.pictures] == [(48, 64, 3)] * 3
    assert opened.dataset.notes[0] == "dataset 'coco-captions' has 3 samples here; officially it has 40,504."


@pytest.mark.parametrize(("split", "id"), [("karpathy-test", "391895"), ("karpathy-val", "42")])
def test_karpathys_splits_have_the_same_captions_and_objects(folder, split, id):
    (sample,) = open_dataset(f"coco-captions:{folder}@{split}").dataset.samples
    official = {each.id: each for each in open_dataset(f"coco-captions:{folder}").dataset.samples}[id]
    assert (sample.id, sample.image_id, sample.references) == (id, official.image_id, official.references)
    assert dict(sample.metadata) == {"objects": official.metadata["objects"], "split": split}


def test_ids_can_be_texts(copy):
    made, change = copy
    before = open_dataset(f"coco-captions:{made}").dataset.samples

    def to_texts(content):
        for entry in content["annotations"]:
            entry["image_id"] = str(entry["image_id"])
            if "category_id" in entry:
                entry["category_id"] = str(entry["category_id"])

    change("annotations/captions_val2014.json", to_texts)
    change("annotations/instances_val2014.json", to_texts)
    assert open_dataset(f"coco-captions:{made}").dataset.samples == before


def test_a_picture_without_caption_and_a_caption_without_picture_are_named(copy):
    made, change = copy

    def spoil(content):
        content["annotations"][4]["image_id"] = 5  # the only caption of picture 522418
        content["images"][2]["file_name"] = "../../other.jpg"
        content["images"].append("COCO")

    change("annotations/captions_val2014.json", spoil)
    opened = open_dataset(f"coco-captions:{made}")
    assert [sample.id for sample in opened.dataset.samples] == ["391895"]
    assert [(each.sample_id, each.message.partition(" Move")[0]) for each in opened.problems] == [
        ("522418", "captions_val2014.json images entry 2: this picture has no caption."),
        (
            "42",
            "captions_val2014.json images entry 3: the path 'val2014/../../other.jpg' leads out of the dataset's "
            "folder.",
        ),
        ("entry4", "captions_val2014.json images entry 4: this is no JSON object but 'COCO'."),
        ("5", "captions_val2014.json annotations entry 5: there is no image with the id 5."),
    ]


def test_an_instance_of_no_category_spoils_its_picture_alone(copy):
    made, change = copy
    change("annotations/instances_val2014.json", lambda content: content["annotations"][3].update(category_id=91))
    opened = open_dataset(f"coco-captions:{made}")
    assert [sample.id for sample in opened.dataset.samples] == ["391895", "522418"]
    (problem,) = opened.problems
    assert problem.message == (
        "captions_val2014.json images entry 3: its instance in instances_val2014.json annotations entry 4 has the "
        "category 91, which is none of the file's."
    )


def test_captions_without_the_instances_are_refused(copy):
    made, _ = copy
    (made / "annotations" / "instances_val2014.json").unlink()
    with pytest.raises(DatasetError, match=r"has none of: instances_val2014\.json, annotations/"):
        open_dataset(f"coco-captions:{made}")


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda content: content["annotations"].append(3), "annotations entry 6: this is no JSON object but 3"),
        (lambda content: content["annotations"][1].pop("image_id"), 'annotations entry 2: "image_id" is missing'),
        (lambda content: content["categories"][0].pop("name"), 'has a malformed category: "name" is missing'),
    ],
)
def test_malformed_instances_are_refused_by_entry(copy, edit, message):
    made, change = copy
    change("annotations/instances_val2014.json", edit)
    with pytest.raises(DatasetError) as raised:
        open_dataset(f"coco-captions:{made}")
    assert message in str(raised.value)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:.*officially it has:probe.extraction.run.DatasetNote")
def test_a_run_keeps_captions_and_objects(folder, tmp_path):
    run = probe.extract(
        "pocket-vlm",
        f"coco-captions:{folder}",
        perturb=["white"],
        keep="answers",
        max_new_tokens=8,
        out=tmp_path / "run",
    )
    assert run.samples.sample.values.tolist() == ["391895", "522418", "42"]
    assert [json.loads(each)["objects"] for each in run.samples.metadata.values] == ["person; chair", "", "bus"]
    assert run.samples.reference_text.sel(sample="42").values.tolist()[-1] == "A bus."
    assert all(IN_DETAIL in text for text in run.samples.prompt_text.values)
