"""MATLAB's MAT file: v5 while every variable stays under 2 GiB, else v7.3."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryFile

from paddock.columns.columns import Columns
from paddock.columns.progress import Progress
from paddock.columns.raster import requested
from paddock.domain.export import ExportRequest
from paddock.formats.mat5 import write_mat5
from paddock.formats.mat5_compress import compress_mat5
from paddock.formats.mat5_elements import VariableTooLarge
from paddock.formats.mat73 import write_mat73
from paddock.formats.mat_layouts import Variables, hytech_v1_layout, hytech_v2_layout, paddock_layout
from paddock.formats.mat_meta import meta_variable
from paddock.formats.matlab_tree import CellColumn, NumberColumn, Struct
from paddock.formats.registry import Format, RunInfo


def write(columns: Columns, request: ExportRequest, run: RunInfo, target: Path, progress: Progress) -> None:
    """Write ``columns`` as a MAT file.

    Raises:
        Rejected: the request's globs, times or rate make no sense for this recording.
        VariableTooLarge: version 5 was asked for and a variable does not fit.
    """
    columns = requested(columns, request)
    variables = _variables(columns, request, run)
    counted = _Progress(variables, progress)
    if request.mat_version != "7.3":
        try:
            _write_mat5(target, variables, columns, request.compress, counted)
        except VariableTooLarge:
            if request.mat_version == "5":
                raise
        else:
            return
    write_mat73(target, variables, columns, request.compress, counted)


def _write_mat5(target: Path, variables: Variables, columns: Columns, compress: bool, counted: _Progress) -> None:
    """Plain, or by way of a nameless plain file beside the target: sizes stand before what is compressed."""
    with target.open("wb") as file:
        if not compress:
            write_mat5(file, target.parent, variables, columns, counted)
            return
        with TemporaryFile(dir=target.parent) as plain:
            write_mat5(plain, target.parent, variables, columns, counted)
            compress_mat5(plain, file)


def _variables(columns: Columns, request: ExportRequest, run: RunInfo) -> Variables:
    if request.layout == "hytech-v1":
        return hytech_v1_layout(columns)
    if request.layout == "hytech-v2":
        return hytech_v2_layout(columns, request.native)
    variables, topics = paddock_layout(columns, request.native, run.units)
    return [("meta", meta_variable(columns, topics, request, run)), *variables]


class _Progress:
    """Counts values written against all that will be."""

    def __init__(self, variables: Variables, progress: Progress) -> None:
        self.total = max(1, sum(_values(node) for _, node in variables))
        self.written = 0
        self.progress = progress

    def __call__(self, values: int) -> None:
        self.written += values
        self.progress(min(1.0, self.written / self.total))


def _values(node: object) -> int:
    if isinstance(node, Struct):
        return sum(_values(child) for child in node.fields.values())
    if isinstance(node, NumberColumn):
        return node.rows
    return node.rows * len(node.parts) if isinstance(node, CellColumn) else 0


FORMAT = Format(
    name="mat",
    label="MATLAB",
    suffix=".mat",
    media_type="application/x-matlab-data",
    write=write,
    layouts={"paddock": 1, "hytech-v1": 1, "hytech-v2": 1},
)
