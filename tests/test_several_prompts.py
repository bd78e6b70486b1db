"""Several prompts in one run: what is asked of each image, and where the right answers come from."""

import pickle
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

import probe
from probe.cli import main
from probe.datasets.streets import streets, streets_describe
from probe.extraction.asked import VERSION, of_prompts
from probe.extraction.settings import Settings
from probe.label_maps import CLASSES, CRITICAL, MIN_VISIBLE
from probe.prompts import DESCRIBE, SAFETY, captions, render
from probe.readers.asking import CONTRASTIVE, GENERATIVE
from probe.results import Evidence, analyze
from probe.sample import Dataset, Image, Metadata, Picture, Sample
from probe.scenes import SceneFacts

SM = ("describe", "presence", "safety")


def image(name: str, labels: np.ndarray | None = None) -> Image:
    read = None if labels is None else partial(SceneFacts.of_train_ids, labels)
    return Image.of(Picture(name, lambda: np.zeros((10, 10, 3), np.uint8), read_scene=read))


def dataset(*samples: Sample, labels: np.ndarray | None = None) -> Dataset:
    names = dict.fromkeys(sample.image_id for sample in samples)
    return Dataset("mine", tuple(image(name, labels) for name in names), samples, "x")


def test_a_picture_with_a_label_map_is_described_once_asked_for_each_class_and_for_safety_once() -> None:
    # 100 x 100: road everywhere, 50 pixels of car and 3 of bus: 0.5 % is clearly visible, 0.03 % is not
    labels = np.zeros((100, 100), np.uint8)
    labels[0, :50], labels[1, :3] = CLASSES.index("car"), CLASSES.index("bus")
    assert 0.0003 < MIN_VISIBLE < 0.005
    own = Sample("s", "i", "How many wheels?", ("two", "four"), "four")
    samples = {sample.id: sample for sample in of_prompts(dataset(own, labels=labels), SM, GENERATIVE).samples}
    asked = {name.removeprefix("i-").removesuffix("@presence").replace("-", " ") for name in samples if "-" in name}
    assert asked == set(CRITICAL) - {"bus"}, "of the bus there is too little to ask"
    assert set(samples) - {f"i-{name.replace(' ', '-')}@presence" for name in asked} == {"i@describe", "i@safety"}
    described = samples["i@describe"]
    assert (described.kind, described.question, described.options) == ("describe", DESCRIBE, ())
    assert described.answer == "The image shows a road and a car."
    assert described.metadata["barely_visible"] == "bus"
    assert samples["i-car@presence"].answer == "yes"
    assert samples["i-truck@presence"].answer == "no"
    assert render(samples["i-traffic-light@presence"]) == "Is there a traffic light in the image? Answer yes or no."
    assert (samples["i@safety"].answer, samples["i@safety"].metadata["blocked_share"]) == ("yes", 0)
    assert render(samples["i@safety"]) == SAFETY


def test_obstacles_ahead_make_it_unsafe() -> None:
    labels = np.zeros((90, 90), np.uint8)
    labels[60:, 30:60][:3, :3] = CLASSES.index("pedestrian")  # 9 of 900 pixels: 1 %
    own = Sample("s", "i", "What?", ("a", "b"))
    (asked,) = of_prompts(dataset(own, labels=labels), ("safety",), GENERATIVE).samples
    assert asked.answer == "no"
    assert asked.metadata["blocked_share"] == pytest.approx(0.01)


def test_without_a_label_map_the_datasets_own_answers_count_and_else_there_is_none() -> None:
    own = Sample("p", "i", "Is there a dog in the image?", ("yes", "no"), "no", "yesno")
    samples = of_prompts(dataset(own), SM, GENERATIVE).samples
    assert [(one.id, one.answer) for one in samples] == [("i@describe", None), ("p@presence", "no"), ("i@safety", None)]
    bare = Sample("d", "i", DESCRIBE, kind="describe")
    samples = of_prompts(dataset(bare), SM, GENERATIVE).samples
    assert len(samples) == 11
    assert {one.answer for one in samples} == {None}
    told = Sample("d", "i", "What happens here?", (), "a dog", "describe", metadata=Metadata({"year": 2014}))
    (described,) = of_prompts(dataset(told), ("describe",), GENERATIVE).samples
    assert (described.id, described.question, described.answer) == ("i@describe", DESCRIBE, "a dog")
    assert dict(described.metadata) == {"year": 2014, "asked_as": "describe"}


def test_other_prompts_are_put_to_each_sample_that_they_suit() -> None:
    choice = Sample("c", "i", "What is it?", ("cat", "dog"), "cat")
    yes_no = Sample("y", "i", "Is it a cat?", ("yes", "no"), "yes", "yesno")
    samples = of_prompts(dataset(choice, yes_no), ("mcq", "yesno", "describe"), GENERATIVE).samples
    assert [one.id for one in samples] == ["c@mcq", "y@mcq", "y@yesno", "i@describe"]
    assert [one.prompt for one in samples] == ["mcq", "mcq", "yesno", "describe"]
    assert render(samples[1]) == "Is it a cat?\nA. yes\nB. no\nAnswer with one of the options."
    assert render(samples[2]) == "Is it a cat? Answer yes or no."


def test_a_prompt_that_suits_nothing_is_refused_by_name() -> None:
    choice = Sample("c", "i", "What is it?", ("cat", "dog"), "cat")
    with pytest.raises(ValueError, match=r"prompt 'yesno' suits no sample of mine: .* the options here are cat, dog"):
        of_prompts(dataset(choice), ("describe", "yesno"), GENERATIVE)
    with pytest.raises(ValueError, match="'mcq' is for models that answer; one that compares captions has describe"):
        of_prompts(dataset(choice), ("mcq", "describe"), CONTRASTIVE)
    with pytest.raises(ValueError, match="prompt 'safety' is named twice"):
        Settings("m", "d", prompt=("safety", "describe", "safety"))
    with pytest.raises(ValueError, match=r"prompt 'descibe' is unknown\. Did you mean 'describe'"):
        Settings("m", "d", prompt=("safety", "descibe"))  # type: ignore[arg-type]


