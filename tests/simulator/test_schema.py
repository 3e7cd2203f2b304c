from __future__ import annotations

import numpy as np
import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from paddock.simulator.schema import encode, file_descriptor_set


def message_class(name: str):
    pool = descriptor_pool.DescriptorPool()
    for file in descriptor_pb2.FileDescriptorSet.FromString(file_descriptor_set()).file:
        pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"hytech_msgs.{name}"))


def test_encodes_as_google_protobuf_does() -> None:
    wheels = {wheel: np.array([0.0, 1.5, -2.25]) for wheel in ("FL", "FR", "RL", "RR")}
    payloads = encode("DesiredTorques", 3, {"torque_nm": wheels, "regen_active": np.array([False, True, False])})
    expected = message_class("DesiredTorques")(regen_active=True)
    for wheel in wheels:
        setattr(expected.torque_nm, wheel, 1.5)
    assert len(payloads) == 3
    assert payloads[1] == expected.SerializeToString(deterministic=True)


def test_encodes_lists_texts_enums_and_one_value_for_all() -> None:
    cells = {
        "cell_voltages": np.array([[3.5, 3.75], [4.0, 0.0]]),
        "cell_temps_c": np.array([[20.0], [21.0]]),
        "min_cell_voltage": 3.5,
        "max_cell_voltage": 4.0,
        "max_cell_temp_c": 21.0,
        "balancing": True,
    }
    decoded = [message_class("ACUAllData").FromString(payload) for payload in encode("ACUAllData", 2, cells)]
    assert [list(message.cell_voltages) for message in decoded] == [[3.5, 3.75], [4.0, 0.0]]
    assert [message.balancing for message in decoded] == [True, True]
    (notice,) = encode("Notice", 1, {"severity": 3, "text": ["Übertemperatur"]})
    assert message_class("Notice").FromString(notice).text == "Übertemperatur"
    assert message_class("Notice").FromString(notice).severity == 3


def test_a_forgotten_column_is_an_error() -> None:
    with pytest.raises(KeyError, match="regen_active"):
        encode("DesiredTorques", 1, {"torque_nm": dict.fromkeys(("FL", "FR", "RL", "RR"), 0.0)})
