"""An image of a run, shown to its model again: the nearest words at each of its places, in each layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hooks import sites, words

from ..closest import did_you_mean
from ..errors import PlanError
from ..extraction.ahead import PICTURE_BYTES, Room
from ..extraction.failures import reason_of
from ..extraction.views import LoadedImage, load, shown
from ..perturbations import CLEAN, Condition
from ..perturbations.catalogue import family_of
from ..perturbations.rereading import way
from ..reopened import Reopened, reopen
from ..sample import Pixels

if TYPE_CHECKING:
    from hooks import Blueprint, Site
    from hooks.reading import Grid
    from stores import Run


@dataclass(frozen=True)
class Wanted:
    """What was asked for: an image or a sample of the run, conditions beside the clean one, layers, words a place."""

    image: str
    conditions: tuple[str, ...] = ()
    layers: str = "*"
    top: int = 5
    device: str = "auto"
    trust_remote_code: bool = False


@dataclass(frozen=True)
class Seen:
    """An image under a condition as the model was shown it: its pictures, their grids and the words at their places.

    Places are those of one picture after the other, each row by row.
    """

    condition: str
    pictures: tuple[Pixels, ...]
    grids: "Sequence[Grid]"
    words: words.Words


@dataclass(frozen=True)
class Looked:
    """What was read of an image: `texts` are the words by their ids, `layers` the numbers of the layers.

    `processor`: the settings by which the model's pictures are cropped; `note`: what else has to be known.
    """

    run: str
    model: str
    image: str
    questions: tuple[str, ...]
    layers: tuple[int, ...]
    seen: tuple[Seen, ...]
    texts: Mapping[int, str]
    processor: Mapping[str, Any]
    note: str = ""


def look(run: "Run", wanted: Wanted) -> Looked:
    """Read an image of a run. Raises PlanError where it, a condition, its pictures or the model are not to be had."""
    image, conditions = image_of(run, wanted.image), conditions_of(run, wanted.conditions)
    text = f"language.layers[{wanted.layers}]:image"

    def refused(blueprint: "Blueprint") -> str:
        if reason := words.unavailable(blueprint):
            return f"no words can be read in the picture: {reason}. Use a model whose pictures are part of its text."
        sites.parse(text, blueprint.towers)  # says what is wrong with the layers, before weights are loaded
        return ""

    made = reopen(
        run,
        device=wanted.device,
        trust_remote_code=wanted.trust_remote_code,
        unavailable=refused,
        of_served="its states cannot be read",
    )
    site = sites.parse(text, made.model.towers)
    loaded = _loaded(run, made, image)
    seen = _seen(
        made, site, [(made.source.conditions[name], _shown(made, loaded, name)) for name in conditions], wanted
    )
    ids = sorted({int(word) for each in seen for word in each.words.ids.flat})
    answers = run.answers
    own = answers.sample.values[answers.image.values == image].tolist()
    questions = {sample.id: sample.question for sample in made.source.dataset.samples}
    return Looked(
        run=str(run.path),
        model=made.settings.model,
        image=image,
        questions=tuple(dict.fromkeys(questions[name] for name in own if name in questions)),
        layers=site.layers,
        seen=seen,
        texts={word: words.text(made.model, word) for word in ids},
        processor=made.reader.inputs().get("image_processor", {}),
        note="" if made.model.family.reuse.image_prefix == "causal" else OF_QUESTION,
    )


OF_QUESTION = "In this model the states of the picture can depend on the question: these are read under the empty one."


def image_of(run: "Run", name: str) -> str:
    """The id of an image of the run, from its own or from that of a sample. Raises PlanError for any other."""
    images = run.images.image.values.tolist()
    if name in images:
        return name
    samples = dict(zip(run.answers.sample.values.tolist(), run.answers.image.values.tolist(), strict=True))
    if name in samples:
        return str(samples[name])
    meant = did_you_mean(name, [*images, *samples])
    raise PlanError(f"{run.path} has no image or sample {name!r}.{meant} `probe info RUN --samples` lists them.")


def conditions_of(run: "Run", names: Sequence[str]) -> tuple[str, ...]:
    """The clean condition and those that were named, each once. Raises PlanError for what is no picture of the run."""
    known = run.conditions.condition.values.tolist()
    for name in names:
        if name not in known:
            there = ", ".join(known[:8]) + (", …" if len(known) > 8 else "")
            raise PlanError(f"{run.path} has no condition {name!r}.{did_you_mean(name, known)} It has {there}.")
    return tuple(dict.fromkeys((CLEAN.id, *names)))


def _loaded(run: "Run", made: Reopened, image: str) -> LoadedImage:
    loaded = load(made.source.images[image], made.source.preparation, Room(PICTURE_BYTES))
    hashed = str(run.images.sha256.sel(image=image).item())
    reason = loaded.error or ("its file is another one than the model was shown" if hashed != loaded.sha256 else "")
    if reason and (loaded.error or hashed):
        raise PlanError(f"image {image!r} cannot be shown again: {reason}. Bring its file back.")
    return loaded


def _shown(made: Reopened, loaded: LoadedImage, name: str) -> tuple[Pixels, ...]:
    """The pictures of an image under a condition. Raises PlanError where there are none, or the clean ones again."""
    condition: Condition = made.source.conditions[name]
    if way(condition):
        raise PlanError(f"condition {name!r} shows the clean picture again. Name one that changes it.")
    if condition != CLEAN and family_of(condition).text_only:
        raise PlanError(f"condition {name!r} shows the model no picture. Name one that does.")
    source = made.source
    view = shown(loaded, condition, dataset=source.dataset, preparation=source.preparation, seed=source.seed)
    if not view.pictures:
        reason = view.undefined or view.error
        raise PlanError(f"condition {name!r} has no picture of image {loaded.image.id!r}: {reason}. Name another.")
    return view.pictures


def _seen(
    made: Reopened, site: "Site", views: Sequence[tuple[Condition, tuple[Pixels, ...]]], wanted: Wanted
) -> tuple[Seen, ...]:
    head = words.head(made.model, views[0][1])
    found: list[Seen] = []
    for condition, pictures in views:
        try:
            read, grids = words.read(made.model, head, pictures, site, count=wanted.top)
        except Exception as error:  # a processor can raise anything over a picture
            raise PlanError(f"the model cannot be shown condition {condition.id!r}: {reason_of(error)}.") from error
        found.append(Seen(condition.id, pictures, tuple(grids), read))
    return tuple(found)
