"""What a suite does to every image first."""

from io import BytesIO

import numpy as np
import PIL.Image
import pytest

from probe.perturbations import PREPARATIONS, prepared


def picture(height, width):
    y, x = np.mgrid[:height, :width]
    return np.stack([(2 * y + x) % 256, (x * y) // 32 % 256, 255 * ((x // 9 + y // 7) % 2)], axis=-1).astype(np.uint8)


@pytest.mark.parametrize("shape", [(1, 1), (32, 500), (224, 224), (480, 640)])
def test_jpeg_224_is_a_square_written_and_read_as_jpeg(shape):
    file = BytesIO()
    square = PIL.Image.fromarray(picture(*shape)).resize((224, 224), PIL.Image.Resampling.BICUBIC)
    square.save(file, "JPEG")  # Pillow's default quality
    with PIL.Image.open(file) as read:
        assert np.array_equal(prepared(picture(*shape), "jpeg_224"), np.asarray(read))


def test_jpeg_224_loses_something_but_not_the_picture():
    y, x = np.mgrid[:224, :224]
    smooth = np.repeat((127 + 90 * np.sin(x / 20 + y / 31))[..., None], 3, axis=2).astype(np.uint8)
    result = prepared(smooth, "jpeg_224")
    assert 0 < np.abs(result.astype(int) - smooth).mean() < 2


@pytest.mark.parametrize("name", PREPARATIONS)
def test_every_preparation_leaves_its_argument_and_gives_contiguous_rgb(name):
    pixels = picture(300, 1100)
    pixels.flags.writeable = False
    result = prepared(pixels, name)
    assert result.dtype == np.uint8
    assert result.shape[2] == 3
    assert result.flags.c_contiguous
