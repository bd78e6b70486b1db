"""The demonstration: the main job on embedded data, with the overview in the terminal and a report beside the run."""

from pathlib import Path

from rich.console import Console

from hooks.settings import place

from . import analyze, runs, terminal
from .extraction.execution import Execution
from .extraction.run import prepare
from .extraction.settings import Settings
from .report import explorer, page
from .report.content import gather

SITES = ("vision.layers[-1]:patches", "projector:patches", "language.layers[*]:context_last")

PERTURB = ("demo", "another_image")
"""The second is a control: how far states and answers go where the picture is another one."""

SHOWN = ("overview",)
"""What the terminal shows as a table; of the others it shows what was found."""


def show(out: Path, *, images: int, console: Console) -> int:
    """Extract, analyse and report; the exit code of the extraction."""
    out = Path(place("out", out))
    settings = Settings(model="pocket-vlm", dataset="streets", perturb=PERTURB, sites=SITES, limit=images)
    execution = Execution(batch_size=16)
    plan, reader = prepare(settings, execution)
    terminal.show(console, runs.plan_table(plan, reader, out))
    runs.execute(plan, out, reader, execution, console)
    content = gather([out], samples=explorer.SAMPLES, seed=0)
    found = content.members[0].results
    analyze.show([result for result in found if result.name in SHOWN], console)
    for result in found:
        for sentence in result.findings if result.name not in SHOWN else ():
            terminal.say(console, f"• {sentence}", wrap=True)
    written = page.write(content, out.with_name(f"{out.name}.html"))
    terminal.say(console, f"Run: {out}. Open its report in a browser: {written}")
    return runs.report_failures(plan, out, console)
