"""Where a run is, as the command line takes it: a local folder, or an address in an object store."""

from pathlib import Path
from typing import Any

import click

from stores.paths import resolved


class RunPath(click.Path):
    """A path of the system, or `s3://BUCKET/NAME`, which is none."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """The path as it is written; the address where it is one."""
        if not isinstance(value, str) or "://" not in value:
            return super().convert(value, param, ctx)
        try:
            return resolved(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)
