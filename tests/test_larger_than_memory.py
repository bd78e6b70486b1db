"""A store ten times as large as the memory it may take: drift and energy of every token, chunk by chunk."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.spatial import distance

import stores
from analyses import dirichlet
from stores import ConditionRow, Layout, SiteSpec, Unit
from stores.half_floats import bfloat16_to_float32

SITE = "vision.layers[2]:patches"
IMAGES, CONDITIONS, ROWS, COLUMNS, FEATURES = 64, 8, 16, 32, 1024
PLAN = Layout(
    block_size=1,
    image_ids=tuple(f"i{k:02}" for k in range(IMAGES)),
    samples=(),
    conditions=(ConditionRow("clean", "clean"), *(ConditionRow(f"c{k}", "c") for k in range(1, CONDITIONS))),
    sites=(
        SiteSpec(
            "vision.layers-patches", SITE, (2,), FEATURES, "image", "bfloat16",
            tokens=ROWS * COLUMNS, keep_tokens=True, attrs={"tower_layers": 2},
        ),
    ),
)  # fmt: skip
TOKENS = "sites/vision.layers-patches/tokens"
STORED = IMAGES * CONDITIONS * ROWS * COLUMNS * FEATURES * 2  # bytes of bfloat16: 512 MB
LIMIT = STORED // 10

SCRIPT = """
import resource, sys
import dask, numpy
import stores, stores.reader
from analyses import dirichlet, drift

def peak():
    return 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

path, site, out = sys.argv[1:]
stores.lazy_arrays.CHUNK_BYTES = 2**20  # of 64 MB, as small against this store as they are against a real one
dask.config.set(scheduler="threads", num_workers=1)
run = stores.open_run(path)
tokens, grid = run.embeddings(site), run.site(site)["grid"].load()
before = peak()  # with the libraries that reading loads
clean, clean_grid = (array.sel(condition="clean") for array in (tokens, grid))
moved = drift.tokens(clean, tokens, clean_grid, grid).mean("token").values
energy = dirichlet.ragged_energy(tokens, grid).values
numpy.savez(out, moved=moved, energy=energy)
print(peak() - before)
"""


def payload(unit: Unit) -> dict[str, np.ndarray]:
    values = PLAN.blank(unit)
    random = np.random.default_rng([unit.block, unit.condition])
    normal = random.standard_normal((1, 1, ROWS * COLUMNS, FEATURES), dtype=np.float32)
    values[TOKENS] = (normal.view(np.uint32) >> 16).astype(np.uint16)  # cut to bfloat16
    values["sites/vision.layers-patches/n_tokens"][:] = ROWS * COLUMNS
    values["sites/vision.layers-patches/grid"][:] = 1, ROWS, COLUMNS
    if unit.condition == 0:
        values["images/sha256"][:] = "0"
    return values


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("large") / "run"
    stores.create(path, PLAN, plan=stores.hashed({"images": 1}), provenance={"seed": 0})
    writer = stores.Writer(path, PLAN)
    for unit in PLAN.units():
        writer.commit(unit, payload(unit), report={})
    return path


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_a_store_of_ten_times_the_limit_is_analysed_within_it(store: Path, tmp_path: Path) -> None:
    assert sum(file.stat().st_size for file in (store / TOKENS).rglob("c.*")) >= STORED >= 10 * LIMIT
    command = [sys.executable, "-c", SCRIPT, str(store), SITE, str(tmp_path / "out.npz")]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout.split()[-1]) <= LIMIT
    told = np.load(tmp_path / "out.npz")
    assert told["moved"].shape == told["energy"].shape == (IMAGES, CONDITIONS)
    assert np.isfinite([told["moved"], told["energy"]]).all()
    clean, other = (bfloat16_to_float32(payload(Unit(40, condition))[TOKENS])[0, 0] for condition in (0, 5))
    expected = [distance.cosine(a, b) for a, b in zip(clean, other, strict=True)]
    assert told["moved"][40, 5] == pytest.approx(np.mean(expected), rel=1e-5)
    grid = other.astype(np.float64).reshape(ROWS, COLUMNS, FEATURES)
    assert told["energy"][40, 5] == pytest.approx(float(dirichlet.energy(grid)), rel=1e-5)
