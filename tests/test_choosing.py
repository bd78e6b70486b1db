"""Which images a run has: a random but fixed subset under a seed, or the first ones; and the run says which."""

import json

import pytest
from click.testing import CliRunner
from PIL import Image as Pillow

import probe
from probe.cli import main
from probe.datasets import choosing
from probe.datasets.registry import open_dataset
from probe.sample import Dataset, Image, Sample

NAMES = [f"image{number}" for number in range(40)]


def made(names):
    images = tuple(Image(name, ()) for name in names)
    samples = tuple(Sample(f"{name}-{k}", name, "What?") for name in names for k in range(2))
    return Dataset("made", images, samples, "f")


def ids(dataset):
    return [image.id for image in dataset.images]


def test_a_random_subset_is_the_same_in_any_order_and_beside_other_images():
    chosen = ids(choosing.at_random(made(NAMES), 10, seed=42))
    assert len(chosen) == 10
    assert chosen == sorted(chosen, key=NAMES.index)
    assert set(ids(choosing.at_random(made(NAMES[::-1]), 10, seed=42))) == set(chosen)
    fewer = [name for name in NAMES if name not in chosen[:3]]
    assert set(chosen[3:]) <= set(ids(choosing.at_random(made(fewer), 10, seed=42)))


def test_a_larger_subset_holds_the_smaller_one_and_seeds_differ():
    ten, twenty = (set(ids(choosing.at_random(made(NAMES), number, seed=42))) for number in (10, 20))
    assert ten < twenty
    assert ten != set(ids(choosing.at_random(made(NAMES), 10, seed=43)))


def test_every_image_is_as_likely():
    counts = dict.fromkeys(NAMES, 0)
    for seed in range(400):
        for name in ids(choosing.at_random(made(NAMES), 10, seed=seed)):
            counts[name] += 1
    # 400 draws at 1/4: 100 with a standard deviation of 8.7; four of them on either side
    assert 65 < min(counts.values()) <= max(counts.values()) < 135


def test_images_come_with_all_their_samples_and_the_fingerprint_follows():
    whole = made(NAMES)
    subset = choosing.at_random(whole, 10, seed=0)
    assert [sample.image_id for sample in subset.samples] == [name for name in ids(subset) for _ in range(2)]
    assert subset.fingerprint not in (whole.fingerprint, choosing.at_random(whole, 10, seed=1).fingerprint)
    assert choosing.at_random(whole, 40, seed=0) == choosing.first(whole, 99) == whole
    assert ids(choosing.first(whole, 3)) == NAMES[:3]


def test_a_random_and_a_first_part_exclude_each_other():
    with pytest.raises(ValueError, match="limit 4 takes images at random, first 3 the first: give one"):
        open_dataset("streets", limit=4, first=3)


@pytest.fixture
def questions(tmp_path):
    for number in range(6):
        Pillow.new("RGB", (32, 32), (40 * number, 0, 0)).save(tmp_path / f"{number}.png")
    lines = [{"image": f"{number}.png", "question": "Is there a bus in the image?", "options": ["yes", "no"],
              "answer": "no", "level": number % 2, "source": "made"} for number in range(6)]  # fmt: skip
    (tmp_path / "set.jsonl").write_text("\n".join(map(json.dumps, lines)))
    return tmp_path / "set.jsonl"


def test_a_run_tells_which_images_it_has(questions, tmp_path):
    runner, out = CliRunner(), str(tmp_path / "run")
    command = [
        "extract",
        "pocket-vlm",
        str(questions),
        "-o",
        out,
        "-n",
        "3",
        "--seed",
        "42",
        "-p",
        "white",
        "--keep",
        "answers",
    ]
    assert runner.invoke(main, command).exit_code == 0
    expected = [image.id for image in open_dataset(questions, limit=3, seed=42).dataset.images]
    listed = runner.invoke(main, ["info", out, "--samples"]).output.splitlines()
    assert "3 images at random under seed 42" in listed[0]
    assert [line.split("\t")[1] for line in listed[1:]] == expected
    found = json.loads(runner.invoke(main, ["info", out, "--samples", "--json"]).output)
    assert found["chosen"] == "3 images at random under seed 42"
    assert [row["image"] for row in found["samples"]] == expected
    assert found["dataset"]["fingerprint"] == open_dataset(questions, limit=3, seed=42).dataset.fingerprint
    refused = runner.invoke(main, [*command[:7], "--seed", "43", *command[9:]])
    assert refused.exit_code == 2
    assert "settings.seed" in refused.output


def test_tables_stand_by_groups_of_samples(questions, tmp_path):
    run = probe.extract("pocket-vlm", questions, out=tmp_path / "run", perturb=["white"], keep="answers")
    assert run.answers.level.values.tolist() == run.samples.level.values.tolist() == [0, 1, 0, 1, 0, 1]
    assert run.answers.dataset.values.tolist() == ["set"] * 6
    invoke = CliRunner().invoke
    found = json.loads(invoke(main, ["analyze", str(tmp_path / "run"), "flips", "--by", "level", "--json"]).output)
    assert {value: (group["samples"], group["images"]) for value, group in found["groups"].items()} == {
        "0": (3, 3), "1": (3, 3),
    }  # fmt: skip
    for value, level in (("0", 0), ("1", 1)):
        chosen = run.samples.sample.values[run.samples.level.values == level]
        alone = run.select(chosen.tolist())
        assert alone.answers.sample.values.tolist() == chosen.tolist()
        assert alone.images.image.values.tolist() == alone.samples.image.values.tolist()
        rows = found["groups"][value]["results"]["flips"]["data"]["data_vars"]["ifr"]["data"]
        scores = alone.answers.log_likelihood.load()
        moved = scores.argmax("option") != scores.sel(condition="clean").argmax("option")
        assert rows[1][0] == pytest.approx(float(moved.sel(condition="white").mean()))
    shown = invoke(main, ["analyze", str(tmp_path / "run"), "flips", "--by", "level"]).output
    assert "level: 0 (3 questions about 3 images)" in shown
    wrong = invoke(main, ["analyze", str(tmp_path / "run"), "flips", "--by", "levle"])
    assert wrong.exit_code == 2
    assert "Did you mean 'level'?" in wrong.output
    folder = tmp_path / "csv"
    assert (
        invoke(main, ["analyze", str(tmp_path / "run"), "flips", "--by", "level", "--csv", str(folder)]).exit_code == 0
    )
    assert (folder / "flips_by_family_bound.csv").read_text().startswith("level,family,bound,")


def test_a_part_of_a_run_is_its_samples_and_their_images(tmp_path):
    run = probe.extract("pocket-vlm", "streets", out=tmp_path / "run", first=4, perturb=["white"], dtype="float32")
    chosen = run.samples.sample.values[run.samples.image.values != run.images.image.values[1]].tolist()
    part = run.select(chosen)
    assert part.images.image.values.tolist() == [run.images.image.values[k] for k in (0, 2, 3)]
    for site in run.sites:
        whole, some = run.pooled(site).load(), part.pooled(site).load()
        axis = some.dims[0]
        assert some.identical(whole.sel({axis: some[axis]}))
    with pytest.raises(KeyError, match="'nobody' is not in"):
        run.select(["nobody"])
    with pytest.raises(ValueError, match="no sample of"):
        run.select([])
