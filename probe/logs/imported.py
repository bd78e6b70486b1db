"""From logs to a run: created, resumed, refused or already finished, as an extraction is."""

from collections.abc import Sequence
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from stores import ledger, open_run, provenance
from stores.paths import resolved

from ..datasets.options import Options
from ..errors import PlanError
from ..extraction.execution import Execution
from ..extraction.run import find_target, mend, run_plan
from . import planned
from .planned import ImportSettings
from .reader import LogReader

if TYPE_CHECKING:
    from stores import Run


def import_logs(
    logs: str | PathLike[str] | Sequence[str | PathLike[str]],
    dataset: str | PathLike[str] = "log",
    *,
    out: str | PathLike[str],
    condition: str = "",
    clean: str = "clean",
    columns: Sequence[str] = (),
    model: str = "",
    epoch: int | None = None,
    join: bool = False,
    repair: bool = False,
    durable: bool = False,
    **part: Any,
) -> "Run":
    """Import logs as a run and open it; settings as of `ImportSettings`, `part` those of `datasets.options.Options`.

    `join`, `repair` and `durable` as of `probe.Execution`. Raises PlanError for logs of which nothing can be used,
    PlanMismatch where the path has a run of another plan.
    """
    several = (logs,) if isinstance(logs, str | PathLike) else logs
    settings = ImportSettings(
        tuple(fspath(each) for each in several),
        fspath(dataset),
        condition,
        clean,
        tuple(columns),
        model,
        epoch,
        Options(**part),
    )
    execution = Execution(join=join, repair=repair, durable=durable)
    made = planned.plan(settings)
    require_same_logs(made.reader, out)
    mend(made.plan, out, made.reader, execution)
    run_plan(made.plan, find_target(made.plan, out, repair=repair), made.reader, execution)
    return open_run(out)


def require_same_logs(reader: LogReader, out: str | PathLike[str]) -> None:
    """Raise PlanError where a run was begun from logs of these names with other contents."""
    path = resolved(out)
    if ledger.read_plan(path) is None:
        return
    before = provenance(path).get("model", {}).get("logs", {})
    changed = [name for name, file in reader.files.items() if before.get(name, file)["sha256"] != file["sha256"]]
    if changed:
        several = len(changed) > 1
        raise PlanError(
            f"{path} was begun from {', '.join(changed)} with {'other contents' if several else 'another content'} "
            f"(sha256 {before[changed[0]]['sha256'][:16]}, now {reader.files[changed[0]]['sha256'][:16]}). Bring "
            f"{'the files' if several else 'the file'} back as {'they were' if several else 'it was'}, or import into "
            "another path."
        )
