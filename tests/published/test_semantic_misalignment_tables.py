"""Cheng, Semantic Misalignment under Perceptual Degradation: what its tables give, and what they do not."""

import numpy as np
import pytest
import xarray as xr
from scipy import stats
from transcribed import table

from analyses import statistics

SEGMENTERS = ["DeepLabV3+", "SegFormer", "Mask2Former"]
VLMS = ["CLIP", "SigLIP", "Qwen2-VL"]


def segmentation() -> xr.DataArray:
    """Table 3: mIoU by condition and segmentation model."""
    return table("sm_3_miou", "condition", "seg_model", value="miou")


def misalignment(metric: str) -> xr.DataArray:
    """Tables 4 to 6: one metric by condition and vision-language model."""
    return table("sm_4_5_6_misalignment", "condition", "vlm", metric=metric)


def correlations(metric: str) -> tuple[xr.DataArray, xr.DataArray]:
    """Pearson's r and p of a metric with mIoU over the 10 conditions, by vision-language and segmentation model."""
    quality, failure = xr.align(segmentation(), misalignment(metric), join="exact")
    pairs = [[stats.pearsonr(quality.sel(seg_model=s), failure.sel(vlm=v)) for s in SEGMENTERS] for v in VLMS]
    coords = {"vlm": VLMS, "segmenter": SEGMENTERS}
    return xr.DataArray(np.array(pairs)[..., 0], coords=coords), xr.DataArray(np.array(pairs)[..., 1], coords=coords)


def test_table_3_repeats_the_miou_of_table_2_in_ten_of_ten_conditions() -> None:
    column = table("sm_2_miou", "condition", value="miou_pct")
    deeplab = segmentation().sel(seg_model="DeepLabV3+")
    assert deeplab.condition.values.tolist() == column.condition.values.tolist()
    np.testing.assert_allclose(100 * deeplab, column)


def test_the_miou_of_table_2_is_the_mean_of_its_19_classes_rounded_but_for_clean_which_is_cut() -> None:
    classes = table("sm_2_class_iou", "condition", "class", value="iou_pct")
    assert classes.sizes == {"condition": 10, "class": 19}
    column = table("sm_2_miou", "condition", value="miou_pct")
    mean = classes.mean("class")
    same = np.round(mean) == column
    assert same.sum() == 9
    assert column.condition.values[~same.values].tolist() == ["clean"]
    assert mean.sel(condition="clean").item() == pytest.approx(1473 / 19)  # 77.53, printed as 77
    # each class is rounded to 1, which moves their mean by 0.5 at most: all ten are possible
    assert (abs(mean - column) <= 0.5 + 0.5).all()


def test_segformer_has_deeplabs_very_numbers_in_five_of_ten_conditions() -> None:
    miou = segmentation()
    same = miou.sel(seg_model="SegFormer") == miou.sel(seg_model="DeepLabV3+")
    assert miou.condition.values[same.values].tolist() == ["LL3", "MB3", "OCC1", "OCC2", "OCC3"]


def test_miou_does_not_fall_with_every_step_of_severity_as_figure_2_says() -> None:
    segformer = segmentation().sel(seg_model="SegFormer")
    assert segformer.sel(condition=["clean", "LL1", "LL2"]).values.tolist() == [0.66, 0.66, 0.67]
    assert segformer.sel(condition=["clean", "MB1"]).values.tolist() == [0.66, 0.67]
    for model in ("DeepLabV3+", "Mask2Former"):
        for corruption in ("LL", "MB", "OCC"):
            steps = [f"{corruption}{severity}" for severity in (1, 2, 3)]
            assert (np.diff(segmentation().sel(seg_model=model, condition=["clean", *steps])) < 0).all()


def test_critical_omissions_of_siglip_rise_with_miou_though_the_paper_says_they_fall() -> None:
    r, _ = correlations("COR")
    assert r.sel(vlm="SigLIP").values.round(2).tolist() == [0.67, 0.61, 0.89]


def test_critical_omissions_of_clip_do_not_go_with_miou() -> None:
    r, _ = correlations("COR")
    assert r.sel(vlm="CLIP").values.round(2).tolist() == [0.06, 0.04, 0.15]


def test_a_moderate_negative_correlation_of_critical_omissions_is_that_of_qwen_with_mask2former_alone() -> None:
    r, p = correlations("COR")
    assert r.sel(vlm="Qwen2-VL").values.round(2).tolist() == [-0.11, -0.31, -0.56]
    assert (r < -0.4).sum() == 1
    assert p.where(r < 0).min() > 0.05  # ten conditions: it could be chance


def test_of_nine_correlations_of_critical_omissions_only_a_positive_one_outlives_adjustment() -> None:
    r, p = correlations("COR")
    kept = xr.DataArray(statistics.benjamini_hochberg(p.values), coords=p.coords) < 0.05
    assert kept.sum() == 1
    assert kept.sel(vlm="SigLIP", segmenter="Mask2Former")
    assert r.sel(vlm="SigLIP", segmenter="Mask2Former") > 0


def test_hallucination_goes_with_miou_weakly_and_in_both_directions_as_the_paper_says() -> None:
    r, p = correlations("HR")
    assert abs(r).max() < 0.35
    assert r.min() < 0 < r.max()
    assert p.min() > 0.3


def test_safety_misinterpretation_goes_with_miou_by_up_to_a_half_in_both_directions_which_is_not_minimal() -> None:
    r, p = correlations("SMR")
    assert r.sel(segmenter="Mask2Former").values.round(2).tolist() == [0.49, -0.51, 0.39]
    assert p.min() > 0.1


def test_safety_misinterpretation_of_siglip_exceeds_seven_tenths_everywhere_as_the_paper_says() -> None:
    assert misalignment("SMR").sel(vlm="SigLIP").min() == 0.74


def test_safety_misinterpretation_of_qwen_counts_answers_that_could_not_be_parsed() -> None:
    # the more answers parse, the fewer failures there can be: SMR >= 1 - parsed is implied where failures are counted
    failed, parsed = (misalignment(metric).sel(vlm="Qwen2-VL") for metric in ("SMR", "safety_parse_success"))
    assert (failed >= 1 - parsed).all()
    assert parsed.max() == 0.22
