"""From a request to confusion matrices in a run: added, resumed, refused or already finished."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hooks.load_options import Dtype, LoadOptions
from stores import (
    Ownership,
    Run,
    Segmentation,
    Unit,
    Writer,
    create,
    hold,
    ledger,
    open_run,
    presence,
    segmentations,
    writing,
)
from stores.paths import resolved
from stores.segmentations import Added

from .. import models
from ..errors import Interrupted, PlanMismatch
from ..extraction.execution import check_perturbations, dataset_of, made_by
from ..extraction.plan import differences
from ..extraction.run import of_writing
from ..label_maps import CLASSES
from ..perturbations import extension
from . import scenes
from .classes import ClassMapping, by_name, require_classes
from .label_files import Ids, LabelFiles
from .label_source import FileLabels, LabelSource, ModelLabels
from .request import SegmentRequest
from .scenes import Scenes

if TYPE_CHECKING:
    from hooks.segmentation import SegmenterBlueprint

OnUnit = Callable[[Unit], None]


@dataclass(frozen=True)
class Prepared:
    """A request with all that is known before weights are read: its scenes, its classes, and what is still to do.

    `model` is what a segmentation of the same name in the run is compared with. `mapping` is None for label maps from
    disk. `pending` are the units without confusions, `unmeasured` those of a run of pictures alone that are not there.
    """

    request: SegmentRequest
    scenes: Scenes
    model: dict[str, Any]
    mapping: ClassMapping | None
    blueprint: "SegmenterBlueprint | None"
    pending: tuple[Unit, ...]
    unmeasured: frozenset[Unit]

    @property
    def units(self) -> tuple[Unit, ...]:
        """Every unit that is to be worked on."""
        return tuple(unit for unit in self.scenes.layout.units() if unit in {*self.pending, *self.unmeasured})


def segment(
    model: str | PathLike[str],
    dataset: str | PathLike[str],
    *,
    out: str | PathLike[str],
    perturb: str | Sequence[str] | None = None,
    limit: int | None = None,
    first: int | None = None,
    seed: int | None = None,
    columns: str | Sequence[str] | None = None,
    dataset_revision: str | None = None,
    outside_paths: bool | None = None,
    max_pixels: int | None = None,
    predictions: str | PathLike[str] | None = None,
    ids: Ids = "train",
    allow_lost: bool = False,
    batch_size: int = 1,
    durable: bool = False,
    dtype: Dtype = "auto",
    device: str = "auto",
    revision: str | None = None,
    trust_remote_code: bool = False,
) -> Run:
    """Segment the pictures of a run under its conditions, store the confusion matrices in it, and open it.

    `model` is a segmentation model, or with `predictions` the name of the one that wrote the label maps in that folder.
    What is None is as the run has it; where there is no run, one of pictures and label maps alone is made. The same
    call resumes. Images that could not be segmented are in `stores.summary(out)["segmented"]`, each with its reason.

    Raises ValueError for a setting that cannot be, PlanMismatch where the run is of other images or conditions or has
    another model of this name, PlanError where a class of the dataset would be lost, Interrupted on Ctrl-C.
    """
    given = locals()  # every field of the request is an argument
    names = SegmentRequest.__dataclass_fields__.keys() - {"loading"}
    loading = LoadOptions(dtype=dtype, device=device, revision=revision, trust_remote_code=trust_remote_code)
    prepared = prepare(SegmentRequest(**{name: given[name] for name in names}, loading=loading), resolved(out))
    execute(prepared)
    return open_run(out)


def prepare(request: SegmentRequest, out: Path) -> Prepared:
    """Find the run or plan a new one, and the model with its classes; reads no weights and writes nothing.

    Raises PlanMismatch where the run has another plan or another model of this name, PlanError where a class of ours
    that the dataset has would be lost.
    """
    found = scenes.find(request, out)
    mapping, blueprint = None, None
    if request.predictions is not None:
        files = LabelFiles(Path(request.predictions), request.ids)
        fixed = [condition.id for condition in found.conditions if condition.family not in scenes.MOVING]
        files.require([name for name in fixed if name != "no_image"])
        model = files.describe()
    else:
        from hooks import segmentation

        blueprint = segmentation.blueprint(models.source(request.model), request.loading)
        mapping = by_name(blueprint.classes)
        if not request.allow_lost:
            require_classes(mapping, found.dataset, model=request.model)
        model = {**blueprint.description, "classes": list(mapping.theirs), "train_ids": list(mapping.train_ids)}
    prepared = Prepared(request, found, model, mapping, blueprint, found.layout.units(), frozenset())
    return _with_pending(prepared)


def _with_pending(prepared: Prepared) -> Prepared:
    found, request = prepared.scenes, prepared.request
    unmeasured: set[Unit] = set()
    pending = found.layout.units()
    if ledger.read_record(found.path) is not None:
        check_perturbations(found.path, found.conditions)
        if found.alone:
            unmeasured = {*ledger.missing(found.path, found.layout), *presence.damage(found.path, exact=True)}
        if added := segmentations.find(found.path, request.slug):
            require_same(added, prepared.model)
            pending = tuple(sorted({*added.pending(), *_changed(prepared, added)}))
    elif found.alone:
        unmeasured = set(pending)
    return Prepared(
        request, found, prepared.model, prepared.mapping, prepared.blueprint, pending, frozenset(unmeasured)
    )


def _changed(prepared: Prepared, added: Added) -> Iterator[Unit]:
    """Committed units whose label files on disk are no longer those that they were made from."""
    request, found = prepared.request, prepared.scenes
    if request.predictions is None:
        return
    files, ids = LabelFiles(Path(request.predictions), request.ids), found.layout.image_ids
    for unit, entry in added.entries():
        images = ids[found.layout.rows(unit.block)]
        if entry["report"]["files"] != files.fingerprint(images, found.conditions[unit.condition].id):
            yield unit


def require_same(added: Added, model: dict[str, Any]) -> None:
    """Raise PlanMismatch where a run has a segmentation of this name by another model; weights where both are known."""
    before = {name: value for name, value in added.model.items() if name in model}
    if found := differences({added.slug: before}, {added.slug: model}, other="now"):
        raise PlanMismatch(added.root, found)


def execute(prepared: Prepared, on_unit: OnUnit = lambda unit: None) -> None:
    """Segment the pending units. No model is loaded where there are none.

    Raises RunInUse while another process writes into the run, Interrupted on Ctrl-C.
    """
    if not prepared.units:
        return
    path = prepared.scenes.path
    try:
        with writing(path) as own:
            _execute(_with_pending(prepared), own, on_unit)
    except KeyboardInterrupt:
        added = segmentations.find(path, prepared.request.slug)
        raise Interrupted(path, len(added.done()) if added else 0, len(prepared.scenes.layout.units())) from None
    except OSError as error:
        raise of_writing(error, path) from error


def _execute(prepared: Prepared, own: Ownership, on_unit: OnUnit) -> None:
    from . import block  # which needs torch, as nothing before does

    request, found = prepared.request, prepared.scenes
    source, origin = _source(prepared)
    model = prepared.model | ({"weights_sha256": origin["weights_sha256"]} if "weights_sha256" in origin else {})
    if ledger.read_record(found.path) is None:
        made: dict[str, Any] = {
            "model": None,
            "dataset": dataset_of(found.dataset),
            "perturbations": extension.code_of(found.conditions),
            "seed": found.seed,
            **made_by(),
        }
        create(found.path, found.layout, plan=found.record, provenance=made, durable=request.durable)
    added = segmentations.find(found.path, request.slug)
    if added is None:
        spec = Segmentation(request.slug, len(CLASSES))
        provenance = {"model": origin, **made_by()}
        added = segmentations.add(found.path, spec, model=model, provenance=provenance, durable=request.durable)
    require_same(added, model)
    for unit in prepared.pending:  # of those whose files were lost, or changed
        added.marker(unit).unlink(missing_ok=True)
    ledger.remove_unfinished(found.path)
    job = block.Job(
        found,
        source,
        added,
        hold(found.path, own.check),
        request.batch_size,
        request.durable,
        pictures=_picture_writer(prepared, own) if found.alone else None,
        unmeasured=prepared.unmeasured,
    )
    units = prepared.units
    for index in sorted({unit.block for unit in units}):
        block.run(job, index, [unit for unit in units if unit.block == index], on_unit)


def _source(prepared: Prepared) -> tuple[LabelSource, dict[str, Any]]:
    """Where predictions come from, and their provenance."""
    request = prepared.request
    if prepared.blueprint is None or prepared.mapping is None:
        files = LabelFiles(Path(str(request.predictions)), request.ids)
        return FileLabels(files), {"source": request.model, "folder": str(files.folder), **files.describe()}
    from hooks import segmentation

    segmenter = segmentation.load(prepared.blueprint)
    origin = {**segmenter.provenance, "source": request.model}
    return ModelLabels(segmenter, prepared.mapping), origin


def _picture_writer(prepared: Prepared, own: Ownership) -> Writer:
    """The writer of a run of pictures alone."""
    found = prepared.scenes
    for unit in prepared.unmeasured:  # of those that lost files
        ledger.marker(found.path, unit).unlink(missing_ok=True)
    return Writer(
        found.path,
        found.layout,
        plan_hash=found.record["hash"],
        durable=prepared.request.durable,
        permission=own.check,
    )
