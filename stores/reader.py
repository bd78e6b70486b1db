"""Open a run: lazy, labelled arrays of the committed units."""

# xarray's signatures are only partly typed.
# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false

import json
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
from .arrays import Array, Unit
from .catalogue import LAYER
from .labels import OF_SAMPLES, Labels, column
from .lazy_arrays import StoredArray, chunk_sizes
from .object_arrays import each_once
from .paths import resolved, zarr_store
from .record import arrays_in, read_record, sizes_in
from .specs import Sizes

register_run_accessor = notebook.register_run_accessor  # here, where the names that runs have are known
TAKEN = ("sample", "image", "condition", "option", "reference", "family", "severity", "valid")
"""Names of dimensions and coordinates, which no entry of the metadata can have."""


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
        store: Any = zarr_store(self.path)
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
        found = {name: self._lazy(array) for name, array in self._group("images").items()}
        return self._labels.put(xr.Dataset(found)).load()

    @cached_property
    def pictures(self) -> xr.Dataset:
        """(image, condition, …) what was measured on the pictures shown; empty in runs made before there was any."""
        found = {
            name: self._lazy(array) if array.is_text else self._chunked(array, self._lazy(array))
            for name, array in self._group("pictures").items()
        }
        return self._labels.put(xr.Dataset(found)) if found else xr.Dataset()

    @cached_property
    def conditions(self) -> xr.Dataset:
        """(condition) family, severity, parameters; index `condition` is the condition's id."""
        names = {"condition": "condition_id", "family": "family", "severity": "severity"}
        labels = {new: ("condition", column(self.tree, f"conditions/{old}")) for new, old in names.items()}
        return xr.Dataset({"parameters": ("condition", column(self.tree, "conditions/parameters"))}, coords=labels)

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
        shown = self._table("samples").isel(sample=self._labels.samples).load()
        table = self._labels.put(shown.drop_vars(["valid", "sample_id", "image_index", *OF_SAMPLES]))
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
        answers = {name: self._lazy(array) for name, array in self._group("answers").items()}
        if not answers:
            return xr.Dataset()
        texts = answers["text"]
        answers["text"] = xr.Variable(texts.dims, each_once(texts.values), texts.attrs, fastpath=True)
        labelled = self._labels.put(xr.Dataset(answers))
        return labelled.assign_coords({"dataset": ("sample", self._sample_column("dataset")), **self._metadata})

    def embeddings(self, site: str) -> xr.DataArray:
        """The site's activations as lazy float32: its tokens where they are stored, else its pooled vectors.

        `site` selects layers of those stored: `language.layers[-1]:context_last`. (image|sample, condition, layer,
        [token,] feature) in the model's own units; the layer axis is dropped where one number is named, and nan fills
        tokens from n_tokens on and uncommitted cells. Raises KeyError for a site or layer that is not stored.
        """
        found = self._site(site)
        return found["tokens" if "tokens" in found else "pooled"]

    def pooled(self, site: str) -> xr.DataArray:
        """The site's vectors, pooled over tokens where it has them: (image|sample, condition, [layer,] feature)."""
        return self._site(site)["pooled"]

    def site(self, site: str) -> xr.Dataset:
        """Everything stored of the site, lazily: pooled, its variables, and its grid and tokens where it has them."""
        return self._site(site)

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
        added = segmentations.find(self.path, model) if model in self.segmented else None
        arrays = self._group(f"segmentation/{model}").values() if added is None else added.arrays
        found = {
            array.path.rpartition("/")[2]: self._chunked(array, self._lazy(array, self.segmented.get(model)))
            for array in arrays
        }
        return self._labels.put(xr.Dataset(found))

    @property
    def results(self) -> tuple[str, ...]:
        """The names of what `probe analyze` wrote into the run."""
        return results.names(self.path)

    def result(self, name: str) -> xr.Dataset:
        """One of the results, in memory. Raises KeyError where it was not written."""
        return results.read(self.path, name)

    @cached_property
    def _labels(self) -> Labels:
        return Labels.read(self.tree, self.conditions, self.chosen)

    @cached_property
    def _arrays(self) -> tuple[Array, ...]:
        return tuple(arrays_in(self.record["layout"]))

    def _group(self, name: str) -> dict[str, Array]:
        return {array.path.rpartition("/")[2]: array for array in self._arrays if array.path.rpartition("/")[0] == name}

    def _lazy(self, array: Array, committed: Collection[Unit] | None = None) -> xr.Variable:
        """An array, fill values where its unit is not one of those committed, in memory once it is used."""
        units = self.committed if committed is None else committed
        done = np.zeros((self.sizes.blocks, self.sizes.conditions), dtype=bool)
        if units:
            done[tuple(np.array([(unit.block, unit.condition) for unit in units]).T)] = True
        rows, compressed = self._labels.rows(array.dims[0]), self.record["layout"]["compress"]
        return StoredArray(self.path, array, rows, done, compressed).variable()

    def _chunked(self, array: Array, variable: xr.Variable) -> xr.Variable:
        """A variable of an array in pieces that are in memory while they are used."""
        from .whole_reads import chunked  # dask.array takes half a second to import

        return chunked(variable, chunk_sizes(variable, array.file_shape[0], self._labels.rows(array.dims[0])))

    def _table(self, name: str) -> xr.Dataset:
        node = self.tree[name]
        assert isinstance(node, xr.DataTree)
        return node.to_dataset(inherit=False)

    def _sample_column(self, name: str) -> NDArray[Any]:
        return column(self.tree, f"samples/{name}")[self._labels.samples]

    @cached_property
    def _metadata(self) -> dict[str, tuple[str, NDArray[Any]]]:
        """(sample) each entry of the samples' metadata, by its name; one that is taken has `metadata_` before it."""
        taken = {*_group_names(self.tree["samples"]), *_group_names(self.tree["answers"]), *TAKEN}
        columns = metadata.columns(self.sample_metadata)
        return {f"metadata_{name}" if name in taken else name: ("sample", values) for name, values in columns.items()}

    def _site(self, text: str) -> xr.Dataset:
        name, layers = selection.split(text)
        specs = {selection.split(spec["site"])[0]: spec for spec in self.record["layout"]["sites"]}
        if name not in specs:
            raise KeyError(f"site {text!r} is not in {self.path}; there are: {', '.join(self.sites) or 'none'}.")
        spec = specs[name]
        try:
            position = selection.layers(layers, spec["layers"], last=spec["attrs"].get("tower_layers"))
        except KeyError as error:
            raise KeyError(f"site {text!r}: {error.args[0]}") from None
        layer, selected = xr.Variable("layer", np.array(spec["layers"], np.int32), LAYER), _contiguous(position)
        found: dict[str, xr.Variable] = {}
        for part, array in self._group(f"sites/{spec['slug']}").items():
            variable = self._lazy(array)
            variable = variable.isel(layer=selected) if "layer" in variable.dims else variable
            found[part] = self._chunked(array, variable)
            found[part].attrs["site"] = spec["site"]
        attrs = {**spec["attrs"], "site": spec["site"], "per": spec["per"]}
        return self._labels.put(xr.Dataset(dict(sorted(found.items())), {"layer": layer.isel(layer=selected)}, attrs))


def _group_names(node: Any) -> set[str]:
    return {str(name) for name in node.to_dataset(inherit=False).variables}


def _contiguous(position: int | list[int]) -> int | list[int] | slice:
    # zarr reads a slice at once, a list one position at a time
    if isinstance(position, int) or position != list(range(position[0], position[-1] + 1)):
        return position
    return slice(position[0], position[-1] + 1)
