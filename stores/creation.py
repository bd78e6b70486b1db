"""Make an empty run at its full size: every array's metadata, the tables, and the ledger."""

# zarr's signatures are only partly typed.
# pyright: reportUnknownMemberType=false

import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray
from zarr.abc.store import Store
from zarr.codecs import BloscCodec

from . import ledger
from .arrays import SEPARATOR, Array
from .catalogue import LAYER, describe
from .files import checksum_file, sync_files, sync_folders, write_failed
from .ledger import CREATING
from .object_paths import ObjectPath
from .paths import resolved
from .record import FOLDER, Record, hashed, layout_hash, plan_file
from .schema import SCHEMA_VERSION, Layout
from .specs import SampleRow
from .staging import staged

OWNERSHIP = ("writers", "claims")
"""Folders of the ledger that say who is writing into the run."""

_PADDING = SampleRow("", -1, "", "", "", metadata="")


def create(
    path: str | PathLike[str],
    layout: Layout,
    *,
    plan: Mapping[str, Any],
    provenance: Mapping[str, Any],
    durable: bool = False,
) -> None:
    """Create the run's store, with nothing committed yet. Only one process may do so; no array is resized later.

    `plan` must have its own hash under "hash". plan.json is written last, so that an interrupted creation is recognised
    and done again. Raises FileExistsError where the path is in use, ValueError for a plan without a hash, DiskFull.
    """
    root = resolved(path)
    if plan.get("hash") != hashed(plan)["hash"]:
        raise ValueError("plan has no 'hash', or not that of its values. Give `stores.hashed(plan)`.")
    require_place(root)
    if plan_file(root).exists():
        raise FileExistsError(f"{root} already contains a run. Resume it, or choose another path.")
    try:
        _clear(root)
        (root / FOLDER / "done").mkdir(parents=True)
        (root / FOLDER / CREATING).touch()
        with staged(root) as base:
            make_skeleton(base, layout, plan["hash"], provenance)
            files = sorted(_files(base))
            if durable and base is root:
                sync_files(files)
                sync_folders([root / FOLDER / CREATING, *files], root.parent)
            record = record_of(base, layout, plan, files)
        ledger.write_json(plan_file(root), record, durable=durable)
        (root / FOLDER / CREATING).unlink()
        if durable and base is root:
            sync_folders([plan_file(root)], root)
    except OSError as error:
        raise write_failed(error, root, "the empty run", 0) from error


def make_skeleton(root: Path, layout: Layout, plan_hash: str, provenance: Mapping[str, Any]) -> None:
    """Write everything of a run but its units and its plan: the metadata of all groups and arrays, and the tables."""
    with zarr.config.set({"array.write_empty_chunks": True}):
        _create_groups(root, layout, plan_hash, provenance)
        for array in layout.arrays.values():
            create_array(root / array.path, array, compress=layout.compress)
        _write_tables(root, layout)


def record_of(root: Path, layout: Layout, plan: Mapping[str, Any], files: Sequence[Path]) -> Record:
    """What plan.json says, with the checksums of the files that were made with the run."""
    return {
        "schema_version": SCHEMA_VERSION,
        "plan": plan,
        "layout": layout.summary(),
        "files": {file.relative_to(root).as_posix(): vars(checksum_file(file)) for file in files},
    }


def require_place(root: Path, *, repair: bool = False) -> None:
    """Raise FileExistsError where a path holds something else than a run, or one whose creation was interrupted.

    A run whose plan was lost is refused too, unless it is to be repaired.
    """
    if not root.exists() or plan_file(root).exists() or (root / FOLDER / CREATING).exists():
        return
    if is_without_plan(root):
        if repair:
            return
        raise FileExistsError(
            f"{plan_file(root)} is missing. Rerun the command that made the run with --repair, or copy the run again."
        )
    if not root.is_dir() or next(_files(root), None) is not None:
        raise FileExistsError(f"{root} exists and is no run of this project. Choose another path, or move it away.")


def is_without_plan(root: Path) -> bool:
    """Whether a folder is a run that was completely created and has lost its plan."""
    done = isinstance(root, ObjectPath) or (root / FOLDER / "done").is_dir()  # no prefix is there without an object
    made = done and (root / FOLDER / "zarr.json").exists()
    return made and not plan_file(root).exists() and not (root / FOLDER / CREATING).exists()


def _files(root: Path) -> Iterator[Path]:
    """The files of a run that is being created; who is writing it is none of them."""
    if isinstance(root, ObjectPath):
        others = tuple(f"{root / FOLDER / name}/" for name in OWNERSHIP)
        yield from (file for file in root.below() if not str(file).startswith(others) and file.name != CREATING)
        return
    for folder, folders, files in os.walk(root):
        if Path(folder) == root / FOLDER:
            folders[:] = [name for name in folders if name not in OWNERSHIP]
        yield from (Path(folder, name) for name in files if name != CREATING)


def _clear(root: Path) -> None:
    """Remove what an interrupted creation left; the mark of it goes last, and who is writing stays."""
    if isinstance(root, ObjectPath):
        root.remove(_files(root))
        return
    for folder in (root, root / FOLDER):
        kept = {FOLDER, CREATING, *OWNERSHIP}
        for child in sorted(folder.iterdir()) if folder.is_dir() else []:
            if child.name not in kept or (folder == root and child.name != FOLDER):
                shutil.rmtree(child) if child.is_dir() and not child.is_symlink() else child.unlink()


