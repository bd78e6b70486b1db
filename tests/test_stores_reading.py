"""Reading straight from the files of units: the same numbers as plain zarr, of what is asked for alone."""

import os
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor

import dask
import google_crc32c
import numpy as np
import pytest
import small_run
import zarr
from numcodecs.vlen import VLenUTF8

import stores
from stores import SampleRow, SiteSpec, unit_files
from stores.half_floats import put_float16

SITES = ("vision.layers[*]:patches", "language.layers[*]:context_last", "vision:pooled")


@pytest.fixture(scope="module", params=[False, True], ids=["plain", "compressed"])
def whole(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("reading") / "run"
    small_run.make(path, small_run.layout(compress=request.param))
    return path, stores.open_run(path)


@pytest.fixture
def reads(monkeypatch):
    """The bytes of every read, and the names of the files that are opened."""
    seen: dict[str, list] = {"bytes": [], "files": []}
    read, opened = os.preadv, unit_files.open_file

    def count(descriptor, buffers, offset):
        done = read(descriptor, buffers, offset)
        seen["bytes"].append(done)
        return done

    def name(folder, file):
        seen["files"].append(file)
        return opened(folder, file)

    monkeypatch.setattr(unit_files.os, "preadv", count)
    monkeypatch.setattr(unit_files, "open_file", name)
    return seen


def with_zarr(path, name):
    """An array as plain zarr reads it, as float32 where it holds numbers with a point."""
    array = zarr.open_array(path / name, mode="r")
    values = array[...]
    if array.attrs.get("logical_dtype") == "bfloat16":
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(np.float32) if values.dtype.kind == "f" else values


def test_every_array_of_a_run_reads_as_plain_zarr_reads_it(whole):
    path, run = whole
    valid = with_zarr(path, "samples/valid")
    for spec, site in zip(run.record["layout"]["sites"], SITES, strict=True):
        for name, found in run.site(site).data_vars.items():
            expected = with_zarr(path, f"sites/{spec['slug']}/{name}")
            expected = expected[valid] if spec["per"] == "sample" else expected
            np.testing.assert_array_equal(found.values, expected)
            np.testing.assert_array_equal(dask.compute(found.data)[0], expected)
            assert found.dtype == expected.dtype
    for name, found in run.answers.data_vars.items():
        np.testing.assert_array_equal(found.values, with_zarr(path, f"answers/{name}")[valid])
    for name, found in run.images.data_vars.items():
        np.testing.assert_array_equal(found.values, with_zarr(path, f"images/{name}"))
    np.testing.assert_array_equal(run.pictures.brightness.values, with_zarr(path, "pictures/brightness"))
    np.testing.assert_array_equal(
        run.segmentation("seg").confusion.values, with_zarr(path, "segmentation/seg/confusion")
    )


@pytest.mark.parametrize("chosen", [
    {"image": 3}, {"condition": 1}, {"layer": 1}, {"layer": [1, 0]}, {"token": 149}, {"token": slice(10, 140, 7)},
    {"token": [70, 3, 3]}, {"feature": slice(1, 3)}, {"feature": slice(None, None, -1)}, {"image": slice(4, None, -2)},
    {"image": [4, 0, 1], "condition": [2, 0]}, {"image": 1, "condition": 2, "layer": 0, "token": 64, "feature": 4},
    {"image": slice(0, 0)}, {"token": slice(0, 0)},
], ids=str)  # fmt: skip
def test_any_selection_is_that_of_the_whole(whole, chosen):
    path, run = whole
    tokens = run.embeddings(SITES[0])
    expected = with_zarr(path, "sites/vision.layers-patches/tokens")
    for axis, key in reversed(list(chosen.items())):
        expected = expected[(slice(None),) * tokens.dims.index(axis) + (key,)]
    np.testing.assert_array_equal(tokens.isel(chosen).values, expected)
    np.testing.assert_array_equal(tokens.isel(chosen).load().values, expected)
    np.testing.assert_array_equal((tokens.isel(chosen) * 1).values, expected)


def test_chosen_samples_are_read_without_the_others(whole):
    path, run = whole
    chosen = run.select(["s3", "s0"])
    everything = with_zarr(path, "sites/language.layers-context_last/pooled")
    np.testing.assert_array_equal(chosen.embeddings(SITES[1]).values, everything[[3, 6]])
    assert chosen.embeddings(SITES[0])["image"].values.tolist() == ["image-2", "image-4"]
    np.testing.assert_array_equal(
        chosen.embeddings(SITES[0]).values, with_zarr(path, "sites/vision.layers-patches/tokens")[[2, 4]]
    )
    assert chosen.answers["text"].values.tolist() == run.answers["text"].sel(sample=["s3", "s0"]).values.tolist()


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """Four images in blocks of two, three conditions, four layers of 130 tokens of 32 features, float16."""
    tokens = SiteSpec(
        "tokens", "vision.layers[*]:patches", (0, 1, 2, 3), 32, "image", "float16", tokens=130, keep_tokens=True
    )
    pooled = SiteSpec("pooled", "language.layers[*]:last", (0, 1, 2, 3), 1024, "sample", "float32")
    conditions = tuple(stores.ConditionRow(name, name) for name in "abc")
    samples = tuple(SampleRow(f"s{k}", k, "?", "", "open") for k in range(4))
    plan = stores.Layout(2, tuple("wxyz"), samples, conditions, (tokens, pooled))
    path = tmp_path_factory.mktemp("reading") / "run"
    stores.create(path, plan, plan=small_run.PLAN, provenance={})
    writer, random = stores.Writer(path, plan), np.random.default_rng(0)
    for unit in plan.units():
        payload = plan.blank(unit)
        payload["sites/tokens/n_tokens"][...] = 130
        payload["sites/tokens/tokens"][...] = random.normal(size=payload["sites/tokens/tokens"].shape)
        payload["sites/pooled/pooled"][...] = random.normal(size=payload["sites/pooled/pooled"].shape)
        writer.commit(unit, payload, report={})
    return path, stores.open_run(path)


TOKEN, PIECE, INDEX = 2 * 32, 44, 16 * 2 * 4 * 3 + 4  # 130 tokens are three pieces of 44


@pytest.mark.parametrize(("chosen", "files", "size"), [
    ({}, 6, 4 * 3 * 4 * 130 * TOKEN + 6 * INDEX),
    ({"image": 2}, 3, 3 * 4 * 130 * TOKEN + 3 * INDEX),
    ({"condition": 1}, 2, 4 * 4 * 130 * TOKEN + 2 * INDEX),
    ({"layer": 3}, 6, 4 * 3 * 130 * TOKEN + 6 * INDEX),
    ({"layer": [3, 0]}, 6, 2 * 4 * 3 * 130 * TOKEN + 6 * INDEX),
    ({"image": 2, "condition": 1, "layer": 3}, 1, 130 * TOKEN + INDEX),
    ({"image": 2, "condition": 1, "layer": 3, "token": slice(60, 70)}, 1, 10 * TOKEN + INDEX),
], ids=str)  # fmt: skip
def test_tokens_are_read_without_their_neighbours(large, reads, chosen, files, size):
    found = large[1].embeddings("vision.layers[*]:patches").isel(chosen)
    calculated = () if "layer" in found.dims and found.sizes["layer"] == 2 else (lambda: (found + 0).values,)
    for values in (lambda: found.values, *calculated):  # dask takes all of a chunk where positions are listed
        reads["bytes"].clear(), reads["files"].clear()
        values()
        assert (len(reads["files"]), sum(reads["bytes"])) == (files, size)


@pytest.mark.parametrize(("chosen", "files", "numbers"), [
    ({}, 6, 4 * 3 * 4 * 1024),
    ({"sample": 2}, 3, 3 * 4 * 1024),
    ({"condition": 1}, 2, 4 * 4 * 1024),
    ({"layer": 3}, 6, 4 * 3 * 1024),
    ({"sample": slice(1, 2), "condition": 0, "layer": slice(1, 3)}, 1, 2 * 1024),
], ids=str)  # fmt: skip
def test_pooled_vectors_are_read_without_their_neighbours(large, reads, chosen, files, numbers):
    assert large[1].embeddings("language.layers[*]:last").isel(chosen).values.size == numbers
    assert (len(reads["files"]), sum(reads["bytes"])) == (files, 4 * numbers)
    reads["bytes"].clear()
    selected = large[1].embeddings("language.layers[1]:last")
    assert (selected.values.size, sum(reads["bytes"])) == (4 * 3 * 1024, 4 * 4 * 3 * 1024)


def test_the_units_that_are_not_committed_are_not_opened(large, reads, tmp_path):
    shutil.copytree(large[0], tmp_path / "run")
    (tmp_path / "run/_ledger/done/b00001-c0001.json").unlink()
    run = small_run.open_quietly(tmp_path / "run")
    values = run.embeddings("vision.layers[*]:patches").values
    assert "c.1.1.0.0.0" not in reads["files"]
    assert len(reads["files"]) == 5
    assert np.isnan(values[2:, 1]).all()
    assert np.isfinite(values[:2]).all()


def test_nothing_is_read_before_values_are_needed(large, reads):
    tokens, scores = large[1].embeddings("vision.layers[*]:patches"), large[1].answers["log_likelihood"]
    reads["files"].clear()
    assert (tokens.isel(condition=1) > 0).shape == (4, 4, 130, 32)
    assert scores.isel(condition=1).shape == (4, 1)
    assert not reads["files"]


def test_threads_read_at_once(large):
    found = large[1].embeddings("vision.layers[*]:patches")
    expected, barrier = found.values, threading.Barrier(4)

    def read(_):
        barrier.wait()
        return found.values

    with ThreadPoolExecutor(4) as threads:
        for values in threads.map(read, range(4)):
            np.testing.assert_array_equal(values, expected)
    for scheduler in ("threads", "sync"):
        with dask.config.set(scheduler=scheduler):
            np.testing.assert_array_equal((found * 1).values, expected)


@pytest.mark.parametrize(("damage", "said"), [
    (lambda file: file.unlink(), "c.0.1.0.0.0 is missing"),
    (lambda file: file.write_bytes(file.read_bytes()[:-1]), "its index has another checksum than it was written with"),
    (lambda file: file.write_bytes(b""), "c.0.1.0.0.0 is cut off"),
    (lambda file: file.write_bytes(file.read_bytes()[-INDEX:]), "c.0.1.0.0.0 is cut off"),
], ids=["missing", "short", "empty", "index alone"])  # fmt: skip
def test_a_file_that_is_damaged_after_opening_is_named(tmp_path, large, damage, said):
    shutil.copytree(large[0], tmp_path / "run")
    run = stores.open_run(tmp_path / "run")
    damage(tmp_path / "run" / "sites/tokens/tokens/c.0.1.0.0.0")
    with pytest.raises(stores.DamagedRun, match=rf"sites/tokens/tokens/c\.0\.1\.0\.0\.0.*{said.rpartition('0 ')[2]}"):
        run.embeddings("vision.layers[*]:patches").values  # noqa: B018


def test_what_a_shard_says_of_tokens_must_be_what_is_written():
    plan = small_run.layout()
    array = plan.arrays["sites/vision.layers-patches/tokens"]
    index = np.full((2, 2, 3, 2), 2**64 - 1, "<u8")
    index[0, 0, 1] = (0, 50 * 5 * 2)  # the second piece without the first
    data = index.tobytes()
    with pytest.raises(ValueError, match="none that this project writes"):
        unit_files.shard_starts(array, data + int(google_crc32c.value(data)).to_bytes(4, "little"))


def test_every_float16_becomes_the_float32_that_numpy_makes_of_it():
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    for numbers in (every, every[np.isfinite(every)], every.reshape(256, 256).T):
        found = np.empty(numbers.shape, np.float32)
        put_float16(numbers, found)
        np.testing.assert_array_equal(found.view(np.uint32), numbers.astype(np.float32).view(np.uint32))


def test_texts_are_those_that_numcodecs_wrote(tmp_path):
    texts = np.array(["", "ü", "a\0b"], object)
    (tmp_path / "c.0").write_bytes(bytes(VLenUTF8().encode(texts)))
    folder = os.open(tmp_path, os.O_RDONLY)
    array = small_run.layout(images=3, block_size=3).arrays["images/sha256"]
    assert unit_files.read_texts(folder, "c.0", array).tolist() == texts.tolist()
    (tmp_path / "c.1").write_bytes(b"\x05\0\0\0")
    with pytest.raises(unit_files.Unreadable, match=r"c\.1 holds no texts"):
        unit_files.read_texts(folder, "c.1", array)
    os.close(folder)
