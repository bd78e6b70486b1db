"""`probe segment`: the confusions are those of plain scripts, in a run whose own units stay as they are."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image
from tiny import segmenters

import probe
import stores
from analyses import segmentation
from benchmarks import cityscapes as made_up
from probe import label_maps, pocket
from probe.cli import main
from probe.datasets.registry import open_dataset
from probe.errors import PlanError, PlanMismatch
from probe.results import Evidence, analyze
from probe.segmentation import segment
from stores.segmentations import find

CPU = {"device": "cpu"}


def run_cli(*arguments: str):
    return CliRunner().invoke(main, ["segment", *arguments])


def files(path: Path) -> dict[str, bytes]:
    return {str(file.relative_to(path)): file.read_bytes() for file in path.rglob("*") if file.is_file()}


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a language model, which others copy."""
    out = tmp_path_factory.mktemp("extracted") / "run"
    execution = probe.Execution(device="cpu")
    probe.extract("pocket-clip", "streets", out=out, perturb="driving", limit=4, seed=3, execution=execution)
    return out


@pytest.fixture
def copied(extracted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(extracted, tmp_path / "run"))


def test_a_run_gains_a_segmentation_and_keeps_every_file_that_it_had(copied: Path) -> None:
    before = files(copied)
    run = segment("pocket-segformer", "streets", out=copied, **CPU)
    after = files(copied)
    assert {name: after[name] for name in before} == before
    assert all("segmentation" in name for name in after.keys() - before.keys())
    assert run.segmentations == ("pocket-segformer",)
    assert run.complete
    assert stores.verify(copied) == []
    quality = segmentation.miou(segmentation.total(run.segmentation("pocket-segformer").confusion))
    assert quality.sel(condition="clean") > 0.6
    assert (quality.sel(condition="clean") - quality.sel(condition="low_light:3")) > 0.3
    # the same seed: pictures of another would have other noise
    record = find(copied, "pocket-segformer")
    assert record is not None
    assert record.model["train_ids"] == list(range(19))
    assert (
        record.model["weights_sha256"]
        == stores.segmentations.provenance(copied, "pocket-segformer")["model"]["weights_sha256"]
    )
    data = {result.name: result for result in analyze(Evidence(run))}["segmentation"].data
    at = {"segmenter": "pocket-segformer", "condition": "low_light:3", "bound": "estimate"}
    assert data.miou.sel(at).item() == pytest.approx(float(quality.sel(condition="low_light:3")))
    assert {"hallucination", "safety_misinterpretation"} & set(data.measure.values.tolist())


def test_a_run_of_another_seed_dataset_or_suite_is_refused_with_the_differences(copied: Path) -> None:
    with pytest.raises(PlanMismatch, match=r"settings\.seed: the run has 3, you asked for 4"):
        segment("pocket-segformer", "streets", out=copied, seed=4, **CPU)
    with pytest.raises(PlanMismatch, match=r"settings\.limit: the run has 4, you asked for 7"):
        segment("pocket-segformer", "streets", out=copied, limit=7, **CPU)
    with pytest.raises(PlanMismatch, match=r'dataset\.name: the run has "streets", you asked for "streets-describe"'):
        segment("pocket-segformer", "streets-describe", out=copied, **CPU)
    with pytest.raises(PlanMismatch, match="conditions: the run has"):
        segment("pocket-segformer", "streets", out=copied, perturb="common", **CPU)
    assert not (copied / "segmentation").exists()


def test_several_models_stand_side_by_side(tmp_path: Path) -> None:
    out = tmp_path / "run"
    settings = {"limit": 3, "perturb": "low_light:2", **CPU}
    segment("pocket-segformer", "streets", out=out, **settings)
    run = segment(segmenters.checkpoint("segformer"), "streets", out=out, **CPU)
    assert run.segmentations == ("pocket-segformer", "segmenter-segformer")
    results = {result.name: result for result in analyze(Evidence(run), ["segmentation", "class_iou"])}
    headings = results["segmentation"].headings
    assert [text for text in headings if "mIoU" in text] == [f"{name}: mIoU %" for name in run.segmentations]
    for name in run.segmentations:
        matrix = segmentation.total(run.segmentation(name).confusion)
        at = {"segmenter": name, "bound": "estimate"}
        iou = results["class_iou"].data.iou.sel(at).transpose("condition", "class")
        np.testing.assert_allclose(iou, segmentation.iou(matrix), rtol=1e-12)
        data = results["segmentation"].data.sel(at)
        lost = segmentation.drop(segmentation.iou(matrix).sel(condition="clean"), segmentation.iou(matrix))
        np.testing.assert_allclose(data.iou_drop.transpose("condition", "class"), lost, atol=1e-12)
        accuracy = segmentation.pixel_accuracy(matrix)
        np.testing.assert_allclose(data.pixel_accuracy_drop, accuracy[0] - accuracy, atol=1e-12)
    lowest = [text for text in results["class_iou"].findings if "lowest IoU on clean" in text]
    assert len(lowest) == 2


