"""Paths on the command line: of runs, which may be addresses in an object store, and of all else, which are local."""

from pathlib import Path
from typing import Any

import click

from stores.paths import resolved


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


def is_address(value: Any) -> bool:
    """Whether a value of the command line is written as a URL is."""
    return isinstance(value, str) and "://" in value
