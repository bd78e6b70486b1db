"""Confusion matrices and what follows from them, by hand, by loops and against scikit-learn."""

import numpy as np
import pytest
import torch
import xarray as xr
from sklearn import metrics

from analyses import segmentation, statistics
from analyses.kernels import overlap

NAN = np.nan
CLASSES = 4


def maps(seed: int = 0, images: int = 3, conditions: int = 2) -> tuple[xr.DataArray, xr.DataArray]:
    """Label maps of a few images, a tenth of them ignored, and predictions under conditions that hit every second."""
    rng = np.random.default_rng(seed)
    label = rng.integers(0, CLASSES, size=(images, 5, 6)).astype(np.uint8)
    guess = rng.integers(0, CLASSES, size=(images, conditions, 5, 6)).astype(np.uint8)
    guess = np.where(rng.random(guess.shape) < 0.5, label[:, None], guess)
    image = {"image": [f"i{i}" for i in range(images)]}
    ignored = np.where(rng.random(label.shape) < 0.1, 255, label).astype(np.uint8)
    return (
        xr.DataArray(ignored, dims=("image", "y", "x"), coords=image),
        xr.DataArray(
            guess,
            dims=("image", "condition", "y", "x"),
            coords={**image, "condition": ["clean", "fog:1", "fog:3"][:conditions]},
        ),
    )


def matrices(seed: int = 0, images: int = 3) -> xr.DataArray:
    return segmentation.confusion(*maps(seed, images), classes=CLASSES)


def test_confusion_by_hand() -> None:
    # class 0: twice right, once taken for 1; class 1: once taken for 2; class 2: right; one pixel ignored
    label = np.array([[0, 0, 0], [1, 2, 255]], np.uint8)
    predicted = np.array([[0, 0, 1], [2, 2, 0]], np.uint8)
    result = segmentation.confusion(label, predicted, classes=3)
    assert result.dtype == np.int64
    assert result.tolist() == [[2, 1, 0], [0, 0, 1], [0, 0, 1]]


def test_confusion_agrees_with_scikit_learn_and_a_loop_over_pixels() -> None:
    label, predicted = maps(1)
    result = segmentation.confusion(label, predicted, classes=CLASSES)
    assert result.dims == ("image", "condition", "true", "predicted")
    for image in label.image.values:
        for condition in predicted.condition.values:
            true = label.sel(image=image).values.ravel()
            guess = predicted.sel(image=image, condition=condition).values.ravel()
            looped = np.zeros((CLASSES, CLASSES), int)
            for t, p in zip(true, guess, strict=True):
                if t != 255:
                    looped[t, p] += 1
            counted = true != 255
            expected = metrics.confusion_matrix(true[counted], guess[counted], labels=range(CLASSES))
            np.testing.assert_array_equal(looped, expected)
            np.testing.assert_array_equal(result.sel(image=image, condition=condition), expected)


def test_counts_do_not_overflow_the_type_of_the_maps() -> None:
    label = np.full((300, 300), 18, np.uint8)
    assert segmentation.confusion(label, label)[18, 18] == 90_000


def test_classes_may_be_named() -> None:
    label, predicted = maps(2)
    names = ["road", "car", "sky", "pole"]
    result = segmentation.confusion(label, predicted, classes=names)
    assert result.true.values.tolist() == result.predicted.values.tolist() == names
    np.testing.assert_array_equal(result, segmentation.confusion(label, predicted, classes=CLASSES))
    assert segmentation.iou(result)["class"].values.tolist() == names


def test_the_cityscapes_classes_stand_in_the_order_of_their_train_ids() -> None:
    assert len(segmentation.CITYSCAPES) == 19
    places = {name: segmentation.CITYSCAPES.index(name) for name in ("road", "sky", "pedestrian", "car", "bicycle")}
    assert places == {"road": 0, "sky": 10, "pedestrian": 11, "car": 13, "bicycle": 18}


def test_axes_are_named_and_their_order_does_not_matter() -> None:
    label, predicted = maps(3)
    expected = segmentation.confusion(label, predicted, classes=CLASSES)
    turned = segmentation.confusion(label.transpose("x", "image", "y"), predicted, classes=CLASSES)
    xr.testing.assert_identical(turned, expected)
    renamed = [array.rename(y="row", x="col") for array in (label, predicted)]
    xr.testing.assert_identical(segmentation.confusion(*renamed, classes=CLASSES, dims=("row", "col")), expected)


