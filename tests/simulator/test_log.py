from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mcap.exceptions import McapError
from mcap.reader import make_reader
from mcap.records import Channel, Chunk, Message, Metadata
from mcap.stream_reader import StreamReader
from mcap_protobuf.decoder import DecoderFactory

from paddock.errors import Rejected, Unavailable
from paddock.simulator.channels import CHANNELS, CONFIG_TOPIC
from paddock.simulator.log import simulate

pytestmark = pytest.mark.slow("simulates whole runs")

STARTED_NS = 1_776_522_720_000_000_000


@pytest.fixture(scope="module")
def lap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One lap at a tenth of the real rates."""
    path = tmp_path_factory.mktemp("simulated") / "lap.mcap"
    simulate(path, laps=1, rate=0.1, started_ns=STARTED_NS)
    return path


def summary_of(path: Path) -> Any:
    with path.open("rb") as stream:
        return make_reader(stream, validate_crcs=True).get_summary()


def messages(path: Path, topic: str) -> list[Any]:
    with path.open("rb") as stream:
        reader = make_reader(stream, validate_crcs=True, decoder_factories=[DecoderFactory()])
        return [decoded for *_, decoded in reader.iter_decoded_messages(topics=[topic])]


def test_the_official_reader_decodes_every_message(lap: Path) -> None:
    summary = summary_of(lap)
    protobuf = {channel.topic for channel in summary.channels.values() if channel.message_encoding == "protobuf"}
    assert protobuf == {channel.topic for channel in CHANNELS}
    read = sum(len(messages(lap, topic)) for topic in sorted(protobuf))
    configs = summary.statistics.channel_message_counts[id_of(summary, CONFIG_TOPIC)]
    assert read + configs == summary.statistics.message_count


def id_of(summary: Any, topic: str) -> int:
    return next(id_ for id_, channel in summary.channels.items() if channel.topic == topic)


@pytest.mark.parametrize("rate", [0.1, 0.25])
def test_counts_match_the_rates(tmp_path: Path, rate: float) -> None:
    path = tmp_path / "parked.mcap"
    simulate(path, parked=True, duration_s=13.0, rate=rate)
    summary = summary_of(path)
    for channel in CHANNELS:
        if channel.rate_hz:
            count = summary.statistics.channel_message_counts[id_of(summary, channel.topic)]
            assert count == pytest.approx(13.0 * channel.rate_hz * rate, abs=1), channel.topic


def test_real_rates_by_default(tmp_path: Path) -> None:
    path = tmp_path / "short.mcap"
    simulate(path, duration_s=0.5)
    summary = summary_of(path)
    counts = summary.statistics.channel_message_counts
    assert [counts[id_of(summary, topic)] for topic in ("VNData", "WheelSpeeds", "MC1Data")] == [200, 500, 250]


def test_times_run_on_within_a_channel_and_start_with_the_log(lap: Path) -> None:
    times: dict[int, list[int]] = {}
    sequences: dict[int, list[int]] = {}
    with lap.open("rb") as stream:
        for _, channel, message in make_reader(stream).iter_messages(log_time_order=False):
            times.setdefault(channel.id, []).append(message.log_time)
            sequences.setdefault(channel.id, []).append(message.sequence)
            assert message.publish_time <= message.log_time
    assert all((np.diff(values) > 0).all() for values in times.values())
    assert all(values == list(range(len(values))) for values in sequences.values())
    assert 0 <= min(values[0] for values in times.values()) - STARTED_NS < 100_000_000


def test_setup_record_says_who_drove_what_where(tmp_path: Path) -> None:
    path = tmp_path / "setup.mcap"
    simulate(path, car="HT08", driver="Zoë", event="autocross", venue="Silverstone", duration_s=0.2)
    with path.open("rb") as stream:
        records = {record.name: record.metadata for record in make_reader(stream).iter_metadata()}
    setup = records["setup"]
    assert (setup["carName"], setup["driver"]) == ("HT08", "Zoë")
    assert (setup["eventType"], setup["trackName"]) == ("autocross", "Silverstone")
    assert setup["date"] == "04-18-2026"
    assert {"mass", "firmwareRev"} <= setup.keys()


def test_configuration_is_json_nested_two_deep(lap: Path) -> None:
    with lap.open("rb") as stream:
        configs = [json.loads(message.data) for _, _, message in make_reader(stream).iter_messages([CONFIG_TOPIC])]
    assert configs[0]["torque_controller"]["limits"]["max_torque_nm"] == 21.0
    changes = [config["torque_controller"]["limits"]["regen_enabled"] for config in configs]
    assert changes == [False] + [True] * (len(configs) - 1)


def test_wheel_speed_is_ground_speed_as_engineers_compute_it(lap: Path) -> None:
    data = messages(lap, "VehicleData")
    rpms = np.array([[m.current_rpms.FL, m.current_rpms.FR, m.current_rpms.RL, m.current_rpms.RR] for m in data])
    wheel_speed = rpms.mean(axis=1) / 11.86 * 2 * np.pi / 60 * 0.2032
    ground_speed = np.array([m.current_body_vel_ms.x for m in data])
    assert wheel_speed == pytest.approx(ground_speed, rel=0.1, abs=0.3)
    assert ground_speed.max() > 15


def test_float32_gps_steps_around_the_venue(lap: Path) -> None:
    gps = np.array([(m.vn_gps.lat, m.vn_gps.lon) for m in messages(lap, "VNData")])
    exact = np.array([(m.latitude_deg, m.longitude_deg) for m in messages(lap, "GNSSFix")])
    assert np.array_equal(gps, gps.astype(np.float32))
    assert not np.array_equal(exact, exact.astype(np.float32))
    assert gps.min(axis=0) == pytest.approx(exact.min(axis=0), abs=1e-4)
    assert gps.mean(axis=0) == pytest.approx([42.066, -84.241], abs=0.01)


def test_cells_add_up_to_the_pack(lap: Path) -> None:
    cells = messages(lap, "ACUAllData")
    assert {len(message.cell_voltages) for message in cells} == {126}
    assert {len(message.cell_temps_c) for message in cells} == {48}
    assert sum(cells[0].cell_voltages) == pytest.approx(messages(lap, "BatteryPack")[0].voltage_v, abs=6)


def test_a_parked_car_does_not_move(tmp_path: Path) -> None:
    path = tmp_path / "parked.mcap"
    simulate(path, parked=True, rate=0.1)
    assert {message.rpm.FL for message in messages(path, "WheelSpeeds")} == {0.0}
    assert {message.is_ready_to_drive for message in messages(path, "VehicleData")} == {False}
    assert {message.estop for message in messages(path, "ShutdownChain")} == {1}
    assert max(abs(message.vn_vel_m_s.x) for message in messages(path, "VNData")) < 0.15
    north = [message.latitude_deg for message in messages(path, "GNSSFix")]
    assert (max(north) - min(north)) * 111_000 < 0.2


def test_equal_arguments_write_equal_bytes(tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a", "b", "c", "d")]
    for path, changed in zip(paths, ({}, {}, {"seed": 2}, {"driver": "Maya"}), strict=True):
        simulate(path, duration_s=3.0, **changed)
    first, again, *others = (path.read_bytes() for path in paths)
    assert first == again
    assert first not in others


@pytest.mark.parametrize("share", [0.001, 0.3, 0.62, 0.999])
def test_a_power_cut_ends_inside_a_chunk(tmp_path: Path, share: float) -> None:
    whole, cut = tmp_path / "whole.mcap", tmp_path / "cut.mcap"
    arguments: dict[str, Any] = {"parked": True, "duration_s": 4.0}
    simulate(whole, **arguments)
    simulate(cut, truncate=share, **arguments)
    kept = cut.read_bytes()
    assert whole.read_bytes().startswith(kept)
    chunks = summary_of(whole).chunk_indexes
    assert len(chunks) > 1
    broken = [c for c in chunks if c.chunk_start_offset < len(kept) < c.chunk_start_offset + c.chunk_length]
    assert len(broken) == 1
    assert len(kept) / whole.stat().st_size == pytest.approx(share, abs=0.6 / len(chunks) + 0.02)

    seen = []
    with pytest.raises(McapError), cut.open("rb") as stream:
        seen.extend(type(record) for record in StreamReader(stream, emit_chunks=True).records)
    assert Metadata in seen
    assert seen.count(Chunk) == chunks.index(broken[0])
    assert not {Channel, Message} & set(seen)  # all of them lie inside chunks


def test_progress_ends_at_one(tmp_path: Path) -> None:
    steps: list[float] = []
    simulate(tmp_path / "a.mcap", rate=0.05, parked=True, duration_s=25, progress=steps.append)
    assert steps == sorted(steps)
    assert steps[-1] == 1.0


def test_a_battery_that_is_hotter_than_usual(tmp_path: Path) -> None:
    hottest = []
    for warmer_c in (0.0, 30.0):
        simulate(tmp_path / "a.mcap", rate=0.2, duration_s=5.0, pack_warmer_c=warmer_c)
        hottest.append(max(message.max_cell_temp_c for message in messages(tmp_path / "a.mcap", "ACUAllData")))
    assert hottest[0] < 55 < hottest[1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"laps": 0},
        {"rate": 0.0},
        {"rate": float("nan")},
        {"duration_s": -1.0},
        {"truncate": 1.0},
        {"truncate": 0.0},
    ],
)
def test_refuses_what_makes_no_log(tmp_path: Path, wrong: dict[str, Any]) -> None:
    with pytest.raises(Rejected):
        simulate(tmp_path / "a.mcap", **wrong)
    assert not (tmp_path / "a.mcap").exists()


def test_says_where_it_cannot_write(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="missing"):
        simulate(tmp_path / "missing" / "a.mcap", duration_s=1.0)
