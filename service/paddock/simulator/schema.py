"""The messages of the simulated car: a table of protobuf types, their descriptors, and arrays → bytes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import numpy.typing as npt
import ptars
import pyarrow as pa
from google.protobuf import descriptor_pb2, descriptor_pool

PACKAGE = "hytech_msgs"

ENUMS = {
    "INSMode": ("NOT_TRACKING", "ALIGNING", "TRACKING", "GNSS_LOST"),
    "VehicleState": (
        "STARTUP",
        "TRACTIVE_SYSTEM_NOT_ACTIVE",
        "TRACTIVE_SYSTEM_ACTIVE",
        "ENABLING_INVERTERS",
        "WAITING_READY_TO_DRIVE_SOUND",
        "READY_TO_DRIVE",
    ),
    "LoopState": ("LOOP_UNKNOWN", "LOOP_OPEN", "LOOP_CLOSED"),
    "LoopNode": (
        "NODE_NONE",
        "NODE_BSPD",
        "NODE_IMD",
        "NODE_AMS",
        "NODE_BOTS",
        "NODE_INERTIA",
        "NODE_ESTOP",
    ),
    "Severity": ("DEBUG", "INFO", "WARNING", "ERROR"),
}

MESSAGES: dict[str, dict[str, str]] = {
    "xyz_vector": {"x": "float", "y": "float", "z": "float"},
    "ypr_vector": {"yaw": "float", "pitch": "float", "roll": "float"},
    "veh_vec_float": {"FL": "float", "FR": "float", "RL": "float", "RR": "float"},
    "GPS_data": {"lat": "float", "lon": "float"},
    "vn_status": {"ins_mode": "INSMode", "gnss_fix": "bool", "ins_vel_u": "float"},
    "VNData": {
        "vn_vel_m_s": "xyz_vector",
        "vn_linear_accel_m_ss": "xyz_vector",
        "vn_linear_accel_uncomp_m_ss": "xyz_vector",
        "vn_angular_rate_rad_s": "xyz_vector",
        "vn_ypr_rad": "ypr_vector",
        "vn_gps": "GPS_data",
        "status": "vn_status",
    },
    "GNSSFix": {
        "latitude_deg": "double",
        "longitude_deg": "double",
        "altitude_m": "double",
        "satellites": "uint32",
        "hdop": "float",
    },
    "SpeedControlIn": {"accel_percent": "float", "brake_percent": "float"},
    "VehicleData": {
        "is_ready_to_drive": "bool",
        "current_inputs": "SpeedControlIn",
        "current_body_vel_ms": "xyz_vector",
        "current_body_accel_mss": "xyz_vector",
        "current_angular_rate_rads": "xyz_vector",
        "current_ypr_rad": "ypr_vector",
        "current_rpms": "veh_vec_float",
        "state_is_valid": "bool",
        "prev_MCU_recv_millis": "int64",
        "steering_angle_deg": "float",
        "driver_torque": "veh_vec_float",
        "electrical_power_watts": "float",
        "vehicle_state": "VehicleState",
    },
    "MCDynamics": {
        "actual_speed_rpm": "sint32",
        "actual_torque_nm": "float",
        "actual_power_w": "float",
        "dc_bus_voltage": "float",
    },
    "MCTemps": {"motor_temp_c": "float", "inverter_temp_c": "float", "igbt_temp_c": "float"},
    "WheelSpeeds": {"rpm": "veh_vec_float"},
    "DesiredTorques": {"torque_nm": "veh_vec_float", "regen_active": "bool"},
    "PedalsSystemData": {
        "accel_pedal": "float",
        "brake_pedal": "float",
        "accel_1_raw": "uint32",
        "accel_2_raw": "uint32",
        "implausibility": "bool",
    },
    "SteeringSystemData": {"steering_angle_deg": "float", "analog_raw": "uint32", "sensor_ok": "bool"},
    "BrakeSystemData": {
        "front_pressure_kpa": "float",
        "rear_pressure_kpa": "float",
        "disc_temp_c": "veh_vec_float",
    },
    "LoadCellData": {"load_n": "veh_vec_float"},
    "SuspensionData": {"travel_mm": "veh_vec_float"},
    "TirePressures": {"pressure_kpa": "veh_vec_float", "temperature_c": "veh_vec_float"},
    "BatteryPack": {"voltage_v": "float", "current_a": "float", "power_w": "float", "state_of_charge": "float"},
    "ACUAllData": {
        "cell_voltages": "float[]",
        "cell_temps_c": "float[]",
        "min_cell_voltage": "float",
        "max_cell_voltage": "float",
        "max_cell_temp_c": "float",
        "balancing": "bool",
    },
    "ShutdownChain": {
        "vehicle_state": "VehicleState",
        "first_open": "LoopNode",
        "bspd": "LoopState",
        "imd": "LoopState",
        "ams": "LoopState",
        "bots": "LoopState",
        "inertia": "LoopState",
        "estop": "LoopState",
        "sense_voltage": "float",
    },
    "DashboardData": {
        "start_button": "bool",
        "mode_dial": "uint32",
        "lap_timer_ms": "int64",
        "speed_kmh": "uint32",
    },
    "LowVoltageData": {"voltage_v": "float", "current_a": "float", "temp_c": "float"},
    "LapMarker": {"lap": "uint32", "lap_time_s": "double"},
    "Notice": {"severity": "Severity", "text": "string"},
    "CameraStatus": {"recording": "bool", "file": "string"},
}
"""Fields by message; their numbers are their order. A type is a scalar of protobuf, an enum or message from here,
and repeated when it ends in ``[]``."""

_FIELD = descriptor_pb2.FieldDescriptorProto
_FILE_NAME = "hytech_msgs.proto"

Columns = Mapping[str, "npt.ArrayLike | Columns"]
"""Values by field: arrays of shape (N,) or one value for all; (N, K) where the field is repeated; strings as lists.
A nested message is nested ``Columns``."""


@cache
def file_descriptor_set() -> bytes:
    """A serialised ``FileDescriptorSet`` with every message: the data of each MCAP schema."""
    return descriptor_pb2.FileDescriptorSet(file=[_file()]).SerializeToString(deterministic=True)


def encode(message: str, count: int, columns: Columns) -> list[bytes]:
    """``count`` messages as protobuf. Every field must have its column.

    Raises:
        KeyError: a field of the message has no column.
    """
    descriptor = _pool().FindMessageTypeByName(f"{PACKAGE}.{message}")
    handler = _handlers().get_for_message(descriptor)
    schema = handler.schema()
    arrays = [_to_arrow(columns[field.name], field.type, count) for field in schema]
    payloads: list[bytes] = handler.record_batch_to_array(pa.record_batch(arrays, schema=schema)).to_pylist()
    return payloads


def _to_arrow(values: npt.ArrayLike | Columns, kind: pa.DataType, count: int) -> pa.Array:
    if isinstance(values, Mapping):
        children = [_to_arrow(values[field.name], field.type, count) for field in kind]
        return pa.StructArray.from_arrays(children, fields=list(kind))
    if pa.types.is_string(kind):
        return pa.array(values, kind)
    if pa.types.is_list(kind):
        rows = np.asarray(values)
        offsets = np.arange(count + 1, dtype=np.int32) * rows.shape[1]
        flat = pa.array(rows.reshape(-1).astype(kind.value_type.to_pandas_dtype()))
        return pa.ListArray.from_arrays(offsets, flat).cast(kind)
    return pa.array(np.broadcast_to(np.asarray(values), count).astype(kind.to_pandas_dtype()), kind)


@cache
def _pool() -> descriptor_pool.DescriptorPool:
    pool = descriptor_pool.DescriptorPool()
    pool.Add(_file())
    return pool


@cache
def _handlers() -> ptars.HandlerPool:
    return ptars.HandlerPool([_pool().FindFileByName(_FILE_NAME)])


def _file() -> descriptor_pb2.FileDescriptorProto:
    file = descriptor_pb2.FileDescriptorProto(name=_FILE_NAME, package=PACKAGE, syntax="proto3")
    for name, values in ENUMS.items():
        enum = file.enum_type.add(name=name)
        for number, value in enumerate(values):
            enum.value.add(name=value, number=number)
    for name, fields in MESSAGES.items():
        message = file.message_type.add(name=name)
        for number, (field_name, type_name) in enumerate(fields.items(), start=1):
            base = type_name.removesuffix("[]")
            label = _FIELD.LABEL_OPTIONAL if base == type_name else _FIELD.LABEL_REPEATED
            field = message.field.add(name=field_name, number=number, label=label)
            if base in ENUMS:
                field.type, field.type_name = _FIELD.TYPE_ENUM, f".{PACKAGE}.{base}"
            elif base in MESSAGES:
                field.type, field.type_name = _FIELD.TYPE_MESSAGE, f".{PACKAGE}.{base}"
            else:
                field.type = _FIELD.Type.Value(f"TYPE_{base.upper()}")
    return file
