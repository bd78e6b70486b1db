"""The pictures of a dataset under every condition, bit for bit as `probe extract` shows them, for any other system.

    FOLDER/pictures/CONDITION/IMAGE.png   lossless; of an image with several pictures IMAGE~1.png, IMAGE~2.png, …
    FOLDER/manifest.jsonl                 a line for each sample under each condition: what to show and what to ask
    FOLDER/export.json                    what all of this was made of

An image is done once its lines are in the manifest; the same command goes on with the next.
"""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Any

from ..datasets.problems import Problem
from ..errors import PlanError
from ..extraction.ahead import PICTURE_BYTES, Ahead, Room, usable_threads
from ..extraction.plan import brief
from ..extraction.views import LoadedImage, PerturbedImage, load, shown
from ..perturbations.catalogue import family_of
from ..perturbations.condition import CLEAN, Condition
from ..prompts import render
from ..sample import Dataset, Image, Sample
from .files import complete, file_name

MANIFEST, SETTINGS, PICTURES = "manifest.jsonl", "export.json", "pictures"


@dataclass(frozen=True)
class PictureExport:
    """What is written: a dataset under conditions, its problems, and the specs and seed that they come from."""

    dataset: Dataset
    problems: tuple[Problem, ...]
    conditions: tuple[Condition, ...]
    preparation: str
    perturb: tuple[str, ...]
    seed: int

    @property
    def record(self) -> dict[str, Any]:
        """All that the files depend on, in plain JSON values."""
        found: dict[str, Any] = {
            "format": 1,
            "dataset": {"name": self.dataset.name, "fingerprint": self.dataset.fingerprint},
            "images": len(self.dataset.images),
            "samples": len(self.dataset.samples),
            "conditions": [condition.id for condition in self.conditions],
            "perturb": list(self.perturb),
            "preparation": self.preparation,
            "seed": self.seed,
        }
        if self.dataset.revision:
            found["dataset"]["revision"] = self.dataset.revision
        return found


@dataclass(frozen=True)
class View:
    """The files of an image under a condition with their SHA-256; or why there are none, else both are empty.

    `undefined`: the condition has no picture of this image. `error`: it could not be read or made.
    """

    files: tuple[str, ...] = ()
    sha256: tuple[str, ...] = ()
    undefined: str = ""
    error: str = ""


def begin(export: PictureExport, folder: Path) -> int:
    """Make the folder, or find how many images of the same export are done there.

    Raises PlanError for a folder with another export, or with anything else in it.
    """
    settings = folder / SETTINGS
    if folder.exists() and not folder.is_dir():
        raise PlanError(f"{folder} is a file, where a folder is needed. Choose another path.")
    if not settings.exists():
        if folder.exists() and any(folder.iterdir()):
            raise PlanError(f"{folder} is not empty, and no export of pictures. Choose another folder.")
        with complete(settings) as path:
            path.write_text(json.dumps(export.record, indent=1) + "\n", encoding="ascii")
        return 0
    try:
        stored = dict(json.loads(settings.read_text(encoding="ascii")))
    except (TypeError, ValueError):
        raise PlanError(f"{settings} is damaged. Remove {folder}, or choose another folder.") from None
    if found := [name for name in export.record if export.record[name] != stored.get(name)]:
        told = "".join(
            f"\n  {name}: it has {brief(stored.get(name))}, you asked for {brief(export.record[name])}"
            for name in found
        )
        raise PlanError(f"{folder} contains other pictures:{told}\nAsk for the same, or choose another folder.")
    return _done(export, folder / MANIFEST)


def _done(export: PictureExport, manifest: Path) -> int:
    """How many images are done; lines of one that is not are taken out of the manifest."""
    if not manifest.exists():
        return 0
    ends: list[int] = []
    with manifest.open("rb") as file:
        lines = (len(line) for line in file if line.endswith(b"\n"))
        end = 0
        for image in export.dataset.images:
            wanted = len(export.dataset.samples_of(image.id)) * len(export.conditions)
            sizes = list(islice(lines, wanted))
            if len(sizes) < wanted:
                break
            end += sum(sizes)
            ends.append(end)
    with manifest.open("rb+") as file:
        file.truncate(ends[-1] if ends else 0)
    return len(ends)


def write(export: PictureExport, folder: Path, done: int, on_image: Callable[[], None]) -> dict[str, str]:
    """Write what is not done yet; the ids of images that could not be read or made, each with the reason."""
    trouble: dict[str, str] = {}
    with ThreadPoolExecutor(usable_threads()) as pool, (folder / MANIFEST).open("a", encoding="ascii") as manifest:
        for image in export.dataset.images[done:]:
            views = dict(zip(export.conditions, _views(export, folder, image, pool), strict=True))
            manifest.write("".join(_lines(export, image, views)))
            manifest.flush()
            if errors := [view.error for view in views.values() if view.error]:
                trouble[image.id] = errors[0]
            on_image()
    return trouble


def _views(export: PictureExport, folder: Path, image: Image, pool: ThreadPoolExecutor) -> Iterator[View]:
    loaded = load(image, export.preparation, Room(PICTURE_BYTES))
    size = 4 * loaded.bytes  # as read, as perturbed, and as a file
    work = ((size, partial(_view, export, folder, loaded, condition)) for condition in export.conditions)
    return Ahead(pool, work, most=2 * usable_threads(), room=PICTURE_BYTES)


def _view(export: PictureExport, folder: Path, loaded: LoadedImage, condition: Condition) -> View:
    if loaded.error:
        return View(error=loaded.error)
    if condition != CLEAN and family_of(condition).text_only:
        return View()
    made = shown(loaded, condition, dataset=export.dataset, preparation=export.preparation, seed=export.seed)
    if made.undefined or made.error:
        return View(undefined=made.undefined, error=made.error)
    return _saved(made, folder, loaded.image.id, condition.id)


def _saved(made: PerturbedImage, folder: Path, image: str, condition: str) -> View:
    names: list[str] = []
    digests: list[str] = []
    for number, pixels in enumerate(made.pictures, 1):
        several = f"~{number}" if len(made.pictures) > 1 else ""
        name = f"{PICTURES}/{file_name(condition)}/{file_name(image)}{several}.png"
        content = _png(pixels)
        with complete(folder / name) as path:
            path.write_bytes(content)
        names.append(name)
        digests.append(sha256(content).hexdigest())
    return View(tuple(names), tuple(digests))


def _png(pixels: Any) -> bytes:
    import PIL.Image

    file = io.BytesIO()
    PIL.Image.fromarray(pixels).save(file, "PNG", compress_level=1)
    return file.getvalue()


def _lines(export: PictureExport, image: Image, views: dict[Condition, View]) -> Iterator[str]:
    for condition, view in views.items():
        for sample in export.dataset.samples_of(image.id):
            yield json.dumps(_line(export, sample, condition, view)) + "\n"


def _line(export: PictureExport, sample: Sample, condition: Condition, view: View) -> dict[str, Any]:
    said: dict[str, Any] = {
        "sample": sample.id,
        "condition": condition.id,
        "image": sample.image_id,
        "pictures": list(view.files),
        "sha256": list(view.sha256),
        "question": sample.question,
        "options": list(sample.options),
        "kind": sample.kind,
        "prompt": render(sample),
        "seed": export.seed,
    }
    return said | {name: why for name, why in (("undefined", view.undefined), ("error", view.error)) if why}


def unfinished(problems: Sequence[Problem], trouble: dict[str, str]) -> dict[str, str]:
    """What could not be written, each sample or image with the reason."""
    return {problem.sample_id: problem.message for problem in problems} | trouble