def test_a_finished_segmentation_is_recognised_and_another_model_of_its_name_refused(tmp_path: Path) -> None:
    out = tmp_path / "run"
    segment("pocket-segformer", "streets", out=out, limit=2, perturb="low_light:1", **CPU)
    before = files(out)
    again = run_cli("pocket-segformer", "streets", "-o", str(out), "--device", "cpu")
    assert (again.exit_code, "nothing to do" in again.output) == (0, True)
    assert files(out) == before
    other = tmp_path / "other" / "pocket-segformer"
    segmenters.segformer(other)
    with pytest.raises(PlanMismatch, match=r"pocket-segformer.processor.size.height: the run has 224, now 64"):
        segment(other, "streets", out=out, **CPU)


def test_an_interrupted_segmentation_goes_on_and_ends_in_the_same_bytes(copied: Path, tmp_path: Path) -> None:
    from probe.errors import Interrupted
    from probe.segmentation import run as running
    from probe.segmentation.request import SegmentRequest

    whole = Path(shutil.copytree(copied, tmp_path / "whole"))
    segment("pocket-segformer", "streets", out=whole, **CPU)
    request = SegmentRequest("pocket-segformer", "streets")
    seen: list[stores.Unit] = []

    def stop(unit: stores.Unit) -> None:
        seen.append(unit)
        if len(seen) == 4:
            raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="4 of 10 units are safe"):
        running.execute(running.prepare(request, copied), stop)
    with pytest.warns(stores.IncompleteRun, match="6 of 10 units are missing"):
        confusion = stores.open_run(copied).segmentation("pocket-segformer").confusion
    assert (confusion.values[:, 4:] == -1).all()
    assert (confusion.values[:, :4].sum((2, 3)) > 0).all()
    rest: list[stores.Unit] = []
    running.execute(running.prepare(request, copied), rest.append)
    assert len(rest) == 6
    chunks = {name: content for name, content in files(whole).items() if "/c." in name}
    assert {name: content for name, content in files(copied).items() if "/c." in name} == chunks


def test_a_lost_file_is_said_and_made_again(tmp_path: Path) -> None:
    out = tmp_path / "run"
    segment("pocket-segformer", "streets", out=out, limit=2, perturb="low_light:1", **CPU)
    lost = out / "segmentation" / "pocket-segformer" / "confusion" / "c.0.1.0.0"
    content = lost.read_bytes()
    lost.unlink()
    assert any("c.0.1.0.0 is missing" in problem for problem in stores.verify(out))
    with pytest.warns(stores.IncompleteRun, match=r"c\.0\.1\.0\.0 is missing"):
        run = stores.open_run(out)
    with pytest.raises(stores.DamagedRun):
        Evidence(run)
    segment("pocket-segformer", "streets", out=out, **CPU)
    assert lost.read_bytes() == content
    assert stores.verify(out) == []


def test_the_command_shows_which_class_is_which_and_analyses_a_run_of_pictures_alone(tmp_path: Path) -> None:
    out = tmp_path / "run"
    common = ("pocket-segformer", "streets", "-o", str(out), "-n", "3", "-p", "low_light:1", "--device", "cpu")
    dry = run_cli(*common, "--dry-run")
    assert "pedestrian    │ person" in dry.output
    assert "2 of 2 units to do" in dry.output
    assert not out.exists()
    assert run_cli(*common).exit_code == 0
    shown = CliRunner().invoke(main, ["analyze", str(out), "segmentation", "class_iou", "--json"])
    results = json.loads(shown.output)["results"]
    assert [row["condition"] for row in results["segmentation"]["rows"]] == ["clean", "low_light:1"]
    assert [row["class"] for row in results["class_iou"]["rows"]] == list(label_maps.CLASSES)
    assert list(results) == ["segmentation", "class_iou"]
    info = CliRunner().invoke(main, ["info", str(out)])
    assert "pocket-segformer: 2 of 2 units" in info.output
    assert "no model was asked" in CliRunner().invoke(main, ["lens", str(out), "streets-000000"]).output
    assert "pictures and label maps alone" in info.output
    cited = CliRunner().invoke(main, ["cite", str(out)])
    assert "cordts2016cityscapes" in cited.output
    run = stores.open_run(out)
    assert run.images.width.values.tolist() == [224] * 3
    assert run.pictures.band_power.notnull().all()
    assert [result.name for result in analyze(Evidence(run))] == ["segmentation"]


def test_a_model_that_lacks_a_class_of_the_dataset_is_refused_by_name(tmp_path: Path) -> None:
    names = [name for name in segmenters.CITYSCAPES if name not in ("bus", "wall")]
    folder = tmp_path / "fewer"
    segmenters.segformer(folder, names)
    with pytest.raises(PlanError, match=r"model '.*fewer' has no class for bus, which dataset 'streets' has"):
        segment(folder, "streets", out=tmp_path / "run", limit=8, **CPU)
    assert not (tmp_path / "run").exists()
    run = segment(folder, "streets", out=tmp_path / "run", limit=8, perturb="low_light:1", allow_lost=True, **CPU)
    confusion = run.segmentation("fewer").confusion.sel(condition="clean")
    assert int(confusion.isel(predicted=label_maps.CLASSES.index("bus")).sum()) == 0
    assert int(confusion.isel(true=label_maps.CLASSES.index("bus")).sum()) > 0


