"""What `probe export` writes: tables and states as they are in the run, and the pictures that `extract` shows."""

import csv
import json
import re
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import extracted_run
import made_run
import numpy as np
import picture_set
import PIL.Image
import pyarrow.parquet
import pytest
from click.testing import CliRunner, Result
from safetensors.numpy import load_file

from probe.cli import main
from probe.datasets.registry import open_dataset
from probe.export import files
from probe.perturbations import Others, Skipped, apply, parse
from stores import open_run


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, [str(each) for each in arguments])


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export")
    made_run.write(folder / "run", made_run.world(4), block_size=3)
    formats = [f"--format={name}" for name in ("parquet", "csv", "jsonl")]
    assert run("export", folder / "run", "-o", folder, *formats).exit_code == 0
    return folder


def test_a_table_has_every_score_choice_and_answer_of_the_run(tables: Path) -> None:
    stored = open_run(tables / "run")
    rows = pyarrow.parquet.read_table(tables / "answers.parquet").to_pylist()
    assert len(rows) == stored.samples.sizes["sample"] * stored.conditions.sizes["condition"]
    scores = stored.answers.log_likelihood.load()
    for row in rows[::7]:
        own = scores.sel(sample=row["sample"], condition=row["condition"]).values[: len(row["options"])]
        assert row["log_likelihoods"] == pytest.approx(own.tolist(), abs=0)
        assert row["choice"] == row["options"][int(own.argmax())]
        assert row["correct"] == float(row["choice"] == row["answer"])
        clean = scores.sel(sample=row["sample"], condition="clean").values[: len(row["options"])]
        assert row["flipped"] == (own.argmax() != clean.argmax())
        assert row["text"] is None, "nobody was asked for a free answer"
    severities = {row["condition"]: row["severity"] for row in rows}
    assert (severities["low_light:3"], severities["scale"]) == (3, None)


def test_csv_and_json_lines_say_what_parquet_says(tables: Path) -> None:
    columns = pyarrow.parquet.read_table(tables / "answers.parquet").to_pylist()
    assert lines(tables / "answers.jsonl") == [{k: v for k, v in row.items() if v is not None} for row in columns]
    with (tables / "answers.csv").open(newline="") as file:
        cells = list(csv.DictReader(file))
    assert [json.loads(row["log_likelihoods"]) for row in cells] == [row["log_likelihoods"] for row in columns]
    for name in ("sample", "condition", "question", "choice"):
        assert [row[name] for row in cells] == [row[name] for row in columns]


def test_a_table_that_is_there_is_not_written_over(tables: Path) -> None:
    before = (tables / "answers.csv").read_bytes()
    result = run("export", tables / "run", "-o", tables, "--format", "csv")
    assert result.exit_code == 2
    assert "is not written over" in result.output
    assert (tables / "answers.csv").read_bytes() == before


def test_samples_of_which_nothing_is_known_have_no_numbers(tmp_path: Path) -> None:
    world = made_run.world(1)
    silent = world.samples[0].sample_id
    made_run.write(tmp_path / "run", made_run.Made(**{**vars(world), "silent": frozenset({silent})}))
    run("export", tmp_path / "run", "-o", tmp_path)
    rows = pyarrow.parquet.read_table(tmp_path / "answers.parquet").to_pylist()
    mine = [row for row in rows if row["sample"] == silent]
    assert mine
    assert {row[name] for row in mine for name in ("log_likelihoods", "choice", "correct", "flipped")} == {None}


@pytest.mark.parametrize("site", ["language.layers[1,2]:context_last", "language.layers-context_last"])
def test_states_of_a_site_are_those_of_the_run(tmp_path: Path, tables: Path, site: str) -> None:
    assert run("export", tables / "run", "-o", tmp_path, "-s", site).exit_code == 0
    states = open_run(tables / "run").embeddings("language.layers[1,2]:context_last")
    file = tmp_path / "language.layers-context_last.safetensors"
    np.testing.assert_array_equal(load_file(file)["states"], states.values)
    header = json.loads(file.read_bytes()[8 : 8 + int.from_bytes(file.read_bytes()[:8], "little")])["__metadata__"]
    assert json.loads(header["dims"]) == ["sample", "condition", "layer", "feature"]
    assert json.loads(header["sample"]) == states.sample.values.tolist()


def test_states_of_16_bits_are_written_as_they_are_stored_in_any_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import small_run
    import torch
    from safetensors.torch import load_file as load_tensors

    import probe.export.states as states

    layout = small_run.layout()
    small_run.make(tmp_path / "run", layout)
    stored = open_run(tmp_path / "run")
    for size in (1, 1_000, 1 << 30):
        monkeypatch.setattr(states, "PIECE_BYTES", size)
        for site, kind in ((small_run.PATCHES, torch.bfloat16), (small_run.CONTEXT, torch.float16)):
            states.write(tmp_path / "file", stored, site.slug)
            tensor = load_tensors(tmp_path / "file")["states"]
            assert tensor.dtype == kind
            np.testing.assert_array_equal(tensor.float().numpy(), stored.embeddings(site.site).values)


