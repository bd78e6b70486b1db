"""Reading: plain xarray opens every run; `open_run` adds labels, decoding, and hides what is not committed."""

import json
import warnings

import numpy as np
import pytest
import small_run
import xarray as xr
from small_run import expected_tokens, payload

import stores
from stores import Unit, ledger, sealed
from stores.half_floats import bfloat16_to_float32

GOLDEN = {
    "/": {"_ledger": ()},
    "/images": dict.fromkeys(("image_id", "sha256", "width", "height"), ("image",)),
    "/pictures": {"brightness": ("image", "condition", "channel")},
    "/samples": {
        **dict.fromkeys(("sample_id", "image_index", "question", "answer", "kind", "valid"), ("sample",)),
        **dict.fromkeys(("dataset", "metadata", "prompt_text"), ("sample",)),
        "option_text": ("sample", "option"),
        "reference_text": ("sample", "reference"),
    },
    "/conditions": dict.fromkeys(("condition_id", "family", "severity", "parameters"), ("condition",)),
    "/answers": {
        **dict.fromkeys(("log_likelihood", "token_count", "end_of_turn"), ("sample", "condition", "option")),
        **dict.fromkeys(("text", "cut"), ("sample", "condition")),
    },
    "/sites": {},
    "/sites/vision.layers-patches": {
        "tokens": ("image", "condition", "layer", "token", "feature"),
        "pooled": ("image", "condition", "layer", "feature"),
        "grid": ("image", "condition", "axis"),
        "n_tokens": ("image", "condition"),
        "energy": ("image", "condition", "layer"),
        "power": ("image", "condition", "layer", "band"),
        "moved": ("image", "condition", "layer", "token"),
        "layer": ("layer",),
    },
    "/sites/language.layers-context_last": {"pooled": ("sample", "condition", "layer", "feature"), "layer": ("layer",)},
    "/sites/vision-pooled": {"pooled": ("image", "condition", "layer", "feature"), "layer": ("layer",)},
    "/segmentation": {},
    "/segmentation/seg": {"confusion": ("image", "condition", "true", "predicted")},
}


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    path = tmp_path_factory.mktemp("reader") / "run"
    plan = small_run.layout()
    small_run.make(path, plan)
    return path, plan, stores.open_run(path)


@pytest.fixture(scope="module")
def unfinished(tmp_path_factory):
    path = tmp_path_factory.mktemp("reader") / "run"
    plan = small_run.layout()
    small_run.make(path, plan, leave=frozenset({Unit(0, 1), Unit(2, 0)}))
    return path, plan, small_run.open_quietly(path)


def test_plain_xarray_opens_the_layout_of_the_contract_without_a_warning(finished):
    tree = xr.open_datatree(finished[0], engine="zarr", consolidated=False)
    found = {node.path: {str(k): v.dims for k, v in node.variables.items()} for node in tree.subtree}
    assert found == GOLDEN
    assert tree.attrs.pop("layout_hash") == stores.hashed(finished[1].summary())["hash"]
    known = {"schema_version": 3, "plan_hash": small_run.PLAN["hash"], "provenance": small_run.PROVENANCE}
    assert tree.attrs == known
    for node in tree.subtree:
        for variable in node.data_vars.values():
            assert {"long_name", "units", "paper"} <= variable.attrs.keys()
    assert tree["sites/vision.layers-patches"].attrs["site"] == "vision.layers[0,2]:patches"
    assert tree["sites/vision.layers-patches"]["layer"].values.tolist() == [0, 2]
    assert tree["sites/vision.layers-patches/tokens"].dtype == np.uint16
    assert tree["samples/valid"].values.tolist() == [True] * 4 + [False] * 2 + [True] + [False] * 2


def test_fill_values_are_nan_minus_one_and_empty_in_the_metadata(finished):
    path = finished[0]
    fills = {
        "sites/vision-pooled/pooled": "NaN",
        "sites/language.layers-context_last/pooled": "NaN",
        "sites/vision.layers-patches/tokens": 0x7FC0,
        "answers/token_count": -1,
        "answers/text": "",
    }
    for name, fill in fills.items():
        assert json.loads((path / name / "zarr.json").read_text())["fill_value"] == fill