def test_bare_arrays_give_the_same_counts() -> None:
    label, predicted = maps(4)
    expected = segmentation.confusion(label, predicted, classes=CLASSES)
    np.testing.assert_array_equal(segmentation.confusion(label.values, predicted.values, classes=CLASSES), expected)


def test_the_same_counts_come_out_of_dask_and_torch() -> None:
    label, predicted = maps(5)
    expected = segmentation.confusion(label, predicted, classes=CLASSES)
    lazy = segmentation.confusion(label.chunk(image=1), predicted.chunk(image=1, y=2), classes=CLASSES)
    assert lazy.chunks is not None
    xr.testing.assert_identical(lazy.compute(), expected)
    true = torch.from_numpy(label.values.reshape(3, 1, -1))
    guess = torch.from_numpy(predicted.values.reshape(3, 2, -1))
    on_torch = overlap.confusion_matrix(true, guess, CLASSES, 255)
    np.testing.assert_array_equal(on_torch.numpy(), expected)
    quality = overlap.mean_over_classes(overlap.intersection_over_union(overlap.overlaps(on_torch)))
    np.testing.assert_allclose(quality.numpy(), segmentation.miou(expected), rtol=1e-14)


@pytest.mark.parametrize(
    ("label", "predicted", "message"),
    [
        ([0, 26, 33], [0, 0, 0], "label holds 26, 33: classes run from 0 to 3, and 255 is ignored"),
        ([0, -1, 1], [0, 0, 0], "label holds -1"),
        ([0, CLASSES, 1], [0, 0, 0], "label holds 4"),
        ([0, 255, 1], [0, 7, 0], "predicted holds 7"),
        ([0, 1, 1], [0, 255, 255], "predicted is 255 at 2 pixels that have a class"),
        (range(10, 20), [0] * 10, "label holds 10, 11, 12, 13, 14 and 5 more"),
    ],
)
def test_ids_that_are_no_class_are_named(label, predicted, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        segmentation.confusion(np.array([label]), np.array([predicted]), classes=CLASSES)


def test_nothing_need_be_predicted_where_the_label_is_ignored() -> None:
    result = segmentation.confusion(np.array([[1, 255]]), np.array([[1, 255]]), classes=2)
    assert result.tolist() == [[0, 0], [0, 1]]
    other = segmentation.confusion(np.array([[1, -1]]), np.array([[1, 0]]), classes=2, ignore=-1)
    assert other.tolist() == result.tolist()


def test_maps_that_do_not_fit_are_refused() -> None:
    label, predicted = maps(6)
    cases = [
        (label[1:], predicted, "differ in 'image': only in label: none; only in predicted: 'i0'"),
        (label[:, 1:], predicted, "differ in 'y': 4 against 5"),
        (label.isel(image=0), predicted, "predicted has a dimension 'image' and label has not"),
        (label.astype(float), predicted, "label is float64: class ids are integers"),
        (label.rename(y="row"), predicted, "label has a dimension 'row' and predicted has not"),
    ]
    for first, second, message in cases:
        with pytest.raises(ValueError, match=message):
            segmentation.confusion(first, second, classes=CLASSES)
    with pytest.raises(TypeError, match="predicted: a bare array"):
        segmentation.confusion(label, predicted.values, classes=CLASSES)
    with pytest.raises(ValueError, match="label has shape"):
        segmentation.confusion(label.values[1:], predicted.values, classes=CLASSES)
    with pytest.raises(ValueError, match="ignore=3: at least one class, and an id to ignore that is none"):
        segmentation.confusion(label, predicted, classes=CLASSES, ignore=3)


def test_the_total_adds_the_images_up() -> None:
    single = matrices(7)
    result = segmentation.total(single)
    assert result.dtype == np.int64
    assert result.dims == ("condition", "true", "predicted")
    np.testing.assert_array_equal(result, single.values.sum(axis=0))
    np.testing.assert_array_equal(segmentation.total(single.astype(np.int32).values), result)
    np.testing.assert_array_equal(
        segmentation.total(single, dim=["image", "condition"]), single.values.sum(axis=(0, 1))
    )
    assert result.undefined.values.tolist() == [0, 0]
    with pytest.raises(ValueError, match="no axis of images"):
        segmentation.total(single.values[0, 0])


def test_undefined_matrices_are_left_out_of_the_total_and_counted() -> None:
    single = matrices(8).astype(np.float32)
    single[0, 0] = NAN
    single[1, 0, 2, 2] = NAN  # one undefined entry is enough
    single[:, 1] = NAN
    result = segmentation.total(single)
    assert result.undefined.values.tolist() == [2, 3]
    np.testing.assert_array_equal(result[0], single[2, 0])
    assert np.isnan(result[1]).all()


def test_images_that_were_never_segmented_stay_undefined_among_integers() -> None:
    single = matrices(8).astype(np.int32)  # as they are stored
    single[0, 0], single[:, 1] = -1, -1
    result = segmentation.total(single)
    assert result.dtype == np.int64
    assert result.undefined.values.tolist() == [1, 3]
    np.testing.assert_array_equal(result[0], single[1, 0] + single[2, 0])
    assert (result[1] == -1).all()
    quality = segmentation.miou(result)
    assert np.isnan(quality).values.tolist() == [False, True]
    assert quality.undefined.values.tolist() == [1, 3]  # images
    assert quality.absent.values.tolist() == [0, CLASSES]
    assert np.isnan(segmentation.pixel_accuracy(single)).values.tolist() == [[True, True], [False, True], [False, True]]


def test_intersection_over_union_by_hand() -> None:
    # class 0: 3 / (3 + 1 + 0); class 1: 2 / (2 + 0 + 1); class 2: predicted once, never there; class 3: nowhere
    matrix = np.array([[3, 1, 0, 0], [0, 2, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]])
    matrix[0, 2] = 1  # class 0 becomes 3 / 5
    np.testing.assert_allclose(segmentation.iou(matrix), [3 / 5, 2 / 3, 0.0, NAN])
    assert segmentation.miou(matrix) == pytest.approx((3 / 5 + 2 / 3 + 0) / 3)
    assert segmentation.pixel_accuracy(matrix) == 5 / 7


def test_intersection_over_union_agrees_with_scikit_learn() -> None:
    label, predicted = maps(9)
    result = segmentation.iou(segmentation.confusion(label, predicted, classes=CLASSES))
    accuracy = segmentation.pixel_accuracy(segmentation.confusion(label, predicted, classes=CLASSES))
    for i in range(3):
        for j in range(2):
            counted = label[i].values != 255
            true, guess = label[i].values[counted], predicted[i, j].values[counted]
            np.testing.assert_allclose(result[i, j], metrics.jaccard_score(true, guess, average=None))
            assert accuracy[i, j].item() == pytest.approx(metrics.accuracy_score(true, guess))


def test_the_mean_of_a_data_set_comes_from_the_summed_matrix() -> None:
    # image a: IoU 9/10 and 0/1; image b: 1/1, second class nowhere. Sum: 10/11 and 0/1.
    single = np.array([[[9, 0], [1, 0]], [[1, 0], [0, 0]]])
    np.testing.assert_allclose(segmentation.miou(single), [0.45, 1.0])
    assert segmentation.miou(segmentation.total(single)) == pytest.approx((10 / 11 + 0) / 2)


def test_quality_keeps_dimensions_and_counts_absent_classes() -> None:
    single = matrices(10)
    single[0, 1, 3, :] = 0
    single[0, 1, :, 3] = 0
    result = segmentation.miou(single)
    assert result.dims == ("image", "condition")
    assert result.absent.values.tolist() == [[0, 1], [0, 0], [0, 0]]
    np.testing.assert_allclose(result, np.nanmean(segmentation.iou(single).values, axis=-1))
    xr.testing.assert_allclose(segmentation.miou(single.transpose("predicted", "true", ...)), result)


def test_matrices_without_pixels_or_with_undefined_counts_have_no_quality() -> None:
    undefined = [[[value, 0.0], [0.0, 4.0]] for value in (NAN, np.inf, -1.0)]
    broken = np.array([*undefined, [[0.0, 0.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]])
    assert np.isnan(segmentation.iou(broken)).tolist() == [[True, True]] * 4 + [[False, False]]
    np.testing.assert_array_equal(segmentation.miou(broken), [NAN] * 4 + [1.0])
    np.testing.assert_array_equal(segmentation.pixel_accuracy(broken), [NAN] * 4 + [1.0])


def test_matrices_that_are_none_are_refused() -> None:
    with pytest.raises(ValueError, match=r"square.*\(2, 3\)"):
        segmentation.pixel_accuracy(np.ones((2, 3)))
    for function in (segmentation.iou, segmentation.miou, segmentation.pixel_accuracy):
        with pytest.raises(ValueError, match="square"):
            function(matrices()[..., 1:])
    with pytest.raises(ValueError, match="no dimension 'true'"):
        segmentation.iou(matrices().rename(true="row", predicted="col"))


def test_quality_is_the_same_out_of_dask() -> None:
    single = matrices(11)
    lazy = segmentation.miou(segmentation.total(single.chunk(image=1)))
    xr.testing.assert_allclose(lazy.compute(), segmentation.miou(segmentation.total(single)))


def test_the_drop_is_what_the_perturbation_costs() -> None:
    # DeepLabV3+ under low light (Cheng, Table 3): 0.77 clean, then 0.73, 0.48, 0.26
    quality = xr.DataArray(
        [0.77, 0.73, 0.48, 0.26], dims="condition", coords={"condition": ["clean", "LL1", "LL2", "LL3"]}
    )
    result = segmentation.drop(quality.sel(condition="clean"), quality)
    np.testing.assert_allclose(result, [0, 0.04, 0.29, 0.51], atol=1e-12)
    assert result.condition.values.tolist() == ["clean", "LL1", "LL2", "LL3"]


def test_the_drop_of_each_image_is_measured_from_its_own_clean_quality() -> None:
    quality = segmentation.miou(matrices(12))
    result = segmentation.drop(quality.sel(condition="clean"), quality)
    assert result.dims == ("image", "condition")
    np.testing.assert_allclose(result, quality.values[:, :1] - quality.values)
    np.testing.assert_array_equal(segmentation.drop(quality.values[:, 0], quality.values), result)
    assert result.absent.dims == ("image", "condition")
    each = segmentation.iou(matrices(12))
    assert segmentation.drop(each.sel(condition="clean"), each).dims == ("image", "condition", "class")


def test_the_drop_is_undefined_where_either_quality_is_and_refuses_strangers() -> None:
    np.testing.assert_array_equal(segmentation.drop(np.array([NAN, 1.0]), np.array([0.5, NAN])), [NAN, NAN])
    quality = segmentation.miou(matrices(13))
    with pytest.raises(ValueError, match="differ in 'image': only in clean: none; only in degraded: 'i0'"):
        segmentation.drop(quality.sel(condition="clean")[1:], quality)
    with pytest.raises(ValueError, match="degraded has a dimension 'image' and clean has not"):
        segmentation.drop(quality[0, 0], quality)


def test_the_bootstrap_by_image_resamples_the_summed_matrix() -> None:
    single = matrices(14, images=12)
    drawn = np.random.default_rng(3).integers(12, size=(200, 12))
    names = np.argsort(single.image.values.astype(str))  # clusters are drawn in the order of their names
    for statistic, plain in (
        (segmentation.summed_miou, segmentation.miou),
        (segmentation.summed_iou, segmentation.iou),
        (segmentation.summed_pixel_accuracy, segmentation.pixel_accuracy),
    ):
        estimate, low, high = statistics.bootstrap(statistic, single, cluster="image", resamples=200, seed=3)
        looped = [plain(segmentation.total(single.values[names[row]])) for row in drawn]
        np.testing.assert_allclose(estimate, plain(segmentation.total(single.values)))
        np.testing.assert_allclose([low, high], np.quantile(looped, [0.025, 0.975], axis=0))


def test_undefined_images_are_left_out_of_every_resample() -> None:
    single = matrices(15, images=8).astype(float)
    without = statistics.bootstrap(segmentation.summed_miou, single[1:], cluster="image", resamples=50)[0]
    single[0] = NAN
    estimate, low, high = statistics.bootstrap(segmentation.summed_miou, single, cluster="image", resamples=50)
    np.testing.assert_allclose(estimate, without)
    assert np.isfinite([low, high]).all()
