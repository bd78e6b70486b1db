"""`probe push` on the command line."""

from pathlib import Path

import click

from .terminal import Terminal, say

console = Terminal()


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("repository", metavar="OWNER/NAME")
@click.option("--private", is_flag=True, help="Make the repository private, where it is made now.")
def push(run: Path, repository: str, private: bool) -> None:
    """Upload RUN to the hub as the dataset OWNER/NAME, with a card from its provenance and its answers as a table.

    Log in first (`hf auth login`). Wherever a RUN is read, hf://OWNER/NAME[@REVISION] names it then.
    """
    from .hub_runs import transfer

    place = transfer.push(run, repository, private=private)
    say(console, f"The run is at {place}. Next: probe analyze {place}")
