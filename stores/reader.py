"""Open a run: lazy, labelled arrays of the committed units."""

# xarray's signatures are only partly typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false

import json
import math
import warnings
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from . import ledger, metadata, notebook, presence, results, segmentations, selection
from .arrays import Unit
from .object_arrays import each_once, with_objects
from .paths import local_store, resolved
from .record import read_record, sizes_in
from .specs import Sizes
from .unit_arrays import bfloat16_to_float32

register_run_accessor = notebook.register_run_accessor  # here, where the names that runs have are known
TAKEN = ("sample", "image", "condition", "option", "reference", "family", "severity", "valid")
"""Names of dimensions and coordinates, which no entry of the metadata can have."""

CHUNK_BYTES = 64 * 2**20
"""The size that dask chunks approach, in the files and in memory: they extend over conditions, then over blocks."""


class IncompleteRun(UserWarning):
    """Some units of the run are not committed, or files of them are missing; their cells are nan, -1 or empty."""


def open_run(path: str | PathLike[str]) -> "Run":
    """Open a run for reading, with the units that are committed now and whose files are there.

    Warns IncompleteRun where units are missing, or files of committed ones. Raises FileNotFoundError where there is no
    run, ValueError where it has another schema version, DamagedRun where files that were made with the run are missing.
    """
    root = resolved(path)
    record = read_record(root)
    if record is None:
        what = "is no run of this project (it has no _ledger/plan.json)" if root.exists() else "does not exist"
        raise FileNotFoundError(f"{path} {what}. Make a run with `probe extract MODEL DATASET -o RUN`.")
    done = ledger.of_run(record, ledger.done(root))
    damaged = presence.damage(root, committed=done)
    added = {each.slug: each for each in segmentations.added(root)}
    lost = {slug: found for slug, each in added.items() if (found := each.damage())}
    segmented = {slug: each.done() - lost.get(slug, {}).keys() for slug, each in added.items()}
    run = Run(root, record, done - damaged.keys(), damaged, segmented=segmented, segmentation_damage=lost)
    for message in _what_is_missing(run):
        warnings.warn(IncompleteRun(message), stacklevel=2)
    return run


def _what_is_missing(run: "Run") -> Iterator[str]:
    if run.damaged:
        yield presence.describe(run.path, run.damaged)
    if missing := [unit for unit in run.missing if unit not in run.damaged]:
        blocks = sorted({unit.block for unit in missing})
        names = [str(name) for name in run.conditions.condition.values]
        conditions = [names[k] for k in sorted({unit.condition for unit in missing})]
        yield (
            f"{run.path} is incomplete: {len(missing)} of {run.sizes.blocks * run.sizes.conditions} units are missing "
            f"(blocks {_some(blocks)}; conditions {_some(conditions)}). Rerun the same command to finish it."
        )
    for slug, units in run.segmented.items():
        if lost := run.segmentation_damage.get(slug):
            yield presence.describe(run.path / segmentations.GROUP / slug, lost)
        elif missing := run.sizes.blocks * run.sizes.conditions - len(units):
            yield (
                f"the segmentation {slug!r} of {run.path} is incomplete: {missing} of {missing + len(units)} units are "
                "missing. Rerun the same `probe segment` to finish it."
            )


def _some(things: list[Any]) -> str:
    return ", ".join(map(str, things[:8])) + (f", ... {len(things)} in all" if len(things) > 8 else "")


