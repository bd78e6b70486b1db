"""The commands that make runs and check models; each prints, and returns its exit code."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from stores import ledger

from . import models, progress
from .extraction import calibration, disk, scored
from .extraction.execution import Execution
from .extraction.plan import Plan, free_bytes
from .extraction.run import find_target, mend, prepare, run_plan
from .extraction.settings import Settings
from .info import SHOWN_FAILURES, facts, named
from .terminal import SafeTable, say, show, styled, table, write_json

if TYPE_CHECKING:
    from hooks import LoadOptions, Reading

    from .readers.reader import Reader

EXECUTION = (
    "device", "workers", "scheduler", "durable", "trust_remote_code", "join", "repair",
    "endpoint", "requests", "request_timeout", "key_variable",
)  # fmt: skip


def extract(out: Path, options: Mapping[str, Any], *, dry_run: bool, calibrate: int | None, console: Console) -> int:
    """`probe extract`: 0 when every sample was measured, 1 when some failed."""
    execution = Execution(batch_size=options["batch"], **{name: options[name] for name in EXECUTION})
    chosen: dict[str, Any] = {name: value for name, value in options.items() if name not in (*EXECUTION, "batch")}
    chosen |= {"perturb": tuple(options["perturb"]), "sites": tuple(options["sites"])}
    settings = Settings(**chosen)
    if calibrate is not None and not dry_run:
        raise ValueError(f"calibrate {calibrate} belongs to a dry run, which it gives a time. Add --dry-run.")
    plan, reader = prepare(settings, execution)
    if dry_run:
        show(console, plan_table(plan, reader, out))
        if calibrate is not None:
            costs = calibration.measure(plan, reader, execution, images=calibrate)
            show(console, facts("Measured on a few views", measured(plan, costs, execution.workers)))
        return 0
    execute(plan, out, reader, execution, console)
    if not reader.scores and (told := scored.counted(out)) is not None:
        say(console, str(told))
    return report_failures(plan, out, console)


def execute(plan: Plan, out: Path, reader: "Reader", execution: Execution, console: Console) -> bool:
    """Extract the pending units with a progress bar, and print where the run is; whether there were any."""
    for name in mend(plan, out, reader, execution):
        say(console, f"{name} was damaged and is made again.")
    target = find_target(plan, out, repair=execution.repair)
    if not target.pending:
        run_plan(plan, target, reader, execution)
        say(console, f"{out} is finished: nothing to do.")
        return False
    if target.damaged:
        say(console, f"{len(target.damaged)} units of {out} lost or changed files and are done again.")
    if committed := len(plan.units) - len(target.pending):
        say(console, f"Resuming {out}: {committed} of {len(plan.units)} units are there.")

    def wait(holder: str) -> None:
        say(console, f"Waiting for {holder} to create the run.")

    with progress.bar(plan.layout, target.pending, console) as advance:
        run_plan(plan, target, reader, execution, advance, wait)
    if left := ledger.missing(out, plan.layout):
        others = f"left to other processes, which write into {out}."
        say(console, f"{len(left)} of {len(plan.units)} units are {others}")
        return True
    say(console, f"The run is in {out}. Next: probe analyze {out}")
    return True


def report_failures(plan: Plan, out: Path, console: Console) -> int:
    """Name the samples that could not be measured; 1 if there are any."""
    failed = {problem.sample_id: problem.message for problem in plan.problems} | dict(ledger.failed(out))
    if not failed:
        return 0
    total = len(plan.dataset.samples) + len(plan.problems)
    say(console, f"{len(failed)} of {total} samples failed; the others are there:", style="bold yellow")
    for sample, message in list(failed.items())[:SHOWN_FAILURES]:
        say(console, named(sample, message), wrap=True)
    if len(failed) > SHOWN_FAILURES:
        say(console, f"  … and {len(failed) - SHOWN_FAILURES} more: probe info {out} --json", wrap=True)
    return 1


def plan_table(plan: Plan, reader: "Reader", out: Path) -> SafeTable:
    """What a run will do, before anything is loaded."""
    needed = disk.of(plan, resizes=reader.resizes)
    layout = plan.layout
    rows = {
        "model": f"{plan.settings.model} ({plan.model['family']}, {plan.model['dtype']})",
        "dataset": f"{plan.dataset.name} ({plan.dataset.fingerprint})",
        "images": f"{len(plan.dataset.images):,}",
        "samples": f"{len(plan.dataset.samples):,}" + (f", {len(plan.problems)} unusable" if plan.problems else ""),
        "conditions": f"{len(plan.conditions):,}: {families(plan)}",
        "sites": "\n".join(site.canonical for site in plan.sites) or "none",
        "blocks": f"{layout.blocks:,} of ≤ {layout.block_size} images; {len(plan.units):,} units of work and commit",
        **reader.effort(plan.dataset, len(plan.conditions)),
        "disk": in_bytes(needed) + ("" if (free := free_bytes(out)) == inf else f" of {free / 1e9:,.1f} GB free"),
        "run": str(out),
    }
    return facts(f"Plan {plan.hash}", rows)


def in_bytes(needed: disk.DiskBytes) -> str:
    """The bytes of a run in words: how exact they are, and what comes on top.

    >>> in_bytes(disk.DiskBytes(1_234_567, at_most=False, unknown=("thumbnails",)))
    'exactly 1,234,567 bytes (1.2 MB) in units, and thumbnails, tables and ledger on top,'
    """
    more = ", ".join((*needed.unknown, "tables and ledger"))
    exact = "at most" if needed.at_most else "exactly"
    return f"{exact} {needed.known:,} bytes ({needed.known / 1e6:,.1f} MB) in units, and {more} on top,"


def measured(plan: Plan, costs: calibration.Costs, workers: int) -> dict[str, str]:
    """What a calibration says of the whole plan."""
    slowest = sorted(costs.seconds.items(), key=lambda each: -each[1])
    rows = {
        "read": f"{costs.images:,} images under {len(costs.seconds)} of {len(plan.conditions):,} conditions, one of "
        "each family",
        "loading": f"{costs.loading:,.1f} s",
        "a view": ", ".join(f"{family} {1e3 * seconds:,.0f} ms" for family, seconds in slowest),
        "time": f"about {timedelta(seconds=round(costs.wall(plan)))} in one process on this machine",
    }
    if workers > 1:
        wall = timedelta(seconds=round(costs.wall(plan, workers)))
        rows["workers"] = f"about {wall} with {workers} workers of which none slows another: a device or cores for each"
    if texts := costs.texts(plan):
        rows["texts"] = f"about {texts / 1e6:,.1f} MB of free answers and thumbnails"
    return rows


def families(plan: Plan) -> str:
    """The families of a plan with the number of their conditions."""
    counts: dict[str, int] = {}
    for condition in plan.conditions:
        counts[condition.family] = counts.get(condition.family, 0) + 1
    return ", ".join(f"{name} {count}" if count > 1 else name for name, count in counts.items())


def check(model: str, options: Mapping[str, Any], *, as_json: bool, console: Console) -> int:
    """`probe check`: 0 when every proof holds, 1 otherwise. A quantised model is also measured beside the full one."""
    import hooks

    source, chosen = models.source(model), hooks.LoadOptions(**options)
    # the full model goes before the quantised one comes: both need not fit at once
    full = full_readings(source, chosen) if chosen.quantize else None
    loaded = hooks.load(source, chosen)
    findings = hooks.check.check(loaded)
    if full is not None:
        findings.append(hooks.check.distance(hooks.check.readings(loaded), full, loaded))
    if as_json:
        write_json(console, [{"name": f.name, "ok": f.ok, "detail": f.detail} for f in findings])
    else:
        drawn = table(f"{model}: are its sites what their names say?", lines=True)
        for heading in ("", "proof", "seen"):
            drawn.add_column(heading)
        for finding in findings:
            mark = styled("ok", "green") if finding.ok else styled("no", "bold red")
            drawn.add_row(mark, finding.name, finding.detail)
        show(console, drawn)
    return 0 if all(finding.ok for finding in findings) else 1


def full_readings(source: str, chosen: "LoadOptions") -> "list[Reading] | None":
    """What the model in full reads; None where the checkpoint itself comes quantised."""
    import hooks

    full = hooks.load(source, replace(chosen, quantize=None, double_quantization=False))
    return None if full.provenance["quantization"] else hooks.check.readings(full)