def test_pixels_of_a_class_that_is_none_of_ours_are_missed_and_count_against_no_other(tmp_path: Path) -> None:
    names = ["tunnel" if name == "road" else name for name in segmenters.CITYSCAPES]
    folder = tmp_path / "tunnels"
    segmenters.segformer(folder, names)
    run = segment(folder, "streets", out=tmp_path / "run", limit=3, perturb="low_light:1", allow_lost=True, **CPU)
    stored = run.segmentation("tunnels").sel(condition="clean")
    pictures = open_dataset("streets", limit=3).dataset.pictures
    shown = [picture.read() for picture in pictures]
    maps = segmenters.plain_maps(folder, shown, (224, 224))
    labels = np.stack([picture.read_labels() for picture in pictures])
    found = np.stack(maps)
    expected = [int(((labels == true) & (found == 0)).sum()) for true in range(19)]
    assert stored.unassigned.sum("image").values.tolist() == expected
    assert sum(expected) > 0
    data = {result.name: result for result in analyze(Evidence(run))}["segmentation"].data
    # as cityscapesScripts: TP / (TP + FP + FN), where the pixels given no class are false negatives
    iou = data.iou.sel(segmenter="tunnels", condition="clean", bound="estimate").values
    for true in (1, 2, 8, 10, 13):
        hit, truth, predicted = (labels == true) & (found == true), labels == true, (labels != 255) & (found == true)
        assert iou[true] == pytest.approx(hit.sum() / (truth | predicted).sum())
    right = sum(int(((labels == true) & (found == true)).sum()) for true in range(1, 19))
    accuracy = data.pixel_accuracy.sel(segmenter="tunnels", condition="clean", bound="estimate").item()
    assert accuracy == pytest.approx(right / (labels != 255).sum())


def test_conditions_that_move_the_picture_have_no_label_maps(tmp_path: Path) -> None:
    out = str(tmp_path / "run")
    specs = ("-p", "translation:dx=8", "-p", "scale", "-p", "no_image", "-p", "low_light:1")
    told = run_cli("pocket-segformer", "streets", "-o", out, "-n", "2", *specs, "--device", "cpu")
    assert told.exit_code == 0
    assert "No label maps under translation:dx=8: translation moves the picture" in told.output
    assert "No label maps under no_image: the condition shows no picture" in told.output
    confusion = stores.open_run(out).segmentation("pocket-segformer").confusion
    pixels = confusion.sum(("true", "predicted")).isel(image=0).to_series().to_dict()
    counted = pixels["clean"]
    assert pixels == {
        "clean": counted, "translation:dx=8": -361, "scale": counted, "no_image": -361, "low_light:1": counted
    }  # fmt: skip
    assert counted > 40_000


@pytest.mark.filterwarnings("ignore::probe.datasets.problems.DatasetNote")
def test_cityscapes_is_counted_at_its_full_size_as_its_own_script_counts_it(tmp_path: Path) -> None:
    root = made_up.make(tmp_path / "cityscapes")
    run = segment(
        segmenters.checkpoint("segformer"), f"cityscapes:{root}", out=tmp_path / "run", perturb="pilot:1", **CPU
    )
    ids = np.array(Image.open(root / "gtFine/val/frankfurt/frankfurt_000000_000294_gtFine_labelIds.png"))
    # suite `pilot` shows 224x224; the label map stays 60x120: 7,200 less 4 pixels of the plate and 240 of ego
    confusion = run.segmentation("segmenter-segformer").confusion.sel(image="frankfurt_000000_000294")
    assert confusion.sum(("true", "predicted")).values.tolist() == [6_956] * 5
    per_class = {true: int((ids == label).sum()) for true, label in {0: 7, 6: 19, 10: 23, 13: 26}.items()}
    truth = confusion.sel(condition="clean").sum("predicted").values
    assert {true: int(truth[true]) for true in per_class} == per_class
    assert truth.sum() == sum(per_class.values())


def test_a_model_that_segments_nothing_and_a_dataset_without_label_maps_are_refused(tmp_path: Path) -> None:
    told = run_cli("pocket-clip", "streets", "-o", str(tmp_path / "run"), "-n", "2")
    assert told.exit_code == 2
    with pytest.raises(ValueError, match="is of model_type 'clip', which segments no pictures"):
        segment(pocket.path("pocket-clip"), "streets", out=tmp_path / "run", limit=2, **CPU)
    Image.new("RGB", (8, 8)).save(tmp_path / "one.png")
    with pytest.raises(PlanError, match=r"has no label maps\. Give one that has: cityscapes, camvid or streets"):
        segment("pocket-segformer", tmp_path, out=tmp_path / "run", **CPU)
