"""Answers that somebody else has written down: logs of other evaluation systems, read into one kind of record.

records      what a file holds (JSON lines, JSON, CSV, TSV, Excel, Parquet), by its content, as plain records
formats      what a record means: lm_eval, vlmevalkit, inspect_eval, plain
reading      which format a file is of, and its answers
"""