def test_one_prompt_in_a_list_is_that_prompt_and_none_is_the_default() -> None:
    assert Settings("m", "d", prompt=["safety"]).prompt == "safety"  # type: ignore[arg-type]
    assert Settings("m", "d", prompt=()).prompt is None
    assert Settings("m", "d", prompt=["safety", "describe"]).prompt == ("safety", "describe")  # type: ignore[arg-type]
    assert Settings("m", "d", prompt=("safety", "describe")).wording is None


def test_a_model_that_compares_captions_describes_by_the_19_classes() -> None:
    samples = {one.kind: one for one in of_prompts(streets(1), SM, CONTRASTIVE).samples}
    assert samples["describe"].options == CLASSES
    texts = captions(samples["describe"])
    assert (texts[0], texts[6], texts[8]) == ("a photo of a road", "a photo of a traffic light", "a photo of a tree")
    assert captions(samples["safety"]) == ("it is safe to proceed forward", "it is not safe to proceed forward")


def test_the_drawn_streets_have_the_same_facts_under_each_way_of_asking() -> None:
    own = {sample.image_id: sample.answer for sample in streets(6).samples if sample.kind == "safety"}
    by_id = {sample.id: sample for sample in of_prompts(streets(6), SM, GENERATIVE).samples}
    described = {sample.image_id: sample for sample in streets_describe(6).samples}
    for name, answer in own.items():
        assert by_id[f"{name}@safety"].answer == answer
        # the dataset's own reference leaves out poles
        shown = set(str(by_id[f"{name}@describe"].metadata["classes"]).split("; ")) - {"pole"}
        assert len(shown) == len(described[name].answer.replace(" and ", ", ").split(", "))
    again = {sample.id: sample.answer for sample in of_prompts(streets_describe(6), SM, GENERATIVE).samples}
    for name, sample in by_id.items():
        if not name.endswith("@describe"):
            assert again[name] == sample.answer
    assert pickle.loads(pickle.dumps(streets(1))).pictures[0].read_scene().pixels == 224 * 224


def test_a_run_with_several_prompts_asks_all_of_them_of_each_image(tmp_path: Path) -> None:
    out, args = str(tmp_path / "run"), ["extract", "pocket-vlm", "streets", "-n", "1", "-p", "low_light:3"]
    args += ["--keep", "answers", "--max-new-tokens", "40", "--dtype", "float32", "--device", "cpu"]
    result = CliRunner().invoke(main, [*args, *(f"--prompt={name}" for name in SM), "-o", out])
    assert result.exit_code == 0, result.output
    run = probe.open_run(out)
    assert run.plan["settings"]["prompt"] == ["describe", "presence", "safety"]
    # the pictures are those of the dataset, the questions those of the prompts
    assert run.plan["dataset"]["fingerprint"] == streets(1).fingerprint
    assert run.plan["asked"] == VERSION
    texts = dict(zip(run.samples.sample.values.tolist(), run.samples.prompt_text.values.tolist(), strict=True))
    assert DESCRIBE in texts["streets-000000@describe"]
    assert "Is there a bus in the image? Answer yes or no." in texts["streets-000000-bus@presence"]
    words = run.answers.text.sel(sample="streets-000000@describe", condition="clean").item()
    assert words.startswith("The image shows a road")
    # the same questions alone: what the model says does not hang on what else it is asked
    alone = probe.extract(
        "pocket-vlm", "streets-describe", out=tmp_path / "alone", limit=1, perturb=["low_light:3"], keep="answers",
        prompt="describe", max_new_tokens=40, dtype="float32", execution=probe.Execution(device="cpu"),
    )  # fmt: skip
    assert "asked" not in alone.plan
    assert alone.answers.text.values.tolist() == [
        run.answers.text.sel(sample=f"streets-{k:06d}@describe").values.tolist() for k in range(1)
    ]


@pytest.mark.slow
def test_a_model_that_compares_captions_ends_in_the_papers_table(tmp_path: Path) -> None:
    run = probe.extract(
        "pocket-clip", "streets", out=tmp_path / "run", limit=12, perturb=["driving"], keep="answers", prompt=SM,
        dtype="float32", execution=probe.Execution(device="cpu"),
    )  # fmt: skip
    (result,) = analyze(Evidence(run), ["misalignment_conditions"])
    assert len(result.rows) == 10, "clean and three severities of three kinds"
    described = np.flatnonzero(run.samples.kind.values == "describe")
    shown = [set(str(run.sample_metadata[row]["classes"]).split("; ")) for row in described]
    for condition in ("clean", "low_light:3"):
        scores = run.answers.log_likelihood.sel(condition=condition).values[described]
        nearest = [{CLASSES[place] for place in np.argsort(-row)[:5]} for row in scores]
        invented = np.mean([len(named - there) / 5 for named, there in zip(nearest, shown, strict=True)])
        left_out = [
            not (there & set(CRITICAL) <= named)
            for named, there in zip(nearest, shown, strict=True)
            if there & set(CRITICAL)
        ]
        rates = result.data.sel(condition=condition, bound="estimate")
        assert rates.hallucination.item() == pytest.approx(invented)
        assert rates.critical_omission.item() == pytest.approx(np.mean(left_out))
    more = result.data.hallucination_increase.sel(condition="low_light:3")
    assert more.sel(bound="low") > 0, "in the dark it names what is not there"