def _create_groups(root: Path, layout: Layout, plan_hash: str, provenance: Mapping[str, Any]) -> None:
    attrs = {
        "schema_version": SCHEMA_VERSION,
        "plan_hash": plan_hash,
        "layout_hash": layout_hash(layout.summary()),
        "provenance": dict(provenance),
    }
    zarr.create_group(root, zarr_format=3, attributes=attrs)
    # A Zarr scalar, not a group: readers that walk the tree would warn of the foreign files in a group.
    zarr.create_array(
        root / FOLDER,
        shape=(),
        dtype="string",  # pyright: ignore[reportArgumentType]
        fill_value="plain JSON files: plan.json, and done/<unit>.json for each committed unit",
        attributes={**describe("which units are committed", "1")},
    )
    groups = ["images", "conditions"]
    groups += ["samples", "answers"] if layout.samples else []
    groups += ["pictures"] if layout.pictures else []
    groups += ["sites"] if layout.sites else []
    groups += ["segmentation"] if layout.segmentations else []
    for name in groups:
        zarr.create_group(root / name, zarr_format=3)
    for site in layout.sites:
        attributes = {**site.attrs, "site": site.site, "per": site.per}
        zarr.create_group(root / "sites" / site.slug, zarr_format=3, attributes=attributes)
    for segmentation in layout.segmentations:
        zarr.create_group(root / "segmentation" / segmentation.slug, zarr_format=3)


def create_array(store: Store | Path, array: Array, *, compress: bool = False) -> "zarr.Array[Any]":
    """Write the metadata of an array at its full size into a store of its own; none of its cells is there yet."""
    return zarr.create_array(
        store,
        shape=array.shape,
        dtype=array.dtype,  # pyright: ignore[reportArgumentType]
        chunks=array.chunk,
        shards=array.shard,
        compressors=BloscCodec(cname="zstd", clevel=5, shuffle="shuffle") if compress else None,
        fill_value=array.fill,
        dimension_names=array.dims,
        attributes=dict(array.attrs),
        chunk_key_encoding={"name": "default", "separator": SEPARATOR},
        zarr_format=3,
    )


def _write_tables(root: Path, layout: Layout) -> None:
    _write_table(root, "images/image_id", "image", layout.image_ids, "name of the image in its dataset")
    conditions = layout.conditions
    columns = {
        "condition_id": ([row.condition_id for row in conditions], "name of the condition, unique in the run"),
        "family": ([row.family for row in conditions], "conditions of one kind"),
        "severity": (np.array([row.severity for row in conditions], np.int32), "severity, -1 where there is none"),
        "parameters": ([row.parameters for row in conditions], "all parameters of the condition, as JSON"),
    }
    for name, (values, long_name) in columns.items():
        _write_table(root, f"conditions/{name}", "condition", values, long_name)
    for site in layout.sites:
        layers = np.array(site.layers, np.int32)
        _write_table(root, f"sites/{site.slug}/layer", "layer", layers, LAYER["long_name"])
    if layout.samples:
        _write_samples(root, layout)


def _write_samples(root: Path, layout: Layout) -> None:
    rows: list[SampleRow] = []
    for block in range(layout.blocks):
        real = layout.block_samples(block)
        rows += [*real, *[_PADDING] * (layout.samples_per_block - len(real))]
    columns = {
        "sample_id": ([row.sample_id for row in rows], "name of the sample in its dataset"),
        "image_index": (np.array([row.image_index for row in rows], np.int32), "row of the sample's image"),
        "question": ([row.question for row in rows], "question as the dataset words it"),
        "prompt_text": ([row.prompt_text for row in rows], "what the model reads, with a mark for each picture"),
        "answer": ([row.answer for row in rows], "correct answer, empty where there is none"),
        "kind": ([row.kind for row in rows], "kind of question"),
        "dataset": ([row.dataset for row in rows], "name of the sample's dataset"),
        "metadata": ([row.metadata for row in rows], "what else the dataset says of the sample, as JSON"),
        "valid": (np.array([row is not _PADDING for row in rows]), "false in the rows that only fill up a block"),
    }
    for name, (values, long_name) in columns.items():
        _write_table(root, f"samples/{name}", "sample", values, long_name)
    lists = {
        "option": ([row.options for row in rows], layout.max_options, "text of each option"),
        "reference": ([row.references for row in rows], layout.max_references, "text of each right answer"),
    }
    for axis, (texts, length, long_name) in lists.items():
        padded = np.full((len(rows), length), "", dtype=object)
        for row, of_sample in enumerate(texts):
            padded[row, : len(of_sample)] = of_sample
        _write_table(root, f"samples/{axis}_text", ("sample", axis), padded, long_name)


def _write_table(
    root: Path, path: str, dims: str | tuple[str, ...], values: Sequence[str] | NDArray[Any], long_name: str
) -> None:
    data = values if isinstance(values, np.ndarray) else np.array(values, dtype=object)
    numeric = data.dtype != object
    array = zarr.create_array(
        root / path,
        shape=data.shape,
        dtype=data.dtype if numeric else "string",  # pyright: ignore[reportArgumentType]
        chunks=data.shape,
        compressors=None,
        fill_value=(False if data.dtype == bool else -1) if numeric else "",
        dimension_names=(dims,) if isinstance(dims, str) else dims,
        attributes={**describe(long_name, "1")},
        chunk_key_encoding={"name": "default", "separator": SEPARATOR},
        zarr_format=3,
    )
    array[...] = data