def test_tables_carry_ids_as_indexes(finished):
    _, _, run = finished
    assert run.images["image"].values.tolist() == [f"image-{k}" for k in range(5)]
    assert run.images["sha256"].sel(image="image-3").item() == "b00001-c0000 ü 1"
    assert run.samples["sample"].values.tolist() == ["s1", "s2", "s4", "s3", "s0"]
    assert run.samples["image"].values.tolist() == ["image-0", "image-1", "image-1", "image-2", "image-4"]
    assert run.samples["option_text"].sel(sample="s3").values.tolist() == ["a cat", "a dog", "ein Bär"]
    assert run.samples["reference_text"].sel(sample="s2").values.tolist() == ["a cat", "cat"]
    assert run.samples["reference_text"].sel(sample="s3").values.tolist() == ["", ""]
    assert json.loads(run.samples["metadata"].sel(sample="s4").item()) == {"number": 4}
    assert run.samples["dataset"].values.tolist() == ["pets"] * 5
    assert run.conditions["severity"].sel(condition="gaussian_noise(severity=3)").item() == 3
    assert run.conditions["family"].values.tolist() == ["clean", "translation", "gaussian_noise"]
    assert (run.plan, run.provenance, run.complete, run.missing) == (small_run.PLAN, small_run.PROVENANCE, True, ())


def test_answers_hold_what_was_committed_for_valid_rows_only(finished):
    _, plan, run = finished
    assert dict(run.answers.sizes) == {"sample": 5, "condition": 3, "option": 3}
    for unit in plan.units():
        values = payload(plan, unit)
        names = [row.sample_id for row in plan.block_samples(unit.block)]
        part = run.answers.isel(condition=unit.condition).sel(sample=names)
        for name in run.answers.data_vars:
            np.testing.assert_array_equal(part[name].values, values[f"answers/{name}"][: len(names)])


@pytest.mark.parametrize(("images", "block_size"), [(1, 1), (1, 4), (3, 4), (4, 4), (7, 3)])
def test_any_number_of_images_fits_any_block(tmp_path, images, block_size):
    plan = small_run.layout(images=images, block_size=block_size)
    small_run.make(tmp_path / "run", plan)
    run = stores.open_run(tmp_path / "run")
    tokens = run.embeddings("vision.layers[*]:patches").load()
    for unit in plan.units():
        part = tokens.isel(image=plan.rows(unit.block), condition=unit.condition)
        np.testing.assert_array_equal(part.values, expected_tokens(plan, unit))
    assert (run.answers["text"].values != "").all()
    assert run.answers.sizes["sample"] == images + 2
    assert stores.verify(tmp_path / "run") == []


def test_labels_select_answers_and_conditions(finished):
    answers = finished[2].answers
    assert answers.sel(condition="clean", sample="s3")["text"].item() == "b00001-c0000 ü 0"
    moved = answers.where(answers["family"] == "translation", drop=True)
    assert moved["condition"].values.tolist() == ["translation(dx=-8)"]
    assert answers["log_likelihood"].groupby("image").mean().sizes["image"] == 4


def test_bfloat16_tokens_come_back_bit_for_bit_as_float32(finished):
    _, plan, run = finished
    tokens = run.embeddings("vision.layers[*]:patches")
    assert tokens.dims == ("image", "condition", "layer", "token", "feature")
    assert tokens.dtype == np.float32
    assert tokens.chunks is not None, "lazy"
    for unit in plan.units():
        part = tokens.isel(image=plan.rows(unit.block), condition=unit.condition)
        np.testing.assert_array_equal(part.values, expected_tokens(plan, unit))


def test_every_bfloat16_number_widens_exactly():
    bits = np.arange(2**16, dtype=np.uint16)
    wide = bfloat16_to_float32(bits)
    np.testing.assert_array_equal((wide.view(np.uint32) >> 16).astype(np.uint16), bits)
    assert not (wide.view(np.uint32) & 0xFFFF).any()
    assert bfloat16_to_float32(np.array([0x3FC0], np.uint16)) == 1.5


