"""The files and the shipped functions in the real program: GNU Octave, started once for all tests here.

What only MATLAB can show: timetables (``paddock.tt``), cells in MAT v7.3 (Octave skips them), ``h5read`` of
compound datasets (``paddock.parse`` of a ``.h5``).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import paddock
from paddock.domain.export import ExportRequest
from paddock.formats import mat
from paddock.formats.registry import RunInfo
from tests.formats.builders import MemoryColumns, Topic, every_kind, struct_type

FUNCTIONS = Path(paddock.__file__).parent / "matlab"

SCRIPT = Path(__file__).with_name("octave_session.m")


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    octave = shutil.which("octave-cli") or shutil.which("octave")
    if octave is None:
        pytest.skip("GNU Octave is not installed (apt install octave)")
    folder = tmp_path_factory.mktemp("octave")

    def write(columns: MemoryColumns, name: str, **request: Any) -> None:
        run = RunInfo(metadata={"driver": "Ädám", "car": "HT09"}, units={"VNData.vn_vel_m_s.x": "m/s"})
        mat.write(columns, ExportRequest(**request), run, folder / name, lambda done: None)

    write(stint(), "run.mat")
    kinds = MemoryColumns([every_kind()])
    for name, request in {
        "kinds.mat": {},
        "compressed.mat": {"compress": True},
        "native.mat": {"native": True},
        "v73.mat": {"mat_version": "7.3"},
        "v73z.mat": {"mat_version": "7.3", "compress": True},
        "v1.mat": {"layout": "hytech-v1"},
        "v2.mat": {"layout": "hytech-v2"},
    }.items():
        write(kinds, name, **request)
    done = subprocess.run(
        [octave, "--no-gui", "--quiet", "--norc", str(SCRIPT)],
        cwd=folder,
        env={**os.environ, "PADDOCK_MATLAB": str(FUNCTIONS)},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (folder / "result.json").exists(), done.stderr
    return json.loads((folder / "result.json").read_text())


def stint() -> MemoryColumns:
    """Topics of a real car's names: two rates, one that begins late, one pair of equal times."""
    xyz = pa.struct([(axis, pa.float32()) for axis in "xyz"])
    corners = pa.struct([(corner, pa.float32()) for corner in ("FL", "FR", "RL", "RR")])
    ins = [
        {"vn_vel_m_s": {"x": i * 1.5, "y": 0.0, "z": 0.0}, "mode": i % 2 == 1, "note": f"n{i}"} for i in range(5)
    ]
    rpm = [
        {"current_rpms": {"FL": 1000.0 * i, "FR": 1000.0 * i, "RL": 1000.0 * i, "RR": 1000.0 * i}} for i in (1, 2)
    ]
    fields = struct_type(vn_vel_m_s=xyz, mode=pa.bool_(), note=pa.string())
    return MemoryColumns(
        [
            Topic("VNData", fields, ins, times_ns=[0, 10_000_000, 20_000_000, 20_000_000, 40_000_000]),
            Topic("VehicleData", struct_type(current_rpms=corners), rpm, times_ns=[15_000_000, 35_000_000]),
        ]
    )


def test_the_session_of_the_design(result: dict[str, Any]) -> None:
    assert result["run"]["driver"] == "Ädám"
    assert result["run"]["health"] == "intact"
    assert result["plot"] == [5, 5]
    assert result["v"] == pytest.approx([1000 * n / 11.86 * 2 * np.pi / 60 * 0.2032 for n in (1, 2)])
    assert result["align_t"] == pytest.approx([0, 0.01, 0.02, 0.03, 0.04])
    assert result["align_x"] == [0, 1.5, 4.5, 4.5, 6]
    assert result["align_fl"] == [None, None, 1000, 1000, 2000]


def test_align_on_lines_and_of_a_whole_topic(result: dict[str, Any]) -> None:
    assert result["linear_x"] == pytest.approx([0, 1.5, 4.5, 5.25, 6])
    assert result["linear_mode"] == [0, 1, 1, 1, 0]
    assert result["no_signal"] == "paddock:noSignal"


def test_flat_is_what_tt_makes_a_timetable_of(result: dict[str, Any]) -> None:
    assert result["flat_names"] == ["vn_vel_m_s_x", "vn_vel_m_s_y", "vn_vel_m_s_z", "mode", "note"]
    assert result["flat_t"] == [0, 0.01, 0.02, 0.04]
    assert result["flat_x"] == [0, 1.5, 4.5, 6]
    assert result["flat_units"]["vn_vel_m_s_x"] == "m/s"
    assert result["flat_continuity"] == {
        "vn_vel_m_s_x": "continuous",
        "vn_vel_m_s_y": "step",
        "vn_vel_m_s_z": "step",
        "mode": "step",
        "note": "step",
    }
    assert result["no_timetable"] == "paddock:noTimetable"


def test_mat_v5_in_octave(result: dict[str, Any]) -> None:
    kind = every_kind()
    assert result["fields"] == ["t", "time_ns", *(field.name for field in kind.fields)]
    for name in ("t", "f32", "f64", "i64", "u8", "mode", "optional", "maybe", "at", "took", "cells"):
        assert result["classes"][name] == "double", name
    assert result["classes"]["time_ns"] == "int64"
    assert result["classes"]["on"] == "logical"
    assert result["classes"]["inner"] == "struct"
    assert all(result["sizes"][name] == [5, 1] for name in ("t", "f32", "on", "text", "ragged", "points", "table"))
    assert result["sizes"]["cells"] == [5, 3]
    assert result["time_ns"] == "1745000000010000000"
    assert result["f32"].split() == ["0.10000000149011612", "NaN", "Inf", "-Inf", "3"]
    assert result["on"] == [True, False, True, False, True]
    assert result["text"] == ["hi", "", "grüß", "日本", "😀 and back"]
    assert result["ragged"][:4] == [[], 0, [0, 1], [0, 1, 2]]
    assert result["ragged_size"] == [3, 1]
    assert result["raw"] == [0, 255, 0, 255]
    assert result["names"] == ["a", "a"]
    assert result["speed"] == [0, 1, None, 3, 4]
    assert result["enum_names"] == ["OFF", "ON", "FAULT"]
    assert "/every.kind.inner.end" in result["original"]


def test_compressed_and_native_in_octave(result: dict[str, Any]) -> None:
    assert result["compressed_equal"] is True
    native = {"f32": "single", "i64": "int64", "u8": "uint8", "mode": "int32", "on": "logical", "at": "int64"}
    assert {name: result["native"][name] for name in native} == native
    assert result["native_i64"].split()[:2] == [str(2**63 - 1), str(-(2**63))]


@pytest.mark.parametrize("name", ["v73", "v73z"])
def test_mat_v7_3_in_octave_is_equal_where_octave_reads_it(result: dict[str, Any], name: str) -> None:
    assert result[name] == dict.fromkeys(result[name], True)


def test_old_layouts_in_octave(result: dict[str, Any]) -> None:
    assert result["parse_equal"] is True
    assert result["parse"] == {"Data": [0, 1, None, 3, 4], "Timestamp": [0, 0.01, 0.02, 0.03, 0.04]}
    assert result["v1"][3] == [pytest.approx(0.03, abs=1e-6), 1]
    assert result["no_h5"] == "paddock:noH5"