def test_a_site_that_is_not_there_is_named_before_anything_is_written(tmp_path: Path, tables: Path) -> None:
    result = run("export", tables / "run", "-o", tmp_path, "-s", "projector:patches")
    assert result.exit_code == 2
    assert "projector:patches" in result.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "neither RUN nor --pictures"),
        (["RUN", "--pictures", "streets"], "both a RUN and --pictures"),
        (["RUN", "-p", "driving"], "--perturb is for --pictures"),
        (["--pictures", "streets", "--format", "csv"], "for a RUN"),
    ],
)
def test_options_that_do_not_go_together_are_named(
    tmp_path: Path, tables: Path, arguments: list[str], reason: str
) -> None:
    given = [str(tables / "run") if each == "RUN" else each for each in arguments]
    result = run("export", *given, "-o", tmp_path / "out")
    assert result.exit_code == 2
    assert reason in result.output
    assert not (tmp_path / "out").exists()


def shown_by_extract(dataset: Path, specs: list[str], seed: int) -> Iterator[tuple[str, str, np.ndarray | None]]:
    """Image, condition and pixels by the perturbations' own contract."""
    opened = open_dataset(dataset).dataset
    for image in opened.images:
        for condition in parse(specs, labels=("A", "B", "C", "Yes", "No")):
            picture = image.pictures[0]
            others = Others(opened.pictures, [picture.id])
            try:
                yield (
                    image.id,
                    condition.id,
                    apply(condition, picture.read(), image_id=picture.id, seed=seed, others=others),
                )
            except Skipped:
                yield image.id, condition.id, None


SPECS = ["low_light", "translation:dx=-8", "another_image", "text_overlay.semantic", "no_image", "pad_crop"]


def test_exported_pictures_are_those_that_are_shown_bit_for_bit(tmp_path: Path) -> None:
    dataset = picture_set.write(tmp_path / "set", images=3)
    chosen = [part for spec in SPECS for part in ("-p", spec)]
    assert run("export", "--pictures", dataset, *chosen, "--seed", 5, "-o", tmp_path / "out").exit_code == 0
    told = {(line["image"], line["condition"]): line for line in lines(tmp_path / "out" / "manifest.jsonl")}
    seen = 0
    for image, condition, pixels in shown_by_extract(dataset, SPECS, 5):
        line = told[image, condition]
        if condition == "no_image":
            assert line["pictures"] == []
        elif pixels is None:
            assert line["undefined"]
        else:
            (file,), (digest,) = line["pictures"], line["sha256"]
            assert sha256((tmp_path / "out" / file).read_bytes()).hexdigest() == digest
            np.testing.assert_array_equal(np.asarray(PIL.Image.open(tmp_path / "out" / file)), pixels)
            seen += 1
    assert seen == 3 * len({condition for _, condition in told} - {"no_image"})


def test_an_interrupted_export_goes_on_to_the_same_bytes(tmp_path: Path) -> None:
    dataset = picture_set.write(tmp_path / "set", images=4)
    for name in ("whole", "cut"):
        assert run("export", "--pictures", dataset, "-p", "driving:1", "-o", tmp_path / name).exit_code == 0
    manifest = tmp_path / "cut" / "manifest.jsonl"
    whole = manifest.read_bytes()
    manifest.write_bytes(whole[: int(len(whole) * 0.6)])
    first = next(iter(sorted((tmp_path / "cut" / "pictures" / "clean").iterdir())))
    kept = first.stat().st_mtime_ns
    again = run("export", "--pictures", dataset, "-p", "driving:1", "-o", tmp_path / "cut")
    assert "2 of 4 images are there" in again.output
    assert extracted_run.contents(tmp_path / "cut") == extracted_run.contents(tmp_path / "whole")
    assert first.stat().st_mtime_ns == kept
    assert (
        "4 of 4 images are there"
        in run("export", "--pictures", dataset, "-p", "driving:1", "-o", tmp_path / "cut").output
    )


@pytest.mark.parametrize(
    ("prepare", "reason"),
    [
        (lambda folder: (folder / "mine.txt").write_text("mine"), "is not empty, and no export of pictures"),
        (
            lambda folder: run("export", "--pictures", "streets", "-n1", "-p", "driving:1", "-o", folder),
            "other pictures",
        ),
    ],
)
def test_a_folder_with_anything_else_is_refused(tmp_path: Path, prepare, reason: str) -> None:
    folder = tmp_path / "out"
    folder.mkdir()
    prepare(folder)
    before = extracted_run.contents(folder)
    result = run("export", "--pictures", "streets", "-n1", "-p", "driving:2", "-o", folder)
    assert result.exit_code == 2
    assert reason in result.output
    assert extracted_run.contents(folder) == before