@dataclass(frozen=True)
class Run(notebook.InNotebook):
    """A run with the units that were committed and whole when it was opened. Use `open_run`.

    `damaged`: what is wrong with the files of other committed units; they count as missing. `chosen` are the ids of the
    samples that are shown, with their images; None for all. `segmented` are the units of each segmentation model that
    was added to the run, `segmentation_damage` what is wrong with others of theirs.
    """

    path: Path
    record: dict[str, Any]
    committed: frozenset[Unit]
    damaged: presence.Damage
    chosen: frozenset[str] | None = None
    segmented: Mapping[str, frozenset[Unit]] = field(default_factory=dict[str, frozenset[Unit]])
    segmentation_damage: Mapping[str, presence.Damage] = field(default_factory=dict[str, presence.Damage])

    def select(self, samples: Iterable[str]) -> "Run":
        """The same run with these samples alone, by their ids, and the images that they ask about.

        Raises KeyError for an id that is not in the run, ValueError where none is left.
        """
        wanted = frozenset(samples)
        if unknown := wanted - set(self.samples.sample.values.tolist()):
            raise KeyError(f"sample {sorted(unknown)[0]!r} is not in {self.path}.")
        if not wanted:
            raise ValueError(f"no sample of {self.path} is selected. Give the ids of some.")
        return replace(self, chosen=wanted)

    @property
    def plan(self) -> dict[str, Any]:
        """The plan that the run was created with."""
        return self.record["plan"]

    @property
    def sizes(self) -> Sizes:
        """Lengths of the shared axes, padding included."""
        return sizes_in(self.record["layout"])

    @cached_property
    def tree(self) -> xr.DataTree:
        """The store as plain xarray opens it: bits undecoded, padded rows and uncommitted cells included."""
        store: Any = local_store(self.path)
        return xr.open_datatree(store, engine="zarr", consolidated=False)

    @property
    def provenance(self) -> dict[str, Any]:
        """Model, dataset, code, seed and time of the run."""
        return self.tree.attrs["provenance"]

    @cached_property
    def missing(self) -> tuple[Unit, ...]:
        """The units that are not committed, block by block."""
        sizes = self.sizes
        units = (Unit(b, c) for b in range(sizes.blocks) for c in range(sizes.conditions))
        return tuple(unit for unit in units if unit not in self.committed)

    @property
    def complete(self) -> bool:
        """Whether all units are committed."""
        return not self.missing

    @property
    def failed(self) -> dict[str, str]:
        """The samples that failed, each with its message."""
        return ledger.failed(self.path)

    @property
    def sites(self) -> tuple[str, ...]:
        """The canonical texts of the stored sites."""
        return tuple(spec["site"] for spec in self.record["layout"]["sites"])

    @cached_property
    def images(self) -> xr.Dataset:
        """(image) sha256, width, height; index `image` is the image's id."""
        return self._label(self._masked(self._group("images").drop_vars("image_id")).load())

    @cached_property
    def pictures(self) -> xr.Dataset:
        """(image, condition, …) what was measured on the pictures shown; empty in runs made before there was any."""
        if "pictures" not in self.tree:
            return xr.Dataset()
        group, files = self._group("pictures"), {"image": self.sizes.block_size, "condition": 1}
        return self._label(self._masked(group.map(lambda one: one.chunk(files) if one.dtype.kind in "OUT" else one)))

    @cached_property
    def conditions(self) -> xr.Dataset:
        """(condition) family, severity, parameters; index `condition` is the condition's id."""
        table = self._group("conditions").load()
        names = {"condition": "condition_id", "family": "family", "severity": "severity"}
        labels = {new: ("condition", _plain(table[old].values)) for new, old in names.items()}
        return xr.Dataset({"parameters": ("condition", _plain(table["parameters"].values))}, coords=labels)

    @cached_property
    def samples(self) -> xr.Dataset:
        """What was asked: (sample) question, (sample, option) option_text, (sample, reference) reference_text.

        Also (sample) prompt_text, the whole prompt that the model reads, and metadata (a JSON text). Coordinates:
        sample (index), image, kind, answer, dataset, reference_text, and each entry of the metadata by its name:
        numbers where all are, nan where one has none; else texts, "" where one has none. Options and references are
        padded with empty texts.
        """
        if "samples" not in self.tree:
            return xr.Dataset()
        table = self._label(self._group("samples").isel(sample=self._valid).drop_vars("valid").load())
        table = table.set_coords([name for name in ("dataset", "reference_text") if name in table])
        return table.assign_coords(self._metadata)

    @cached_property
    def sample_metadata(self) -> tuple[dict[str, Any], ...]:
        """(sample) what the dataset says of each sample, by name, in plain values."""
        return tuple(json.loads(text) if text else {} for text in self._sample_column("metadata").tolist())

    @cached_property
    def answers(self) -> xr.Dataset:
        """(sample, condition, option) log_likelihood [nat], token_count, end_of_turn; (sample, condition) text.

        Coordinates beside those of all arrays: dataset, and each entry of the samples' metadata. Numbers are read when
        they are used, texts at once.
        """
        if "answers" not in self.tree:
            return xr.Dataset()
        answers = self._group("answers").isel(sample=self._valid)
        # object: numpy's own string type knows no nan, so that `answers.where(...)` would fail
        text = with_objects(answers["text"], each_once(answers["text"].values))
        labelled = self._label(self._masked(answers.assign(text=text)))
        return labelled.assign_coords({"dataset": ("sample", self._sample_column("dataset")), **self._metadata})

    def embeddings(self, site: str) -> xr.DataArray:
        """The site's activations as lazy float32: its tokens where they are stored, else its pooled vectors.

        `site` selects layers of those stored: `language.layers[-1]:context_last`. (image|sample, condition, layer,
        [token,] feature) in the model's own units; the layer axis is dropped where one number is named, and nan fills
        tokens from n_tokens on and uncommitted cells. Raises KeyError for a site or layer that is not stored.
        """
        slug, group = self._site(site)
        return self._lazy(slug, group, "tokens" if "tokens" in group else "pooled")

    def pooled(self, site: str) -> xr.DataArray:
        """The site's vectors, pooled over tokens where it has them: (image|sample, condition, [layer,] feature)."""
        return self._lazy(*self._site(site), "pooled")

    def site(self, site: str) -> xr.Dataset:
        """Everything stored of the site, lazily: pooled, its variables, and its grid and tokens where it has them."""
        slug, group = self._site(site)
        names = sorted(map(str, group.data_vars))
        return xr.Dataset({name: self._lazy(slug, group, name) for name in names}, attrs=group.attrs)

    @property
    def segmentations(self) -> tuple[str, ...]:
        """The names of the segmentation models of the run: those that it was created with, then those added to it."""
        created = [spec["slug"] for spec in self.record["layout"]["segmentations"]]
        return (*created, *self.segmented)

    def segmentation(self, model: str) -> xr.Dataset:
        """(image, condition, true, predicted) confusion, in pixels, of one segmentation model, lazily.

        Of one that was added to the run also (image, condition, true) unassigned: pixels predicted as no class of ours.
        """
        if model not in self.segmentations:
            there = ", ".join(self.segmentations) or "none"
            raise KeyError(f"segmentation {model!r} is not in {self.path}; there are: {there}.")
        committed = self.segmented.get(model, self.committed)
        group = self._group(f"segmentation/{model}")
        read = max(variable[0, 0].nbytes for variable in group.values())
        group = group.chunk(self._chunks(group.confusion, self.sizes.block_size, read))
        return self._label(self._masked(group, committed))

    @property
    def results(self) -> tuple[str, ...]:
        """The names of what `probe analyze` wrote into the run."""
        return results.names(self.path)

    def result(self, name: str) -> xr.Dataset:
        """One of the results, in memory. Raises KeyError where it was not written."""
        return results.read(self.path, name)

    def _group(self, name: str) -> xr.Dataset:
        node = self.tree[name]
        assert isinstance(node, xr.DataTree)
        return node.to_dataset(inherit=False)

    def _column(self, name: str) -> NDArray[Any]:
        return _plain(np.asarray(self.tree[name].variable.values))

    @cached_property
    def _shown(self) -> NDArray[np.bool_]:
        """(padded sample) whether a row is a sample that is shown."""
        valid = self._column("samples/valid").astype(bool)
        return valid if self.chosen is None else valid & np.isin(self._column("samples/sample_id"), [*self.chosen])

    @cached_property
    def _valid(self) -> NDArray[np.intp] | slice:
        return slice(None) if self._shown.all() else np.flatnonzero(self._shown)

    @cached_property
    def _shown_images(self) -> NDArray[np.intp]:
        """The positions of the images that the samples shown ask about."""
        return np.unique(self._column("samples/image_index")[self._valid])

    def _sample_column(self, name: str) -> NDArray[Any]:
        return self._column(f"samples/{name}")[self._valid]

    @cached_property
    def _metadata(self) -> dict[str, tuple[str, NDArray[Any]]]:
        """(sample) each entry of the samples' metadata, by its name; one that is taken has `metadata_` before it."""
        taken = {*_group_names(self.tree["samples"]), *_group_names(self.tree["answers"]), *TAKEN}
        columns = metadata.columns(self.sample_metadata)
        return {f"metadata_{name}" if name in taken else name: ("sample", values) for name, values in columns.items()}

    def _site(self, text: str) -> tuple[str, xr.Dataset]:
        name, layers = selection.split(text)
        slugs = {selection.split(spec["site"])[0]: spec["slug"] for spec in self.record["layout"]["sites"]}
        if name not in slugs:
            raise KeyError(f"site {text!r} is not in {self.path}; there are: {', '.join(self.sites) or 'none'}.")
        group = self._group(f"sites/{slugs[name]}")
        stored = group["layer"].values.tolist()
        try:
            position = selection.layers(layers, stored, last=group.attrs.get("tower_layers"))
        except KeyError as error:
            raise KeyError(f"site {text!r}: {error.args[0]}") from None
        return slugs[name], group.isel(layer=_contiguous(position))

    def _lazy(self, slug: str, group: xr.Dataset, name: str) -> xr.DataArray:
        variable = group[name]
        if variable.dims[0] == "sample":
            variable = variable.isel(sample=self._valid)
        stored = self.tree[f"sites/{slug}/{name}"]
        shard = stored.encoding.get("shards")
        rows = shard[0] if shard else self.sizes.block_size
        # a file is read whole whatever is selected of it, but for shards, which are read in part
        read = variable if shard else stored
        variable = variable.chunk(self._chunks(variable, rows, read.dtype.itemsize * math.prod(read.shape[2:])))
        if variable.attrs.pop("logical_dtype", None) == "bfloat16":
            variable = xr.apply_ufunc(
                bfloat16_to_float32, variable, dask="parallelized", output_dtypes=[np.float32], keep_attrs=True
            )
        if variable.dtype.kind == "f":
            variable = variable.astype(np.float32)
        labelled = self._label(self._masked(variable.to_dataset(name=name)))[name]
        return labelled.assign_attrs(site=group.attrs["site"])

    def _chunks(self, variable: xr.DataArray, step: int, read: int) -> dict[str, int | tuple[int, ...]]:
        # Whole files of `step` rows: a chunk that cuts through a file reads it more than once. `read` are the bytes
        # that are read for a row and condition; what is made of them is at least float32.
        sizes, axis = self.sizes, str(variable.dims[0])
        if axis == "sample":
            valid = self._shown.reshape(sizes.blocks, -1).sum(axis=1)
            rows = [int(count) for count in valid if count]
        else:
            rows = [min(step, sizes.images - start) for start in range(0, sizes.images, step)]
        made = max(4, variable.dtype.itemsize) * math.prod(variable.shape[2:])
        cell = max(1, read, made) * max(rows)
        conditions = max(1, min(sizes.conditions, CHUNK_BYTES // cell))
        together = max(1, CHUNK_BYTES // (cell * conditions)) if conditions == sizes.conditions else 1
        return {
            axis: tuple(sum(rows[k : k + together]) for k in range(0, len(rows), together)),
            "condition": conditions,
        }

    def _masked(self, group: xr.Dataset, committed: Collection[Unit] | None = None) -> xr.Dataset:
        sizes, committed = self.sizes, self.committed if committed is None else committed
        if len(committed) == sizes.blocks * sizes.conditions:
            return group
        done = np.zeros((sizes.blocks, sizes.conditions), dtype=bool)
        for unit in committed:
            done[unit.block, unit.condition] = True
        rows = {"image": np.repeat(done, sizes.block_size, axis=0)[: sizes.images]}
        if sizes.samples_per_block:
            rows["sample"] = np.repeat(done, sizes.samples_per_block, axis=0)[self._valid]
        return group.map(lambda variable: _mask(variable, rows[str(variable.dims[0])]), keep_attrs=True)

    def _label(self, data: xr.Dataset) -> xr.Dataset:
        labels: dict[str, Any] = {}
        image_ids = self._column("images/image_id")
        if "image" in data.dims:
            labels["image"] = ("image", image_ids)
        if "condition" in data.dims:
            labels |= {name: self.conditions[name].variable for name in ("condition", "family", "severity")}
        if "sample" in data.dims:
            table = self._group("samples").isel(sample=self._valid)
            labels["sample"] = ("sample", table["sample_id"].values.astype(object))
            labels["image"] = ("sample", image_ids[table["image_index"].values])
            labels |= {name: ("sample", table[name].values.astype(object)) for name in ("kind", "answer")}
            data = data.drop_vars(["sample_id", "image_index", "kind", "answer"], errors="ignore")
        labelled = data.assign_coords(labels)
        if self.chosen is not None and "image" in labelled.dims:
            labelled = labelled.isel(image=self._shown_images)
        return labelled


def _group_names(node: Any) -> set[str]:
    return {str(name) for name in node.to_dataset(inherit=False).variables}


def _contiguous(position: int | list[int]) -> int | list[int] | slice:
    # zarr reads a slice at once, a list one position at a time
    if isinstance(position, int) or position != list(range(position[0], position[-1] + 1)):
        return position
    return slice(position[0], position[-1] + 1)


def _plain(values: NDArray[Any]) -> NDArray[Any]:
    return values.astype(object) if values.dtype.kind == "T" else values


def _mask(variable: xr.DataArray, committed: NDArray[np.bool_]) -> xr.DataArray:
    # committed (row, condition)
    dims = variable.dims[:2] if "condition" in variable.dims else variable.dims[:1]
    mask = xr.DataArray(committed if len(dims) == 2 else committed[:, 0], dims=dims)
    if variable.dtype.kind == "f":
        return variable.where(mask)
    return variable.where(mask, "" if variable.dtype.kind in "OUT" else -1)
