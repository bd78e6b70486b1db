"""Laws of confusion matrices and IoU that hold for any label maps."""

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analyses import segmentation

laws = settings(deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow])
CLASSES = 5


@st.composite
def pairs_of_maps(draw, images: int = 1):
    """Label maps with ignored pixels, and predictions, (image, y, x)."""
    shape = (images, draw(st.integers(1, 6)), draw(st.integers(1, 6)))
    label = draw(arrays(np.uint8, shape, elements=st.integers(0, CLASSES - 1) | st.just(255)))
    return label, draw(arrays(np.uint8, shape, elements=st.integers(0, CLASSES - 1)))


def counted(label, predicted) -> np.ndarray:
    return segmentation.confusion(label, predicted, classes=CLASSES)


@laws
@given(pairs_of_maps(), st.randoms(use_true_random=False))
def test_where_the_pixels_are_does_not_matter(made, random) -> None:
    label, predicted = (array.reshape(1, 1, -1) for array in made)
    order = random.sample(range(label.size), label.size)
    np.testing.assert_array_equal(counted(label[..., order], predicted[..., order]), counted(*made))


@laws
@given(pairs_of_maps(images=3))
def test_joining_images_adds_their_matrices(made) -> None:
    label, predicted = made
    joined = counted(label.reshape(-1, label.shape[-1]), predicted.reshape(-1, label.shape[-1]))
    np.testing.assert_array_equal(joined, segmentation.total(counted(label, predicted)))


@laws
@given(pairs_of_maps(images=2))
def test_every_pixel_with_a_class_counts_once(made) -> None:
    label, predicted = made
    result = counted(label, predicted)
    np.testing.assert_array_equal(result.sum(axis=(-2, -1)), (label != 255).sum(axis=(-2, -1)))
    assert (result >= 0).all()


@laws
@given(pairs_of_maps())
def test_a_perfect_prediction_scores_one_for_every_class_that_is_there(made) -> None:
    label, _ = made
    perfect = counted(label, np.where(label == 255, 0, label))
    there = np.isin(np.arange(CLASSES), label)
    np.testing.assert_array_equal(segmentation.iou(perfect)[0], np.where(there, 1.0, np.nan))
    for quality in (segmentation.miou(perfect), segmentation.pixel_accuracy(perfect)):
        np.testing.assert_array_equal(quality, [1.0 if there.any() else np.nan])


@laws
@given(pairs_of_maps(), st.permutations(range(CLASSES)))
def test_renaming_classes_permutes_their_iou_and_leaves_the_mean(made, names) -> None:
    label, predicted = made
    renamed = np.array(names, np.uint8)
    other = counted(np.where(label == 255, 255, renamed[np.minimum(label, CLASSES - 1)]), renamed[predicted])
    np.testing.assert_allclose(segmentation.iou(other)[0, names], segmentation.iou(counted(*made))[0])
    np.testing.assert_allclose(segmentation.miou(other), segmentation.miou(counted(*made)), rtol=1e-12)
    np.testing.assert_allclose(segmentation.pixel_accuracy(other), segmentation.pixel_accuracy(counted(*made)))


@laws
@given(pairs_of_maps())
def test_swapping_label_and_prediction_transposes_the_matrix_and_leaves_the_iou(made) -> None:
    label, predicted = made
    both = np.where(label == 255, 0, label)
    matrix = counted(both, predicted)
    np.testing.assert_array_equal(counted(predicted, both), matrix.swapaxes(-1, -2))
    np.testing.assert_array_equal(segmentation.iou(matrix.swapaxes(-1, -2)), segmentation.iou(matrix))


@laws
@given(pairs_of_maps())
def test_quality_lies_in_its_range_and_is_undefined_only_without_pixels(made) -> None:
    matrix = counted(*made)
    each, mean, accuracy = (f(matrix) for f in (segmentation.iou, segmentation.miou, segmentation.pixel_accuracy))
    empty = not matrix.any()
    assert np.isnan(mean).all() == np.isnan(accuracy).all() == np.isnan(each).all() == empty
    if not empty:
        assert 0 <= np.nanmin(each) <= mean[0] + 1e-12
        assert mean[0] <= np.nanmax(each) + 1e-12
        recall = matrix[0].diagonal() / np.maximum(matrix[0].sum(axis=-1), 1)
        assert (np.nan_to_num(each[0]) <= recall + 1e-12).all()  # the union holds the class's whole area
        assert 0 <= accuracy[0] <= 1


@laws
@given(pairs_of_maps(images=2), st.integers(1, 4))
def test_seeing_every_image_several_times_changes_no_quality(made, times: int) -> None:
    matrix = counted(*made)
    often = segmentation.total(np.concatenate([matrix] * times))
    np.testing.assert_allclose(segmentation.miou(often), segmentation.miou(segmentation.total(matrix)))