def test_float16_vectors_of_samples_skip_the_padded_rows(finished):
    _, plan, run = finished
    vectors = run.embeddings("language.layers[1,4]:context_last")
    assert vectors.dims == ("sample", "condition", "layer", "feature")
    assert vectors["layer"].values.tolist() == [1, 4]
    assert vectors["sample"].values.tolist() == ["s1", "s2", "s4", "s3", "s0"]
    expected = payload(plan, Unit(1, 2))["sites/language.layers-context_last/pooled"][0, 1:]
    np.testing.assert_array_equal(vectors.sel(sample="s3").isel(condition=2).values, expected.astype(np.float32))


@pytest.mark.parametrize(
    ("site", "dims", "layers"),
    [
        ("language.layers[-1]:context_last", ("sample", "condition", "feature"), 4),
        ("language.layers[0]:context_last", ("sample", "condition", "feature"), 0),
        ("language.layers:context_last", ("sample", "condition", "layer", "feature"), [0, 1, 4]),
        ("language.layers[-4:]:context_last", ("sample", "condition", "layer", "feature"), [1, 4]),
        ("vision:pooled", ("image", "condition", "layer", "feature"), [0]),
    ],
)
def test_site_texts_select_layers(finished, site, dims, layers):
    vectors = finished[2].embeddings(site)
    assert vectors.dims == dims
    assert vectors["layer"].values.tolist() == layers


def test_pooled_vectors_and_all_variables_of_a_token_site(finished):
    _, plan, run = finished
    expected = bfloat16_to_float32(payload(plan, Unit(0, 1))["sites/vision.layers-patches/pooled"])[:, 1]
    pooled = run.pooled("vision.layers[2]:patches")
    np.testing.assert_array_equal(pooled.isel(image=slice(0, 2), condition=1).values, expected)
    everything = run.site("vision.layers[2]:patches")
    assert set(everything.data_vars) == set(GOLDEN["/sites/vision.layers-patches"]) - {"layer"}
    assert everything["moved"].dtype == np.float32
    assert everything["n_tokens"].dtype == np.int32


def test_what_was_measured_on_pictures_is_labelled_and_undefined_where_not_committed(finished, tmp_path):
    plan, run = finished[1:]
    assert run.pictures.brightness.dims == ("image", "condition", "channel")
    unit = stores.Unit(1, 2)
    mine = run.pictures.brightness.sel(image=["image-2", "image-3"], condition="gaussian_noise(severity=3)")
    assert mine.attrs["units"] == "level"
    expected = small_run.payload(plan, unit)["pictures/brightness"]
    np.testing.assert_array_equal(mine, expected)
    small_run.make(tmp_path / "run", plan, leave=frozenset({unit}))
    partial = small_run.open_quietly(tmp_path / "run").pictures.brightness
    assert partial.isnull().sum() == 2 * 3
    assert partial.sel(image=["image-2", "image-3"], condition="gaussian_noise(severity=3)").isnull().all()


def test_confusion_matrices_are_read_by_model(finished):
    _, plan, run = finished
    confusion = run.segmentation("seg")["confusion"]
    expected = payload(plan, Unit(2, 1))["segmentation/seg/confusion"][0]
    np.testing.assert_array_equal(confusion.sel(image="image-4").isel(condition=1).values, expected)
    with pytest.raises(KeyError, match="there are: seg"):
        run.segmentation("other")


def test_unknown_sites_and_layers_name_those_that_are_there(finished):
    run = finished[2]
    with pytest.raises(KeyError, match=r"there are: vision\.layers\[0,2\]:patches, language"):
        run.embeddings("projector:patches")
    with pytest.raises(KeyError, match=r"site 'vision\.layers\[1\]:patches': layer 1 is not stored; stored are 0, 2"):
        run.embeddings("vision.layers[1]:patches")


def test_an_incomplete_run_warns_of_what_is_missing_and_how_to_finish(unfinished):
    with pytest.warns(stores.IncompleteRun) as caught:
        stores.open_run(unfinished[0])
    (warning,) = caught
    assert "2 of 9 units are missing (blocks 0, 2; conditions clean, translation(dx=-8))" in str(warning.message)
    assert "Rerun the same command to finish it" in str(warning.message)
    assert warning.filename == __file__


