"""plan.json: what a run was created with, read only where every part of it is what it should be.

It is sealed with its own checksum, names the hash of its plan, and lists every file that was made with the run.
"""

import errno
import json
from collections.abc import Mapping
from hashlib import sha256
from os import PathLike
from pathlib import Path, PurePosixPath
from typing import Any, cast

from . import sealed
from .arrays import Array
from .catalogue import arrays_of
from .files import CHECKSUMS, read_regular
from .json_values import Check, fits, is_count, is_list_of, is_object, is_object_of, is_text
from .object_store import StoreFailed
from .paths import resolved
from .schema import SCHEMA_VERSION
from .specs import LISTS, TABLES, Segmentation, SiteSpec, Sizes, Variable

FOLDER = "_ledger"
PLAN = "plan.json"

LARGEST_EMPTY = 2**16
"""Rows that the only block of a run may have beyond its images."""

Record = dict[str, Any]
"""schema_version, plan, layout (`Layout.summary`), and files: the size and checksum of each file made with the run."""

_CURE = (
    "Rerun the command that made the run with --repair, copy the run again from where it is whole, or extract to "
    "another path."
)
_IDS = {"images/image_id/c.0": "images", "conditions/condition_id/c.0": "conditions"}


def plan_file(path: str | PathLike[str]) -> Path:
    """Path of the plan. It is written last, so a run without it was not completely created."""
    return resolved(path) / FOLDER / PLAN


def hashed(plan: Mapping[str, Any]) -> dict[str, Any]:
    """A plan with its hash: of its values as JSON, whatever their order.

    >>> hashed({"seed": 0})
    {'seed': 0, 'hash': 'de7d7744ccd7722e'}
    """
    body = {name: value for name, value in plan.items() if name != "hash"}
    return {**body, "hash": sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:16]}


def layout_hash(layout: Mapping[str, Any]) -> str:
    """The hash of a layout as the ledger stores it."""
    return hashed(layout)["hash"]


def read_attributes(root: Path) -> dict[str, Any]:
    """The attributes of a run, with the hashes of its plan and layout and its provenance; {} where they are lost."""
    try:
        attributes = json.loads(read_regular(root / "zarr.json", sealed.LARGEST))["attributes"]
    except StoreFailed:
        raise
    except (OSError, ValueError, LookupError, TypeError, RecursionError):
        return {}
    return cast("dict[str, Any]", attributes) if isinstance(attributes, dict) else {}


def read_record(path: str | PathLike[str]) -> Record | None:
    """Everything in plan.json, or None where there is no run.

    Raises ValueError for a run of another schema version, and for a plan.json that is not as it was written or holds
    what no run can have.
    """
    file = plan_file(path)
    try:
        data = read_regular(file, sealed.LARGEST)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except StoreFailed:
        raise
    except OSError as error:
        if error.errno in (errno.EINVAL, errno.EFBIG, errno.EISDIR):
            raise ValueError(f"{file} is damaged: {error.strerror}. {_CURE}") from None
        raise OSError(
            error.errno, f"{file} cannot be read: {error.strerror or error}. Nothing in it was lost"
        ) from None
    try:
        record = sealed.unseal(data)
        _refuse_version(path, record.get("schema_version"))
        if (reason := _invalid(record)) is not None:
            raise sealed.Broken(reason)
    except sealed.Broken as reason:
        if not sealed.has_seal(data):
            _refuse_version(path, _unsealed_version(data))
        raise ValueError(f"{file} is damaged: {reason}. {_CURE}") from None
    return record


def arrays_in(layout: Mapping[str, Any]) -> list[Array]:
    """The arrays that units fill, from a layout as the ledger stores it."""
    sites = [SiteSpec.from_json(site) for site in layout["sites"]]
    segmentations = [Segmentation(**one) for one in layout["segmentations"]]
    pictures = [Variable.from_json(one) for one in layout.get("pictures", ())]
    answers = [Variable.from_json(one) for one in layout.get("answers", ())] if layout["samples"] else None
    return arrays_of(sizes_in(layout), sites, segmentations, pictures, answers)


def sizes_in(layout: Mapping[str, Any]) -> Sizes:
    """The lengths of the shared axes, from a layout as the ledger stores it."""
    return Sizes(**{name: layout[name] for name in Sizes.__dataclass_fields__})


def _refuse_version(path: str | PathLike[str], version: Any) -> None:
    """Raise ValueError for another schema version than ours."""
    if isinstance(version, int) and not isinstance(version, bool) and version != SCHEMA_VERSION:
        cure = "Install a newer version." if version > SCHEMA_VERSION else "Extract the run again, to another path."
        raise ValueError(
            f"{path} has schema version {version}, this installation reads version {SCHEMA_VERSION}. {cure}"
        )


def _unsealed_version(data: bytes) -> Any:
    """The version that a plan of an early version has, which were not sealed; None where it is no such plan."""
    try:
        return json.loads(data)["schema_version"]
    except (ValueError, RecursionError, LookupError, TypeError):
        return None


def _invalid(record: Record) -> str | None:
    """Why a record cannot be that of a run, None where it can."""
    if record.get("schema_version") != SCHEMA_VERSION or isinstance(record["schema_version"], bool):
        return f"its schema version is not {SCHEMA_VERSION}"
    if set(record) != {"schema_version", "plan", "layout", "files"}:
        return f"it has the entries {', '.join(sorted(record))}"
    return (
        _invalid_plan(record["plan"])
        or _invalid_files(record["files"])
        or _invalid_layout(record)
        or _lists_others(record)
    )


