"""Mireku et al., aligned models under corruption: its tables from its tables, with our functions."""

import numpy as np
import pytest
import xarray as xr
from transcribed import rows, table

from analyses import corruption
from analyses.corruption import SmallDenominator

DATASETS = ["GQA", "VQAv2", "TextVQA", "MMBench"]
PAIRS = {
    "P0": ("IVL-SFT", "IVL-MPO"),
    "P1": ("QW-base", "QW-inst"),
    "P2": ("G4B-pt", "G4B-it"),
    "P3": ("G7B-pt", "G7B-it"),
}
LONG_NAMES = {
    "IVL-SFT": "IVL-SFT (base)",
    "IVL-MPO": "IVL-MPO (aligned)",
    "QW-base": "Qwen2-VL-2B",
    "QW-inst": "Qwen2-VL-2B-Inst",
    "G4B-pt": "Gemma-3-4B-PT",
    "G4B-it": "Gemma-3-4B-IT",
    "G7B-pt": "Gemma-3-7B",
    "G7B-it": "Gemma-3-7B-IT",
}
HALF = 0.0005 + 1e-9
"""Half of the last printed digit."""


def global_mce() -> xr.DataArray:
    """Table 3: mCE by model and dataset, "Macro" among the datasets."""
    return table("ac_3_mce", "model", "dataset", value="mce")


def of_pairs(values: xr.DataArray) -> tuple[xr.DataArray, xr.DataArray]:
    """Values by model as those of the aligned and of the base models, by pair."""
    base, aligned = (
        values.sel(model=[pair[side] for pair in PAIRS.values()]).rename(model="pair").assign_coords(pair=list(PAIRS))
        for side in (0, 1)
    )
    return aligned, base


def gqa_ce() -> xr.DataArray:
    """Table 5: CE on GQA by corruption (and "mCE"), pair and role."""
    return table("ac_5_ce_gqa", "row", "pair", "role", value="ce").rename(row="corruption")


def p0_error() -> xr.DataArray:
    """Table 6: error of pair P0 on GQA by corruption, severity and role."""
    return 1 - table("ac_6_accuracy_by_severity", "corruption", "severity", "role", value="accuracy")


def qwen_ce() -> xr.DataArray:
    """Table 11: by corruption (and "mCE"), dataset and quantity (CE_b, CE_a, Rel)."""
    return table("ac_11_qwen_ce", "corruption", "dataset", "quantity")


def test_the_macro_of_table_3_is_the_mean_of_four_datasets_for_eight_of_eight_models() -> None:
    printed = global_mce()
    assert printed.sizes == {"model": 8, "dataset": 5}
    assert (abs(corruption.macro(printed.sel(dataset=DATASETS)) - printed.sel(dataset="Macro")) <= HALF).all()


def test_the_pairs_are_those_of_table_1() -> None:
    pairs = {row["pair"]: (row["base_model"], row["aligned_model"]) for row in rows("ac_1_pairs")}
    assert pairs["P0"] == ("InternVL2.5-2B", "InternVL2.5-2B-MPO")
    assert {
        pair: (LONG_NAMES[base], LONG_NAMES[aligned]) for pair, (base, aligned) in PAIRS.items() if pair != "P0"
    } == {
        "P1": ("Qwen2-VL-2B", "Qwen2-VL-2B-Inst"),
        "P2": pairs["P2"],
        "P3": pairs["P3"],
    }


def test_table_4_holds_ratios_of_globally_referenced_mces_in_sixteen_of_sixteen_cells() -> None:
    printed = table("ac_4_relative_mce", "pair", "dataset", value="rel_mce").sel(dataset=DATASETS)
    ratios = corruption.relative_mce_global(*of_pairs(global_mce().sel(dataset=DATASETS)))
    assert ratios.size == 16
    assert (abs(ratios - printed) <= 0.001).all()


def test_the_macro_of_table_4_is_the_mean_of_ratios_and_not_the_ratio_of_macros() -> None:
    printed = table("ac_4_relative_mce", "pair", "dataset", value="rel_mce").sel(dataset="Macro")
    aligned, base = of_pairs(global_mce().sel(dataset=DATASETS))
    mean_of_ratios = corruption.macro(corruption.relative_mce_global(aligned, base))
    assert (abs(mean_of_ratios - printed) <= 0.001).all()
    ratio_of_macros = corruption.relative_mce_global(corruption.macro(aligned), corruption.macro(base))
    assert ratio_of_macros.values.round(3).tolist() == [1.1, 0.608, 0.876, 1.191]
    assert printed.values.tolist() == [1.1, 0.64, 0.898, 1.192]


