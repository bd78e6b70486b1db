"""The reference implementations of the common corruptions, loaded from a checkout and left as they are there.

Two are known here: github.com/bethgelab/imagecorruptions (any size) and github.com/hendrycks/robustness (the authors';
224x224 for several). Neither imports on a current numpy, scipy and scikit-image: names that have moved since are mended
in memory while they are read, as MENDED tells. Their arithmetic is not touched.

Needs scipy, Pillow, opencv-python-headless, scikit-image and numba; the authors' also Wand with ImageMagick's library.
"""

import contextlib
import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Corrupt = Callable[[str, int, NDArray[np.uint8], int], NDArray[np.uint8]]

FILES = ("imagecorruptions/corruptions.py", "ImageNet-C/imagenet_c/imagenet_c/corruptions.py")
MENDED = {
    "scipy.ndimage.interpolation": "scipy.ndimage",
    "multichannel=True": "channel_axis=-1",
    "np.float_)": "np.float64)",
    "np.fromstring(": "np.frombuffer(",
    # scikit-image draws from a generator of its own, which no seed would reach
    "mode='s&p', amount=c)": "mode='s&p', amount=c, rng=np.random.randint(2**31))",
}


def commit(checkout: Path) -> str:
    """The commit of a checkout, or `unknown` where it is no git repository."""
    asked = subprocess.run(["git", "-C", checkout, "rev-parse", "HEAD"], capture_output=True, text=True, check=False)
    return asked.stdout.strip() or "unknown"


def load(checkout: Path) -> Corrupt:
    """The reference in a checkout as a function (name, severity, pixels, seed) -> pixels.

    Raises SystemExit with the cure where the checkout or one of its requirements is missing.
    """
    file = next((checkout / file for file in FILES if (checkout / file).is_file()), None)
    if file is None:
        raise SystemExit(f"{checkout}: found neither {' nor '.join(FILES)}. Clone one of the two repositories.")
    try:
        module, seed_compiled = _module(file), _compiled_seed()
    except ImportError as error:
        raise SystemExit(f"{file} needs {error.name}. Try: pip install numba scikit-image (and Wand).") from error

    def corrupt(name: str, severity: int, pixels: NDArray[np.uint8], seed: int) -> NDArray[np.uint8]:
        np.random.seed(seed)  # noqa: NPY002
        seed_compiled(seed)
        with contextlib.redirect_stdout(io.StringIO()):
            made = getattr(module, name)(Image.fromarray(pixels), severity)
        return np.asarray(made).astype(np.uint8)

    return corrupt


def _module(file: Path) -> ModuleType:
    """The module in the file, mended."""
    source = file.read_text()
    for old, new in MENDED.items():
        source = source.replace(old, new)
    module = ModuleType(f"reference_{file.parent.name}")
    module.__file__ = str(file)
    with _resources(file.parent):
        exec(compile(source, str(file), "exec"), module.__dict__)
    return module


@contextlib.contextmanager
def _resources(folder: Path) -> Iterator[None]:
    """A stand-in for pkg_resources, which setuptools no longer has: it names the files in `folder`."""
    stand_in, before = ModuleType("pkg_resources"), sys.modules.get("pkg_resources")
    stand_in.resource_filename = lambda package, name: str(folder / name)  # pyright: ignore[reportAttributeAccessIssue]
    sys.modules["pkg_resources"] = stand_in
    try:
        yield
    finally:
        del sys.modules["pkg_resources"]
        if before is not None:
            sys.modules["pkg_resources"] = before


def _compiled_seed() -> Callable[[int], None]:
    """Seeds numba's own random state, which compiled code draws from."""
    import numba

    @numba.njit
    def seed_compiled(seed: int) -> None:
        np.random.seed(seed)  # noqa: NPY002

    return seed_compiled
