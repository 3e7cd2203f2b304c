"""Imported by the process that the job processes are forked from, before it forks any: see ``job_processes``."""

from __future__ import annotations

from paddock.formats.registry import formats
from paddock.processes import do_without_pandas, end_with_parent
from paddock.usecases.jobs import handlers

__all__ = ["handlers"]

# It ends with the worker, and they with it; by itself it would wait for those that are inside of a long call.
end_with_parent()
do_without_pandas()
formats()
