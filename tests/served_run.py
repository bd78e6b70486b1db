"""An extraction from a served model in a process of its own: `python tests/served_run.py URL SET RUN [join]`."""

import sys

import probe
from probe.readers.served import server

if __name__ == "__main__":
    server.PAUSE = 0.01
    url, dataset, out, *more = sys.argv[1:]
    probe.extract(
        "api:oracle",
        dataset,
        out=out,
        perturb=("low_light:1", "low_light:2", "white", "mean_grey"),
        execution=probe.Execution(endpoint=url, requests=16, request_timeout=1, join=more == ["join"]),
    )
