"""Correlations of what a segmentation model loses with what is said worse, on a run written by hand."""

import numpy as np
import pytest
import scipy.stats

import stores
from probe.results import Evidence, analyze

NAMES = ("clean", "fog:1", "fog:3", "fog:5", "low_light:1", "low_light:3", "low_light:5", "white")
TRUTH = ("a car and a road", "a road and a bus")
IMAGES = 8


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Evidence, np.ndarray, list[list[str]]]:
    """A run with confusions of three classes, its (condition, image, true, predicted), and what is said."""
    rng = np.random.default_rng(0)
    path = tmp_path_factory.mktemp("made") / "run"
    samples = tuple(stores.SampleRow(f"s{k}", k, "Describe.", TRUTH[k % 2], "describe") for k in range(IMAGES))
    conditions = tuple(stores.ConditionRow(n, n.partition(":")[0], k) for k, n in enumerate(NAMES))
    images = tuple(f"i{k}" for k in range(IMAGES))
    layout = stores.Layout(8, images, samples, conditions, segmentations=(stores.Segmentation("segformer", 3),))
    stores.create(path, layout, plan=stores.hashed({"settings": {}}), provenance={})
    writer, confusions, said = stores.Writer(path, layout), [], []
    for condition in range(len(NAMES)):
        unit = stores.Unit(0, condition)
        arrays = layout.blank(unit)
        counts = np.where(np.eye(3, dtype=bool), 50, rng.integers(0, 4, (IMAGES, 3, 3)) + 6 * condition)
        texts = ["a truck and a road" if k < condition else TRUTH[k % 2] for k in range(IMAGES)]
        arrays["segmentation/segformer/confusion"][:], arrays["answers/text"][:] = counts, texts
        confusions.append(counts)
        said.append(texts)
        writer.commit(unit, arrays, report={})
    return Evidence(stores.open_run(path)), np.array(confusions), said


def iou(confusion: np.ndarray) -> np.ndarray:
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    return hits / (confusion.sum(-1) + confusion.sum(-2) - hits)


def test_each_quality_is_set_against_each_measure_over_the_perturbations_alone(made) -> None:
    evidence, confusions, said = made
    (result,) = analyze(evidence, ["segmentation_language"])
    data = result.data.sel(segmenter="segformer")
    assert data.quality.values.tolist() == ["mIoU", "road", "sidewalk", "building"]
    assert data.measure.values.tolist() == ["HR", "COR", "printed COR"], "nothing was asked of safety or presence"
    by_class = iou(confusions.sum(axis=1))
    qualities = {"mIoU": by_class.mean(axis=1), "sidewalk": by_class[:, 1]}
    # of two named classes the truck is invented, and the car or bus left out
    wrong = np.array([[text.startswith("a truck") for text in row] for row in said])
    for name, quality in qualities.items():
        drop = (quality[0] - quality)[1:7]
        for measure, more in (("HR", wrong.mean(axis=1) / 2), ("COR", wrong.mean(axis=1))):
            r = scipy.stats.pearsonr(drop, (more - more[0])[1:7])[0]
            rho = scipy.stats.spearmanr(drop, (more - more[0])[1:7])[0]
            one = data.sel(quality=name, measure=measure)
            assert one.pearson.sel(bound="estimate").item() == pytest.approx(r)
            assert one.spearman.sel(bound="estimate").item() == pytest.approx(rho)
            assert one.pairs.item() == 6, "neither clean nor the control `white`"
    assert result.headings[:2] == ("quality", "segformer: HR")
    assert "across 6 perturbations" in result.findings[0]


def test_over_images_each_condition_has_a_correlation_of_its_own(made) -> None:
    evidence, confusions, said = made
    (result,) = analyze(evidence, ["segmentation_language"])
    data = result.data.sel(segmenter="segformer", condition="low_light:1", measure="COR")
    quality = iou(confusions).mean(axis=-1)
    wrong = np.array([[text.startswith("a truck") for text in row] for row in said], float)
    r = scipy.stats.pearsonr(quality[0] - quality[4], wrong[4] - wrong[0])[0]
    assert data.pearson_over_images.sel(bound="estimate").item() == pytest.approx(r)
    assert data.n_over_images.item() == IMAGES


def test_the_points_of_the_figure_are_drops_and_increases(made) -> None:
    evidence, confusions, _ = made
    (result,) = analyze(evidence, ["segmentation_language"])
    quality = iou(confusions.sum(axis=1)).mean(axis=1)
    drop = result.data["drop"].sel(segmenter="segformer", quality="mIoU", condition="fog:5", bound="estimate")
    assert drop.item() == pytest.approx(quality[0] - quality[3])
    # three of eight images name a truck besides the road
    assert result.data.increase.sel(measure="HR", condition="fog:5", bound="estimate").item() == pytest.approx(3 / 16)
    assert result.data.measure.size == 3
    points = next(iter(result.figure.to_dict()["datasets"].values()))
    fog = next(each for each in points if each["panel"] == "HR" and each["label"] == "fog:5")
    assert (fog["x"], fog["y"]) == (
        pytest.approx(100 * (quality[0] - quality[3]), rel=1e-5),
        pytest.approx(100 * 3 / 16),
    )
