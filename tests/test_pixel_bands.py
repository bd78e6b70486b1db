"""Band power of the pictures under each condition: the definition, computed fast, and what a run holds of it."""

from pathlib import Path

import numpy as np
import picture_set
import pytest
import shared
import tiny
from PIL import Image

import probe
import stores
from analyses import spectral
from probe.datasets.registry import open_dataset
from probe.errors import Interrupted
from probe.extraction import pixel_bands
from probe.perturbations import catalogue, suites

PERTURB = ("translation:dx=8", "scale", "rotation:degrees=30", "pad_crop:n=-4", "gaussian_noise:5", "white")
SITES = ("vision.layers[-1]:patches",)


def photo(height: int, width: int, seed: int = 0) -> np.ndarray:
    """A bright picture with little that is fine, (height, width, 3) uint8."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    smooth = 180 + 50 * np.sin(x / 9 + seed) * np.cos(y / 14)
    return np.clip(smooth[..., None] + rng.normal(scale=2, size=(height, width, 3)), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("size", [(64, 64), (63, 64), (64, 63), (37, 101), (1, 5), (2, 2)])
def test_the_fast_way_is_the_definition(size: tuple[int, int]) -> None:
    pixels = photo(*size)
    power = np.abs(np.fft.fftshift(np.fft.fft2(pixels.astype(float), axes=(0, 1)), axes=(0, 1))) ** 2
    y, x = np.arange(size[0]) - size[0] // 2, np.arange(size[1]) - size[1] // 2
    radius = np.hypot(y[:, None], x[None, :])
    edges = np.geomspace(1, radius.max() + 1, 4) - 1
    band = np.digitize(radius, edges[1:-1])
    expected = [[power[band == k, c].mean() if (band == k).any() else np.nan for k in range(3)] for c in range(3)]
    np.testing.assert_allclose(pixel_bands.of_picture(pixels, size), expected, rtol=1e-5)
    np.testing.assert_allclose(expected, spectral.band_power(pixels))


@pytest.mark.parametrize("size", [(30, 40), (36, 50), (70, 33)])
def test_another_size_is_brought_to_the_clean_one(size: tuple[int, int]) -> None:
    pixels = photo(40, 48)
    there = spectral.resized(pixels, rows=size[0], columns=size[1])
    np.testing.assert_allclose(pixel_bands.of_picture(pixels, size), spectral.band_power(there), rtol=1e-4)


def test_what_is_fine_is_not_lost_beside_the_mean() -> None:
    pixels = np.full((256, 256, 3), 250, np.uint8)
    pixels[::2, ::2] = 251  # the corner of the spectrum alone, and DC
    expected = spectral.band_power(pixels)
    np.testing.assert_allclose(pixel_bands.of_picture(pixels, (256, 256)), expected, rtol=1e-5, atol=1e-3)


def test_several_pictures_count_with_their_mean_and_with_none_in_two_sizes() -> None:
    one, other = photo(40, 48), photo(40, 48, seed=1)
    smaller = np.asarray(Image.fromarray(other).resize((43, 36)))
    both = pixel_bands.of_pictures([one, smaller], ((40, 48), (40, 48)))
    apart = [pixel_bands.of_picture(each, (40, 48)) for each in (one, smaller)]
    np.testing.assert_allclose(both, np.mean(apart, axis=0))
    assert pixel_bands.of_pictures([one, photo(20, 20)], ((40, 48), (20, 20))) is None
    assert pixel_bands.of_pictures([], ((40, 48),)) is None


def make(folder: Path) -> None:
    lines = picture_set.lines(4)
    lines.append({"images": ["000.png", "001.png"], "question": "What is new?", "options": ["a bus", "a car"]})
    dataset = picture_set.write(folder / "set", images=4, size=(84, 112), samples=lines)
    probe.extract(
        tiny.checkpoint("qwen2_vl"), dataset, out=folder / "run",
        perturb=[*PERTURB, "no_image"], sites=SITES, execution=probe.Execution(device="cpu"),
    )  # fmt: skip


@pytest.fixture(scope="module")
def folder() -> Path:
    return shared.folder("pixel bands", make)


@pytest.fixture(scope="module")
def run(folder: Path) -> stores.Run:
    return stores.open_run(folder / "run")


def test_a_run_holds_the_band_power_of_every_picture_at_its_clean_size(run: stores.Run, folder: Path) -> None:
    stored = run.pictures.band_power
    assert stored.dims == ("image", "condition", "channel", "band")
    assert stored.dtype == np.float32
    for image in open_dataset(str(folder / "set" / "set.jsonl")).dataset.images:
        for condition in suites.parse(PERTURB):
            expected = []
            for picture in image.pictures:
                clean = picture.read()
                pixels = catalogue.apply(condition, clean, image_id=picture.id, seed=0)
                there = spectral.resized(pixels, rows=clean.shape[0], columns=clean.shape[1])
                expected.append(spectral.band_power(there))
            power = stored.sel(image=image.id, condition=condition.id).values
            np.testing.assert_allclose(power, np.mean(expected, axis=0), rtol=1e-4, atol=1.0)
    assert stored.sel(condition="no_image").isnull().all()
    assert stored.attrs["units"] == "level squared"


def test_an_interrupted_run_is_resumed_to_the_same_bytes(
    run: stores.Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, committed = stores.Writer.commit, []

    def stop(self: stores.Writer, unit: stores.Unit, *rest: object, **named: object) -> None:
        if len(committed) == 3:
            raise KeyboardInterrupt
        committed.append(unit)
        commit(self, unit, *rest, **named)  # type: ignore[arg-type]

    def extract() -> stores.Run:
        return probe.extract(
            tiny.checkpoint("qwen2_vl"), folder / "set" / "set.jsonl", out=tmp_path / "run",
            perturb=[*PERTURB, "no_image"], sites=SITES, execution=probe.Execution(device="cpu"),
        )  # fmt: skip

    with monkeypatch.context() as patch:
        patch.setattr(stores.Writer, "commit", stop)
        with pytest.raises(Interrupted):
            extract()
    resumed = extract()
    np.testing.assert_array_equal(resumed.pictures.band_power, run.pictures.band_power)