def test_the_mce_of_table_5_is_the_mean_of_four_corruptions_for_eight_of_eight_models() -> None:
    printed = gqa_ce()
    mean = corruption.mce(printed.isel(corruption=slice(0, 4)))
    assert mean.size == 8
    assert (abs(mean - printed.sel(corruption="mCE")) <= HALF).all()


def test_the_mce_of_table_5_is_the_gqa_column_of_table_3() -> None:
    aligned, base = of_pairs(global_mce().sel(dataset="GQA"))
    printed = gqa_ce().sel(corruption="mCE")
    np.testing.assert_array_equal(printed.sel(role="A"), aligned)
    np.testing.assert_array_equal(printed.sel(role="B"), base)


def test_the_accuracies_of_table_6_give_the_corruption_errors_of_table_5_exactly() -> None:
    error, printed = p0_error(), gqa_ce().sel(pair="P0")
    result = corruption.ce(error, error.sel(role="B"))
    assert result.sel(role="A").values.round(3).tolist() == [0.889, 0.95, 0.6, 0.882]
    assert result.sel(role="B").values.tolist() == [1, 1, 1, 1]
    np.testing.assert_array_equal(result.round(3), printed.isel(corruption=slice(0, 4)))
    mean = corruption.mce(result).sel(role="A").item()
    assert abs(mean - printed.sel(corruption="mCE", role="A").item()) <= HALF


def test_both_readings_of_relative_mce_agree_on_p0_whose_base_is_the_global_reference() -> None:
    error = p0_error()
    within = corruption.relative_mce_within_pair(error.sel(role="A"), error.sel(role="B"))
    assert abs(within.item() - 0.830) <= HALF


def test_equation_1_gives_other_numbers_than_table_4_for_the_pairs_whose_base_is_not_the_reference() -> None:
    # CE against the own base is the quotient of the CEs against a third model, corruption by corruption
    ces = gqa_ce().isel(corruption=slice(0, 4))
    within = corruption.macro(ces.sel(role="A") / ces.sel(role="B"), dataset="corruption")
    printed = table("ac_4_relative_mce", "pair", "dataset", value="rel_mce").sel(dataset="GQA")
    assert within.values.round(3).tolist() == [0.83, 0.542, 0.766, 1.167]
    assert printed.values.tolist() == [0.83, 0.539, 0.761, 1.167]


def test_the_mcr_of_table_10_is_one_minus_mce_for_eight_of_eight_models() -> None:
    printed = table("ac_10_mce_mcr", "model", "column")
    result = corruption.mcr(printed.sel(column="Macro-mCE"))
    assert result.size == 8
    np.testing.assert_allclose(result, printed.sel(column="Macro-mCR"), atol=1e-12)


def test_tables_3_9_and_10_hold_the_same_mces_and_tables_2_and_8_the_same_accuracies() -> None:
    third = global_mce()
    ninth = table("ac_9_mce", "model", "dataset", value="mce")
    tenth = table("ac_10_mce_mcr", "model", "column")
    for short, long in LONG_NAMES.items():
        np.testing.assert_array_equal(third.sel(model=short, dataset=DATASETS), ninth.sel(model=long, dataset=DATASETS))
        np.testing.assert_array_equal(third.sel(model=short), tenth.isel(column=slice(0, 5)).sel(model=long))
    eighth = table("ac_8_clean_accuracy", "model", "dataset", value="accuracy")
    for row in rows("ac_2_clean_accuracy"):
        if row["model"]:
            assert eighth.sel(model=LONG_NAMES[row["model"]], dataset=row["dataset"]) == float(row["value"])


def test_the_differences_of_table_2_are_aligned_minus_base_in_sixteen_of_sixteen_cells() -> None:
    printed = table("ac_2_clean_accuracy", "pair", "role", "dataset")
    gained = corruption.advantage(1 - printed.sel(role="aligned"), 1 - printed.sel(role="base"))
    np.testing.assert_allclose(gained, printed.sel(role="delta"), atol=1e-12)
    assert gained.size == 16


def test_the_text_gives_textvqa_a_gain_of_a_half_where_table_2_has_three_tenths() -> None:
    gained = table("ac_2_clean_accuracy", "pair", "dataset", role="delta").sel(pair="P1")
    assert gained.sel(dataset=["GQA", "TextVQA", "MMBench"]).values.tolist() == [0.5, 0.3, 0.5]


def test_mpo_does_not_have_a_lower_macro_mce_than_its_base_though_the_paper_says_so() -> None:
    macro = global_mce().sel(dataset="Macro")
    assert (macro.sel(model="IVL-MPO"), macro.sel(model="IVL-SFT")) == (1.1, 1.0)
    assert macro.sel(model="QW-inst") < macro.sel(model="QW-base")  # of this one it is true