def test_a_picture_that_cannot_be_read_is_named_and_the_others_are_there(tmp_path: Path) -> None:
    dataset = picture_set.write(tmp_path / "set", images=3)
    (tmp_path / "set" / "001.png").write_bytes(b"no picture")
    result = run("export", "--pictures", dataset, "-p", "low_light:1", "-o", tmp_path / "out")
    assert result.exit_code == 1
    assert "001.png" in result.output
    told = lines(tmp_path / "out" / "manifest.jsonl")
    assert {line["image"] for line in told if line.get("error")} == {"001.png"}
    assert len(list((tmp_path / "out" / "pictures").rglob("*.png"))) == 4


def test_ids_of_any_kind_stay_within_the_folder_and_apart() -> None:
    ids = ["../../x", "a/b", "a_b", "A_b", "\x1b[31m", "é", "x" * 10_000, "x" * 9_999, ".hidden", ""]
    names = [files.file_name(each) for each in ids]
    assert len({name.lower() for name in names}) == len(ids)
    assert all(name and "/" not in name and not name.startswith(".") and len(name) < 100 for name in names)


def test_several_pictures_of_an_image_have_a_file_each(tmp_path: Path) -> None:
    samples = [
        {"images": ["000.png", "001.png"], "question": "What has changed?", "id": "both"},
        {"image": "000.png", "question": "What is it?", "id": "one"},
    ]
    dataset = picture_set.write(tmp_path / "set", images=2, samples=samples)
    assert run("export", "--pictures", dataset, "-p", "low_light:1", "-o", tmp_path / "out").exit_code == 0
    told = {
        (line["sample"], line["condition"]): line["pictures"] for line in lines(tmp_path / "out" / "manifest.jsonl")
    }
    first, second = told["both", "low_light:1"]
    (alone,) = told["one", "low_light:1"]
    content = [(tmp_path / "out" / name).read_bytes() for name in (first, second, alone)]
    assert content[0] == content[2] != content[1]


REQUIRED = {
    "schema_version", "evaluation_id", "model_id", "evaluation_name", "sample_id", "interaction_type", "input",
    "answer_attribution", "evaluation",
}  # fmt: skip
"""What schema 0.3.0 wants of every answer, and `output` of one in a single turn."""


def test_records_of_every_eval_ever_have_what_their_schema_wants_and_belong_together(
    tmp_path: Path, tables: Path
) -> None:
    assert run("export", tables / "run", "-o", tmp_path, "--format", "every-eval-ever").exit_code == 0
    (whole,), (details,) = (list(tmp_path.glob(f"data/*/*/*/{name}")) for name in ("*[0-9a-f].json", "*_samples.jsonl"))
    record, answers = json.loads(whole.read_text()), lines(details)
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", whole.stem)
    named = record["detailed_evaluation_results"]
    assert named["file_path"] == details.relative_to(tmp_path).as_posix()
    assert named["checksum"] == sha256(details.read_bytes()).hexdigest()
    assert named["total_rows"] == len(answers)
    for answer in answers[::11]:
        assert REQUIRED | {"output"} <= answer.keys()
        assert answer["schema_version"] == record["schema_version"] == "0.3.0"
        assert answer["evaluation_id"] == record["evaluation_id"]
        assert answer["messages"] is None
        assert all(isinstance(value, str) for value in answer["metadata"].values())
    by_id: dict[str, list[float]] = {}
    for answer in answers:
        by_id.setdefault(answer["evaluation_result_id"], []).append(answer["evaluation"]["score"])
    results = {each["evaluation_result_id"]: each for each in record["evaluation_results"]}
    assert by_id.keys() == {name for name in results if name.endswith("/accuracy")}
    for name, scores in by_id.items():
        detail = results[name]["score_details"]
        assert detail["score"] == pytest.approx(sum(scores) / len(scores))
        assert detail["uncertainty"]["num_samples"] == len(scores)
        interval = detail["uncertainty"]["confidence_interval"]
        assert interval["lower"] <= detail["score"] <= interval["upper"]
    assert not any("clean/flip_rate" in name for name in results)


def test_scores_over_surface_forms_and_the_choice_by_them_are_in_the_table(tmp_path: Path) -> None:
    made = ("pocket-vlm", "streets", "-n", 2, "-p", "white", "--keep", "answers", "--forms", "--device", "cpu")
    assert run("extract", *made, "-o", tmp_path / "run").exit_code == 0
    assert run("export", tmp_path / "run", "-o", tmp_path).exit_code == 0
    stored = open_run(tmp_path / "run").answers.forms_log_likelihood.load()
    rows = pyarrow.parquet.read_table(tmp_path / "answers.parquet").to_pylist()
    scored = [row for row in rows if row["options"]]
    assert scored
    for row in scored:
        own = stored.sel(sample=row["sample"], condition=row["condition"]).values[: len(row["options"])]
        assert row["forms_log_likelihoods"] == pytest.approx(own.tolist(), abs=0)
        assert row["forms_choice"] == row["options"][int(own.argmax())]
    open_ones = [row for row in rows if not row["options"]]
    assert {row[name] for row in open_ones for name in ("forms_log_likelihoods", "forms_choice")} <= {None}