def files_of(layout: Mapping[str, Any]) -> set[str]:
    """The names of the files that are made with a run, from its layout as the ledger stores it."""
    tables = {f"{group}/{name}": "c.0" for group, names in TABLES.items() for name in names}
    tables |= {f"samples/{name}": "c.0.0" for name in LISTS}
    tables |= {f"sites/{site['slug']}/layer": "c.0" for site in layout["sites"]}
    if not layout["samples"]:
        tables = {name: chunk for name, chunk in tables.items() if not name.startswith("samples/")}
    made = {*tables, *(array.path for array in arrays_in(layout)), FOLDER}
    groups = {parent.as_posix() for name in made for parent in PurePosixPath(name).parents}
    metadata = {"zarr.json" if name == "." else f"{name}/zarr.json" for name in made | groups}
    return metadata | {f"{name}/{chunk}" for name, chunk in tables.items()}


def _lists_others(record: Record) -> str | None:
    others = record["files"].keys() ^ files_of(record["layout"])
    return f"it does not tell of {min(others)} as a run does" if others else None


def _invalid_plan(plan: Any) -> str | None:
    if not isinstance(plan, dict):
        return "its plan is no object"
    known = cast("dict[str, Any]", plan)
    if (written := known.get("hash")) != (hash_of := hashed(known)["hash"]):
        return f"its plan was changed: it has the hash {hash_of}, and says {written}"
    return None


def _invalid_files(files: Any) -> str | None:
    if not is_object_of(files, is_written) or not files:
        return "it does not list the files that were made with the run"
    outside = [name for name in files if not is_inside(name)]
    return f"it lists {outside[0]!r}, which is no file of a run" if outside else None


def is_inside(name: str) -> bool:
    """Whether a name is that of a file below the run.

    >>> is_inside("answers/text/c.0.1"), is_inside("../text"), is_inside("/dev/zero")
    (True, False, False)
    """
    parts = PurePosixPath(name).parts
    return (
        bool(parts) and "/".join(parts) == name and not name.startswith("/") and ".." not in parts and "\0" not in name
    )


def is_written(file: Any) -> bool:
    """Whether a value is the size and the checksum of a file, of one kind or the other."""
    return any(fits(file, {"size": is_count, kind: _is_crc}) for kind in CHECKSUMS)


def _is_crc(value: Any) -> bool:
    return is_count(value) and value < 2**32


def _invalid_layout(record: Record) -> str | None:
    layout, files = record["layout"], record["files"]
    if not isinstance(layout, dict):
        return "its layout is no object"
    checks: dict[str, Check] = {
        **dict.fromkeys(("images", "conditions", "block_size"), lambda value: is_count(value) and value > 0),
        **dict.fromkeys(("samples_per_block", "options", "samples"), is_count),
        "tables": is_text,
        "compress": lambda value: isinstance(value, bool),
        "families": lambda value: is_object_of(value, is_count),
        "sites": lambda value: is_list_of(value, _is_site),
        "segmentations": lambda value: is_list_of(value, _is_segmentation),
    }
    later: dict[str, Check] = dict.fromkeys(("pictures", "answers"), lambda value: is_list_of(value, _is_variable))
    known = cast("dict[str, Any]", layout)
    if unknown := sorted(known.keys() - checks.keys() - later.keys()):
        return f"its layout has {unknown[0]!r}"
    for name, check in {**checks, **{name: later[name] for name in later if name in known}}.items():
        if name not in known or not check(known[name]):
            return f"its layout has {name} {str(known.get(name))[:60]!r}"
    if known["block_size"] > known["images"] + LARGEST_EMPTY:
        return f"its layout has blocks of {known['block_size']:,} images, and there are {known['images']:,}"
    # each id takes at least four bytes: a table that is too small says that the numbers are not those of the run
    for file, axis in _IDS.items():
        if known[axis] * 4 > files.get(file, {"size": 0})["size"]:
            return f"its layout has {known[axis]:,} {axis}, more than its tables"
    sizes = sizes_in(known)
    if known["samples"] > sizes.samples or sizes.samples * 4 > files.get("samples/sample_id/c.0", {"size": 0})["size"]:
        return f"its layout has {sizes.samples:,} sample rows, more than its tables"
    try:
        arrays_in(known)
    except (ValueError, TypeError, LookupError, OverflowError) as error:
        return f"its layout cannot be: {error}"
    return None


def _is_variable(value: Any) -> bool:
    return fits(value, {
        **dict.fromkeys(("name", "unit", "meaning", "paper"), is_text),
        "axes": lambda axes: is_list_of(axes, is_text),
        "dtype": lambda dtype: dtype in ("float32", "float16", "int32", "string"),
        "lengths": lambda lengths: is_object_of(lengths, is_count),
    })  # fmt: skip


def _is_site(value: Any) -> bool:
    return fits(value, {
        **dict.fromkeys(("slug", "site", "unit"), is_text),
        "layers": lambda layers: is_list_of(layers, is_count),
        "features": is_count,
        "per": lambda per: per in ("image", "sample"),
        "dtype": lambda dtype: dtype in ("float32", "float16", "bfloat16"),
        "tokens": lambda tokens: tokens is None or is_count(tokens),
        "keep_tokens": lambda keep: isinstance(keep, bool),
        "variables": lambda variables: is_list_of(variables, _is_variable),
        "attrs": is_object,
    })  # fmt: skip


def _is_segmentation(value: Any) -> bool:
    return fits(value, {"slug": lambda slug: is_text(slug) and is_inside(slug), "classes": is_count})