def test_only_defocus_blur_is_a_severity_dependent_reversal_and_it_happens_at_severity_5() -> None:
    error = p0_error()
    result = corruption.crossover_severity(error.sel(role="A"), error.sel(role="B"))
    assert result.sel(corruption="defocus_blur") == 5
    assert np.isnan(result.drop_sel(corruption="defocus_blur")).all()
    gap = corruption.advantage(error.sel(role="A"), error.sel(role="B"))
    np.testing.assert_allclose(gap.sel(corruption="defocus_blur"), [0.3, 0.0, -0.2], atol=1e-12)
    np.testing.assert_allclose(gap.sel(corruption="brightness"), [0.1, 0.3, 0.2], atol=1e-12)


def test_defocus_blur_is_not_the_corruption_of_highest_error_but_for_one_model() -> None:
    ces = gqa_ce().isel(corruption=slice(0, 4)).stack(model=("pair", "role")).isel(model=slice(1, None))
    defocus = ces.sel(corruption="defocus_blur")
    assert ces.sizes["model"] == 7  # without the reference, which has 1 everywhere
    highest, lowest = (defocus == ces.max("corruption")), (defocus == ces.min("corruption"))
    assert [model for model, true in zip(ces.model.values, highest.values, strict=True) if true] == [("P0", "A")]
    assert lowest.sum() == 5


def test_the_accuracies_of_table_6_are_tenths_as_of_ten_samples_and_not_fifty() -> None:
    accuracy = 1 - p0_error()
    np.testing.assert_allclose(10 * accuracy, (10 * accuracy).round(), atol=1e-9)
    assert accuracy.size == 24


def test_table_7_is_the_last_row_of_table_11() -> None:
    ces, printed = qwen_ce(), {row["dataset"]: row for row in rows("ac_7_qwen_mce")}
    for dataset in DATASETS:
        base, aligned, ratio = (float(printed[dataset][name]) for name in ("mce_base", "mce_aligned", "rel_mce"))
        assert ces.sel(corruption="mCE", dataset=dataset, quantity=["CE_b", "CE_a"]).values.tolist() == [base, aligned]
        assert abs(ces.sel(corruption="mCE", dataset=dataset, quantity="Rel").item() - ratio) <= 0.005
    of_eleven = corruption.mce(ces.isel(corruption=slice(0, 11)).sel(quantity=["CE_b", "CE_a"]))
    assert (abs(of_eleven - ces.sel(corruption="mCE", quantity=["CE_b", "CE_a"])) <= HALF).all()


def test_the_ratios_of_table_11_are_those_of_its_columns_and_undefined_for_zoom_blur_on_gqa() -> None:
    ces = qwen_ce().isel(corruption=slice(0, 11))
    base, aligned, printed = (ces.sel(quantity=name, drop=True) for name in ("CE_b", "CE_a", "Rel"))
    with pytest.warns(SmallDenominator, match=r"corruption='Zoom Blur' dataset='GQA' \(0\)\.$"):
        ratio = corruption.relative_mce_global(aligned, base)
    np.testing.assert_array_equal(np.isnan(ratio), np.isnan(printed))
    assert np.isnan(ratio.sel(corruption="Zoom Blur", dataset="GQA"))
    # three digits each: the quotient lies between those of the ends of their rounding
    least, most = (aligned - HALF) / (base + HALF), (aligned + HALF) / (base - HALF).where(base > HALF)
    digit = xr.where(printed < 10, 0.005, 0.05)
    assert ((printed >= least - digit) & (printed <= most + digit)).sum() == 43


def test_tables_7_and_11_are_no_corruption_errors_of_equation_1_whose_base_is_one() -> None:
    base = qwen_ce().sel(quantity="CE_b")
    assert base.max() == 0.68
    error = p0_error().sel(role="B")
    np.testing.assert_array_equal(corruption.ce(error, error), 1.0)


def test_the_base_column_of_table_11_fits_accuracies_of_ten_samples_summed_over_five_severities() -> None:
    # value = sum of accuracies / (5 * clean error): times the denominator, all but one of 44 are whole tenths
    base = qwen_ce().isel(corruption=slice(0, 11)).sel(quantity="CE_b")
    clean = table("ac_2_clean_accuracy", "dataset", pair="P1", role="base")
    unit = 5 * (1 - clean)
    summed = base * unit
    fits = abs(summed - summed.round(1)) <= HALF * unit
    assert fits.size == 44
    assert fits.sum() == 43
    assert not fits.sel(corruption="Brightness", dataset="GQA")
    # of errors they cannot be the sum: 5 * 0.7 or more would be needed of a model that is right 3 times in 10 at best
    assert (summed.sel(dataset="GQA") < 1.25).all()
