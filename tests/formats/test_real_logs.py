"""Real logs through the whole path, log → columns → MATLAB file, against the official decoding."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from paddock.domain.export import ExportRequest
from paddock.formats import mat
from paddock.formats.registry import RunInfo
from paddock.readers.mcap.spool import spool_log
from tests.formats.builders import car_log
from tests.matlab_files import loadmat

INTACT = [
    "02_29_2024_20_17_28_V2",
    "03_05_2024_23_10_23_V2",
    "03_26_2024_23_10_23",
    "03_26_2024_23_10_23_RECOVERED_V2",
]
OLD_CONVERTER = "03_26_2024_23_10_23_RECOVERED_V2"


def convert(log: Path, target: Path, **request: Any) -> dict[str, Any]:
    with log.open("rb") as file, spool_log(file, target.parent) as columns:
        mat.write(columns, ExportRequest(**request), RunInfo(file_name=log.name), target, lambda done: None)
    return loadmat(target, mat_dtype=True)


def official(log: Path) -> dict[str, list[tuple[int, dict[str, Any]]]]:
    """Per topic ``log_time`` and fields of each message, by the official reader and google.protobuf."""
    from mcap.reader import make_reader
    from mcap_protobuf.decoder import DecoderFactory

    topics = defaultdict(list)
    with log.open("rb") as file:
        reader = make_reader(file, decoder_factories=[DecoderFactory()])
        for _, channel, message, decoded in reader.iter_decoded_messages():
            fields = {field.name: getattr(decoded, field.name) for field in decoded.DESCRIPTOR.fields}
            topics[channel.topic].append((message.log_time, fields))
    return topics


@pytest.mark.parametrize("name", INTACT)
def test_the_default_layout_has_every_value(tmp_path: Path, name: str) -> None:
    log = car_log(name + ".mcap")
    loaded = convert(log, tmp_path / "out.mat")
    topics = official(log)
    start = min(time for messages in topics.values() for time, _ in messages)
    assert {variable for variable in loaded if not variable.startswith("__")} == {"meta", *topics}
    for topic, messages in topics.items():
        struct = loaded[topic][0, 0]
        times = np.array([time for time, _ in messages])
        assert np.array_equal(struct["time_ns"][:, 0], times)
        assert np.array_equal(struct["t"][:, 0], (times - start) / 1e9)
        assert struct.dtype.names == ("t", "time_ns", *messages[0][1])
        for field in messages[0][1]:
            assert np.array_equal(struct[field][:, 0], [fields[field] for _, fields in messages]), field


def test_hytech_v1_equals_the_old_converter_value_for_value(tmp_path: Path) -> None:
    theirs = loadmat(car_log(OLD_CONVERTER + ".mat"), mat_dtype=True)["data"][0, 0]
    log = car_log(OLD_CONVERTER + ".mcap")
    ours = convert(log, tmp_path / "out.mat", layout="hytech-v1")["data"][0, 0]
    assert set(ours.dtype.names) == set(theirs.dtype.names)
    for topic in theirs.dtype.names:
        assert ours[topic].dtype.names == theirs[topic].dtype.names
        for name in theirs[topic].dtype.names:
            old, new = theirs[topic][0, 0][name], ours[topic][0, 0][name]
            assert (new.dtype, new.shape) == (old.dtype, old.shape)
            assert np.array_equal(new, old), f"{topic}.{name}"


def test_a_power_cut_is_told_in_meta(tmp_path: Path) -> None:
    loaded = convert(car_log("02_27_2024_23_23_28.mcap"), tmp_path / "out.mat")
    meta = loaded["meta"][0, 0]
    assert meta["run"][0, 0]["messages"].item() == 25_068
    assert meta["run"][0, 0]["health"].item() == "recovered"
    assert "footer" in [cell.item() for cell in meta["loss"][0, 0]["missing"][:, 0]]
