"""The demonstration: the main job on embedded data, with a summary in the terminal and a page beside the run."""

from pathlib import Path

from rich.console import Console
from rich.markup import escape

from . import runs
from .extraction.execution import Execution
from .extraction.run import prepare
from .extraction.settings import Settings
from .report import figures, page
from .summary import summarize

SITES = ("vision.layers[-1]:patches", "projector:patches", "language.layers[*]:context_last")


def show(out: Path, *, images: int, console: Console) -> int:
    """Extract, summarize and report; the exit code of the extraction."""
    settings = Settings(model="pocket-vlm", dataset="streets", perturb=("demo",), sites=SITES, limit=images)
    execution = Execution(batch_size=16)
    plan, blueprint = prepare(settings, execution)
    console.print(runs.plan_table(plan, out))
    runs.execute(plan, out, blueprint, execution, console)
    summary = summarize(out)
    summary.show(console)
    html = page.write(summary, out.with_name(f"{out.name}.html"))
    picture = out.with_name(f"{out.name}.png")
    figures.png(figures.stability_map(summary), picture)
    console.print(
        f"Run: {escape(str(out))}   page: {escape(str(html))}   figure: {escape(str(picture))}", soft_wrap=True
    )
    return runs.report_failures(plan, out, console)
