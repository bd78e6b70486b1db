"""The direct writer's files are what zarr-python reads, and where the order of chunks is fixed, what it writes."""

from pathlib import Path

import numpy as np
import pytest
import zarr
from hypothesis import given, settings
from hypothesis import strategies as st

from stores.arrays import SEPARATOR, Array, Unit, token_chunk
from stores.files import write_file
from stores.shard import chunk_parts, shard_parts


def token_array(
    *, images: int, block: int, per_shard: int, layers: int, tokens: int, features: int, dtype: str
) -> Array:
    per_chunk, pieces = token_chunk(tokens)
    return Array(
        "tokens",
        ("image", "condition", "layer", "token", "feature"),
        (images, 2, layers, tokens, features),
        dtype,
        block,
        (1, 1, 1, per_chunk, features),
        shard=(per_shard, 1, layers, per_chunk * pieces, features),
    )


def create(root: Path, array: Array) -> zarr.Array:
    return zarr.create_array(
        root / array.path,
        shape=array.shape,
        dtype=array.dtype,
        chunks=array.chunk,
        shards=array.shard,
        compressors=None,
        fill_value=array.fill,
        config={"write_empty_chunks": True},
        chunk_key_encoding={"name": "default", "separator": SEPARATOR},
        overwrite=True,
    )


@settings(max_examples=40, deadline=None)
@given(
    blocks=st.integers(1, 2),
    per_shard=st.integers(1, 2),
    shards=st.integers(1, 2),
    short=st.integers(0, 2),
    layers=st.integers(1, 3),
    tokens=st.sampled_from([1, 5, 64, 65, 130, 192]),
    features=st.integers(1, 3),
    dtype=st.sampled_from(["float16", "float32"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_zarr_reads_back_exactly_the_real_tokens(
    tmp_path_factory, blocks, per_shard, shards, short, layers, tokens, features, dtype, seed
):
    block = per_shard * shards
    images = max(1, blocks * block - short)
    array = token_array(
        images=images, block=block, per_shard=per_shard, layers=layers, tokens=tokens, features=features, dtype=dtype
    )
    root = tmp_path_factory.mktemp("shard")
    opened = create(root, array)
    random = np.random.default_rng(seed)
    values = random.normal(size=array.shape).astype(dtype)
    counts = random.integers(-1, tokens + 1, size=(images, 2))
    counts[random.random(counts.shape) < 0.5] = tokens
    for b in range(-(-images // block)):
        for c in range(2):
            for name, rows in array.files(Unit(b, c)):
                unit_array, n = values[b * block : (b + 1) * block, c], counts[b * block : (b + 1) * block, c]
                write_file(root / name, shard_parts(array, unit_array[rows], n[rows]))
    padding = np.arange(tokens) >= counts[..., None]  # (image, condition, token)
    values[np.broadcast_to(padding[:, :, None], values.shape[:4])] = np.nan
    np.testing.assert_array_equal(opened[...], values)


def test_one_full_shard_is_byte_for_byte_what_zarr_writes(tmp_path):
    # Chunks along one axis only: zarr-python's Morton order is then our C order.
    array = token_array(images=1, block=1, per_shard=1, layers=1, tokens=192, features=4, dtype="float16")
    values = np.random.default_rng(0).normal(size=array.shape).astype("float16")
    create(tmp_path, array)[...] = values
    ((name, _),) = array.files(Unit(0, 1))
    ours = b"".join(shard_parts(array, values[:, 1], np.array([192])))
    assert ours == (tmp_path / name).read_bytes()


def test_several_layers_hold_the_same_chunks_as_zarrs_shard_in_another_order(tmp_path):
    array = token_array(images=2, block=2, per_shard=2, layers=3, tokens=128, features=4, dtype="float32")
    values = np.random.default_rng(0).normal(size=array.shape).astype("float32")
    create(tmp_path, array)[...] = values
    ((name, _),) = array.files(Unit(0, 1))
    ours = b"".join(shard_parts(array, values[:, 1], np.array([128, 128])))
    theirs = (tmp_path / name).read_bytes()
    size = 64 * 4 * 4
    split = [[data[k : k + size] for k in range(0, 12 * size, size)] for data in (ours, theirs)]
    assert len(ours) == len(theirs)
    assert sorted(split[0]) == sorted(split[1])


def test_chunks_that_hold_only_padding_are_absent():
    array = token_array(images=2, block=2, per_shard=2, layers=1, tokens=128, features=2, dtype="float16")
    parts = shard_parts(array, np.zeros((2, 1, 128, 2), "float16"), np.array([60, 0]))
    data = b"".join(parts)
    # One chunk of 64 tokens x 2 features x 2 bytes, then 2 images x 2 chunks x 16 bytes of index and its CRC-32C.
    assert len(data) == 256 + 64 + 4
    index = np.frombuffer(data[256:-4], "<u8").reshape(2, 2, 2)
    absent = 2**64 - 1
    assert index.tolist() == [[[0, 256], [absent, absent]], [[absent, absent], [absent, absent]]]
    assert np.isnan(np.frombuffer(data[60 * 4 : 256], "<f2")).all()


def test_zeros_are_kept_as_real_values(tmp_path):
    array = token_array(images=1, block=1, per_shard=1, layers=2, tokens=70, features=2, dtype="float16")
    opened = create(tmp_path, array)
    zeros = np.zeros((1, 2, 70, 2), "float16")
    ((name, _),) = array.files(Unit(0, 0))
    write_file(tmp_path / name, shard_parts(array, zeros, np.array([70])))
    np.testing.assert_array_equal(opened[:, 0], zeros)


def test_a_short_last_chunk_is_byte_for_byte_what_zarr_writes(tmp_path):
    array = Array("pooled", ("image", "condition", "feature"), (3, 1, 5), "float32", 2, (2, 1, 5))
    values = np.random.default_rng(0).normal(size=array.shape).astype("float32")
    create(tmp_path, array)[...] = values
    for block in range(2):
        ((name, rows),) = array.files(Unit(block, 0))
        unit_array = values[block * 2 : block * 2 + 2, 0][rows]
        assert b"".join(chunk_parts(array, unit_array)) == (tmp_path / name).read_bytes()


@pytest.mark.parametrize("order", ["C", "F"])
def test_memory_order_of_the_payload_does_not_matter(order):
    array = token_array(images=2, block=2, per_shard=2, layers=3, tokens=70, features=4, dtype="float16")
    unit_array = np.random.default_rng(0).normal(size=(2, 3, 70, 4)).astype("float16")
    counts = np.array([70, 3])
    assert b"".join(shard_parts(array, np.array(unit_array, order=order), counts)) == b"".join(
        shard_parts(array, unit_array, counts)
    )
