"""A dry run says what a run will write, to the byte, and how long it takes by what a few views took."""

from dataclasses import replace
from pathlib import Path

import picture_set
import pytest
import tiny
from click.testing import CliRunner

import stores
from probe.cli import main
from probe.extraction import calibration, disk
from probe.extraction.calibration import Costs
from probe.extraction.execution import Execution
from probe.extraction.plan import Plan
from probe.extraction.run import find_target, prepare, run_plan
from probe.extraction.settings import Settings
from probe.perturbations import CLEAN, parse

CPU = Execution(device="cpu", batch_size=2)
STREETS = Settings("pocket-vlm", "streets", perturb=("low_light", "occlusion"), limit=5)


def extracted(settings: Settings, path: Path) -> tuple[Plan, disk.DiskBytes, int]:
    """A plan, what it says of its bytes, and those of the units once it was extracted."""
    plan, reader = prepare(settings, CPU)
    run_plan(plan, find_target(plan, path), reader, CPU)
    return plan, disk.of(plan, resizes=reader.resizes), stores.summary(path)["bytes"]


@pytest.mark.parametrize("keep", ["pooled", "tokens", "answers"])
def test_a_plan_knows_the_bytes_of_all_units_exactly(keep: str, tmp_path: Path) -> None:
    _, needed, written = extracted(replace(STREETS, keep=keep), tmp_path / "run")
    assert (needed.known, needed.at_most, needed.unknown) == (written, False, ())


def test_it_names_the_texts_that_it_cannot_know_and_knows_all_else(tmp_path: Path) -> None:
    _, needed, written = extracted(replace(STREETS, free_answers=True, keep_thumbnails=True), tmp_path / "run")
    assert needed.unknown == ("free answers", "thumbnails")
    run = stores.open_run(tmp_path / "run")
    texts = [*run.answers.text.values.ravel(), *run.pictures.thumbnails.values.ravel()]
    assert all(texts)
    assert written - needed.known == sum(len(text.encode()) for text in texts)


def test_where_images_have_fewer_tokens_than_the_largest_it_says_at_most(tmp_path: Path) -> None:
    dataset = picture_set.write(tmp_path / "set", images=3)
    settings = Settings(
        str(tiny.checkpoint("qwen2_vl")), str(dataset), perturb=("low_light",), dtype="float32", keep="tokens"
    )
    _, needed, written = extracted(settings, tmp_path / "run")
    assert needed.at_most
    assert written <= needed.known


def test_a_calibration_reads_a_condition_of_each_family_after_a_block_that_warms_up() -> None:
    plan, reader = prepare(replace(STREETS, limit=7, perturb=("common:3", "low_light")), CPU)
    part = calibration.part_of(plan, reader, 2)
    assert (part.layout.blocks, part.layout.block_size) == (2, 2)
    assert [image.id for image in part.dataset.images] == [plan.dataset.images[k].id for k in (0, 1, 3, 5)]
    assert [each.family for each in part.conditions] == list(dict.fromkeys(each.family for each in plan.conditions))


def test_of_five_severities_the_third_is_read() -> None:
    chosen = list(calibration.one_of_each_family(parse(["gaussian_noise:1,2,3,4,5"])))
    assert chosen[0] == CLEAN
    assert [each.severity for each in chosen[1:]] == [3]


def test_a_calibration_measures_seconds_and_texts_of_each_family() -> None:
    plan, reader = prepare(replace(STREETS, keep_thumbnails=True), CPU)
    costs = calibration.measure(plan, reader, CPU, images=2)
    families = {condition.family for condition in plan.conditions}
    assert costs.images == 2
    assert set(costs.seconds) == set(costs.text_bytes) == families
    assert min(costs.seconds.values()) > 0
    assert min(costs.text_bytes.values()) > 1_000  # a thumbnail of 96x96 px or more, in base64


def test_time_is_that_of_all_views_by_family_and_blocks_are_shared_out() -> None:
    plan, _ = prepare(replace(STREETS, limit=5, perturb=("gaussian_noise:1,2,3,4,5",)), CPU)
    plan = replace(plan, layout=replace(plan.layout, block_size=2))  # blocks of 2, 2 and 1
    texts = {"clean": 3.0, "gaussian_noise": 4.0}
    costs = Costs(1, loading=10.0, seconds={"clean": 1.0, "gaussian_noise": 2.0}, text_bytes=texts)
    assert costs.wall(plan) == 10 + 5 * (1 + 5 * 2)
    assert costs.wall(plan, workers=2) == pytest.approx(10 + 5 * 11 * 2 / 3)  # one of two has two of three blocks
    assert costs.wall(plan, workers=64) == pytest.approx(10 + 5 * 11 / 3)
    assert costs.texts(plan) == 5 * (3 + 5 * 4)


def test_the_command_line_says_both_and_writes_nothing(tmp_path: Path) -> None:
    out = tmp_path / "run"
    command = ["extract", "pocket-vlm", "streets", "-n", "4", "-p", "low_light", "-o", str(out), "--device", "cpu"]
    shown = CliRunner().invoke(
        main, [*command, "--dry-run", "--calibrate", "2", "--workers", "2"], env={"COLUMNS": "200"}
    )
    assert shown.exit_code == 0, shown.output
    said = " ".join(shown.output.replace("│", " ").split())
    assert "2 images under 2 of 4 conditions, one of each family" in said
    assert "with 2 workers of which none slows another" in said
    assert list(tmp_path.iterdir()) == []


def test_a_calibration_without_a_dry_run_and_of_no_image_is_refused(tmp_path: Path) -> None:
    command = ["extract", "pocket-vlm", "streets", "-n", "4", "-o", str(tmp_path / "run"), "--device", "cpu"]
    shown = CliRunner().invoke(main, [*command, "--calibrate", "2"])
    assert (shown.exit_code, shown.stderr) == (
        2,
        "error: calibrate 2 belongs to a dry run, which it gives a time. Add --dry-run.\n",
    )
    shown = CliRunner().invoke(main, [*command, "--dry-run", "--calibrate", "0"])
    assert shown.stderr == "error: calibrate 0 is too small. Give 1 or more.\n"
