"""Layout: which rows and which files each unit owns, known before anything is written."""

import itertools
import json
from dataclasses import replace

import pytest
import small_run
from hypothesis import given, settings
from hypothesis import strategies as st
from small_run import BRIGHTNESS

from stores import ConditionRow, Layout, SampleRow, SiteSpec, Unit, Variable, ledger, selection
from stores.arrays import SHARD_BYTES, shard_rows, token_chunk


def test_units_own_disjoint_files():
    plan = small_run.layout()
    owners: dict[str, Unit] = {}
    for unit, array in itertools.product(plan.units(), plan.arrays.values()):
        if array.per_condition or unit.condition == 0:
            for name, _ in array.files(unit):
                assert owners.setdefault(name, unit) == unit, name
                assert array.owner(name.removeprefix(f"{array.path}/")) == unit


def test_samples_lie_in_their_images_block_and_the_rest_is_padding():
    # images 0..4 in blocks (0, 1), (2, 3), (4); samples s0..s4 ask about images 4, 0, 1, 2, 1
    plan = small_run.layout()
    assert [[row.sample_id for row in plan.block_samples(block)] for block in range(3)] == [
        ["s1", "s2", "s4"],
        ["s3"],
        ["s0"],
    ]
    assert plan.samples_per_block == 3
    assert [plan.sample_index(name) for name in ("s1", "s2", "s4", "s3", "s0")] == [0, 1, 2, 3, 6]
    assert (plan.rows(2), plan.sample_rows(2)) == (slice(4, 5), slice(6, 9))


@given(block=st.integers(1, 64), row=st.integers(1, 2**28))
def test_shards_divide_the_block_and_stay_within_their_size(block: int, row: int):
    images = shard_rows(block, row)
    assert block % images == 0
    assert images == 1 or images * row <= SHARD_BYTES


@given(tokens=st.integers(1, 5000))
def test_token_chunks_cover_all_tokens_with_less_padding_than_one_chunk(tokens: int):
    per_chunk, pieces = token_chunk(tokens)
    assert per_chunk <= 64
    assert tokens <= per_chunk * pieces < tokens + pieces


def test_bytes_on_disk_are_those_of_the_finished_run(tmp_path):
    plan = small_run.layout()
    small_run.make(tmp_path / "run", plan)
    written = sum(
        (tmp_path / "run" / name).stat().st_size
        for array in plan.arrays.values()
        for unit in plan.units()
        if (array.per_condition or unit.condition == 0) and not array.is_text and array.shard is None
        for name, _ in array.files(unit)
    )
    tokens = plan.arrays["sites/vision.layers-patches/tokens"]
    upper = sum(tokens.unit_bytes(unit.block) for unit in plan.units())
    assert plan.bytes_on_disk() == written + upper
    owned = sum(len(entry["files"]) + 1 for _, entry in ledger.entries(tmp_path / "run"))
    assert plan.files() == owned


def test_a_layout_without_pictures_is_summed_up_as_before_there_were_any():
    assert "pictures" in small_run.layout().summary()
    assert "pictures" not in replace(small_run.layout(), pictures=()).summary()


def test_layout_summary_is_plain_json_and_tells_layouts_apart():
    plan = small_run.layout()
    assert json.loads(json.dumps(plan.summary())) == plan.summary()
    assert plan.summary() == small_run.layout().summary()
    assert plan.summary() != small_run.layout(images=4).summary()


@settings(max_examples=30, deadline=None)
@given(images=st.integers(1, 9), block=st.integers(1, 10), owners=st.lists(st.integers(0, 8), max_size=12))
def test_every_sample_has_a_row_of_its_own_in_its_block(images: int, block: int, owners: list[int]):
    samples = tuple(SampleRow(f"s{k}", image % images, "?", "", "open") for k, image in enumerate(owners))
    plan = Layout(block, tuple(f"i{k}" for k in range(images)), samples, (ConditionRow("clean", "clean"),))
    rows = [plan.sample_index(row.sample_id) for row in samples]
    assert len(set(rows)) == len(rows)
    for sample, row in zip(samples, rows, strict=True):
        inside = plan.sample_rows(sample.image_index // block)
        assert inside.start <= row < inside.stop


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"image_ids": ("a", "a")}, "image id 'a' occurs more than once"),
        ({"block_size": 0}, "block_size >= 1"),
        ({"conditions": ()}, "0 conditions"),
        ({"pictures": (BRIGHTNESS,) * 2}, "name of what is measured on pictures 'brightness' occurs more than once"),
        ({"pictures": (Variable("power", ("band",), "float32", "1", "x"),)}, "axis 'band' of variable 'power'"),
        ({"samples": (SampleRow("s", 7, "?", "", "open"),)}, "sample 's' asks about image 7; there are 2"),
    ],
)
def test_an_impossible_layout_is_refused(change, message):
    good = {"block_size": 2, "image_ids": ("a", "b"), "samples": (), "conditions": (ConditionRow("clean", "clean"),)}
    with pytest.raises(ValueError, match=message):
        Layout(**{**good, **change})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"slug": "../x"}, "names a folder"),
        ({"layers": (-1,)}, "resolved numbers"),
        ({"keep_tokens": True}, "no token axis"),
        ({"per": "sample", "tokens": 4}, "only a site per image"),
        ({"variables": (Variable("pooled", (), "float32", "1", "x"),)}, "the variable name 'pooled' is taken"),
        ({"variables": (Variable("energy", (), "float32", "1", "x"),) * 2}, "the variable name 'energy' is taken"),
        ({"variables": (Variable("moved", ("token",), "float16", "1", "x"),)}, "axis 'token' of variable 'moved'"),
        ({"variables": (Variable("power", ("band",), "float32", "1", "x"),)}, "axis 'band' of variable 'power'"),
    ],
)
def test_an_impossible_site_is_refused(change, message):
    good = {"slug": "x", "site": "vision:x", "layers": (0,), "features": 2, "per": "image", "dtype": "float16"}
    with pytest.raises(ValueError, match=message):
        SiteSpec(**{**good, **change})


def test_negative_layers_count_from_the_towers_last_layer_not_from_the_last_stored():
    assert selection.layers("-1", [0, 6, 12], last=12) == 2
    with pytest.raises(KeyError, match="layer 11 is not stored; stored are 0, 6, 12"):
        selection.layers("-2", [0, 6, 12], last=12)
    with pytest.raises(KeyError, match="does not record"):
        selection.layers("-1", [0, 6, 12], last=None)


@pytest.mark.parametrize("text", ["vision", "vision.layers[0:patches", "a:b:c]"])
def test_a_malformed_site_text_says_the_form(text):
    with pytest.raises(ValueError, match=r"tower\.module"):
        selection.split(text)
