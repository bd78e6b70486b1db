"""Paths on the command line: of runs, which may be elsewhere, and of all else, which are local."""

from pathlib import Path
from typing import Any

import click

from stores.paths import resolved

HUB = "hf://"


class LocalPath(click.Path):
    """A path of the system; an address is none, and would become a folder of this name."""

    def __init__(self, **settings: bool) -> None:
        super().__init__(path_type=Path, **settings)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path as it is written."""
        if is_address(value):
            self.fail(f"{value!r} is no local path. Give one, and copy from there.", param, ctx)
        return super().convert(value, param, ctx)


class RunPath(click.Path):
    """A path of the system, or `s3://BUCKET/NAME`, which is none."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path as it is written; the address where it is one."""
        if not is_address(value):
            return super().convert(value, param, ctx)
        try:
            return resolved(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class StoredRun(RunPath):
    """A run that is there: a path, an address in an object store, or `hf://OWNER/NAME[@REVISION]`, fetched first."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path or the address; the folder of a run that was fetched."""
        if isinstance(value, str) and value.startswith(HUB):
            from .hub_runs.transfer import fetched

            return fetched(value)
        return super().convert(value, param, ctx)


RUN = StoredRun()


def is_address(value: Any) -> bool:
    """Whether a value of the command line is written as a URL is."""
    return isinstance(value, str) and "://" in value
