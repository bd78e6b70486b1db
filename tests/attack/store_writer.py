"""The store alone, written into as an extraction does: a small run, all of whose numbers follow from its units."""

from pathlib import Path

import small_run

import stores
from stores import ledger

from .forked import DONE, FAILED, REFUSED, Work


def write(path: Path, *, join: bool = False, durable: bool = False) -> tuple[int, str]:
    """Own the run, claim its blocks, and commit what is missing."""
    try:
        _write(path, join=join, durable=durable)
    except (stores.RunInUse, FileExistsError) as error:
        return REFUSED, f"{type(error).__name__}: {error}"
    except OSError as error:
        if not isinstance(error, stores.WriteFailed) and "cannot be read" not in str(error):
            raise
        return FAILED, f"{type(error).__name__}: {error}"
    return DONE, ""


def _write(path: Path, *, join: bool, durable: bool) -> None:
    plan = small_run.layout()
    with stores.writing(path, join=join) as own:
        if ledger.read_plan(path) is None:
            stores.create(path, plan, plan=small_run.PLAN, provenance=small_run.PROVENANCE, durable=durable)
        ledger.remove_unfinished(path)
        record = ledger.read_record(path)
        assert record is not None
        ledger.withdraw(path, stores.changed(path, record))
        writer = stores.Writer(path, plan, plan_hash=small_run.PLAN["hash"], durable=durable, permission=own.check)
        for block in range(plan.blocks):
            if own.claim_block(block):
                for unit in (unit for unit in ledger.missing(path, plan) if unit.block == block):
                    writer.commit(unit, small_run.payload(plan, unit), report={})


STORE = Work("a writer of the store", write)