def test_uncommitted_cells_are_undefined_even_where_files_lie_about(unfinished):
    path, plan, _ = unfinished
    # What a killed writer leaves: files without a marker.
    array = plan.arrays["answers/log_likelihood"]
    ((name, _),) = array.files(Unit(0, 1))
    (path / name).parent.mkdir(parents=True, exist_ok=True)
    (path / name).write_bytes(np.zeros(array.chunk, np.float32).tobytes())
    run = small_run.open_quietly(path)
    assert (run.complete, run.missing) == (False, (Unit(0, 1), Unit(2, 0)))
    moved = run.answers.sel(condition="translation(dx=-8)")
    gone, kept = moved.sel(sample=["s1", "s2", "s4"]), moved.sel(sample=["s3", "s0"])
    assert np.isnan(gone["log_likelihood"].values).all()
    assert (gone["token_count"].values == -1).all()
    assert (gone["text"].values == "").all()
    assert np.isfinite(kept["log_likelihood"].values).all()
    assert (kept["text"].values != "").all()
    tokens = run.embeddings("vision.layers[0]:patches")
    assert np.isnan(tokens.isel(image=[0, 1], condition=1).values).all()
    part = tokens.isel(image=plan.rows(1), condition=1).values
    np.testing.assert_array_equal(part, expected_tokens(plan, Unit(1, 1))[:, 0])
    assert run.site("vision.layers[0]:patches")["n_tokens"].values[:2, 1].tolist() == [-1, -1]
    assert run.images["width"].values[4] == -1
    assert run.images["sha256"].values[4] == ""


def test_a_run_without_samples_reads_as_one_of_images_only(tmp_path):
    conditions = (stores.ConditionRow("clean", "clean"),)
    plan = stores.Layout(2, ("a", "b"), (), conditions, segmentations=(stores.Segmentation("seg", 3),))
    stores.create(tmp_path / "run", plan, plan=small_run.PLAN, provenance={})
    stores.Writer(tmp_path / "run", plan).commit(Unit(0, 0), plan.blank(Unit(0, 0)), report={})
    run = stores.open_run(tmp_path / "run")
    assert (run.answers.sizes, run.samples.sizes, run.sites) == ({}, {}, ())
    assert run.segmentation("seg")["confusion"].shape == (2, 1, 3, 3)


def test_the_plan_names_and_describes_the_variables_of_a_site(finished):
    group = stores.open_run(finished[0]).tree["sites/vision.layers-patches"]
    assert group["energy"].attrs == {
        "long_name": "energy of the tokens", "units": "model units squared", "paper": "arXiv 0000.00000"
    }  # fmt: skip
    assert group["power"].sizes["band"] == 3
    assert group["moved"].attrs["paper"] == "this project"
    assert group["moved"].sizes["token"] == 150


def test_what_is_no_run_or_of_another_schema_is_refused(tmp_path, finished):
    with pytest.raises(FileNotFoundError, match="does not exist"):
        stores.open_run(tmp_path / "nowhere")
    with pytest.raises(FileNotFoundError, match="is no run of this project"):
        stores.open_run(tmp_path)
    (tmp_path / "_ledger").mkdir()
    record = json.loads((finished[0] / "_ledger" / "plan.json").read_text())
    del record["crc32"]
    for version, cure in ((99, "Install a newer version"), (1, "Extract the run again"), (2, "Extract the run again")):
        content = {**record, "schema_version": version}
        text = sealed.seal(content) if version > stores.SCHEMA_VERSION else json.dumps(content).encode()
        (tmp_path / "_ledger" / "plan.json").write_bytes(text)
        refusal = f"has schema version {version}, this installation reads version 3. {cure}"
        for use in (stores.open_run, stores.summary, stores.verify, ledger.read_plan):
            with pytest.raises(ValueError, match=refusal):
                use(tmp_path)
        with pytest.raises(ValueError, match=refusal):
            stores.Writer(tmp_path, finished[1])


def test_chunks_of_large_runs_hold_whole_files(finished, monkeypatch):
    from stores import lazy_arrays

    _, _, run = finished
    # One pooled unit is 2 images x 2 layers x 5 features = 20 numbers, 80 bytes of float32: two conditions fit 160.
    monkeypatch.setattr(lazy_arrays, "CHUNK_BYTES", 160)
    pooled = run.pooled("vision.layers[*]:patches")
    assert pooled.chunks is not None
    assert pooled.chunks[:2] == ((2, 2, 1), (2, 1))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(pooled.values, finished[2].pooled("vision.layers[*]:patches").values)
