from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from paddock.domain.catalogue_defaults import Role, guess, kind_of
from paddock.simulator.channels import CHANNELS
from paddock.simulator.schema import ENUMS, MESSAGES


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("VNData.vn_vel_m_s.x", "m/s"),
        ("VNData.vn_linear_accel_m_ss.y", "m/s²"),
        ("imu.accel_m_s2.x", "m/s²"),
        ("imu.accel_ms2", "m/s²"),
        ("imu.accel_g", "g"),
        ("imu.bias_g", ""),
        ("VNData.vn_angular_rate_rad_s.z", "rad/s"),
        ("VNData.vn_ypr_rad.yaw", "rad"),
        ("VehicleData.current_body_vel_ms.x", "m/s"),
        ("VehicleData.prev_MCU_recv_millis", "ms"),
        ("Dash.lap_timer_ms", "ms"),
        ("VehicleData.current_rpms.FL", "rpm"),
        ("VehicleData.steering_angle_deg", "deg"),
        ("AMS.CellTempMax_degC", "°C"),
        ("Brakes.disc_temp_c.FL", "°C"),
        ("Brakes.front_pressure_kPa", "kPa"),
        ("Brakes.front_pressure_bar", "bar"),
        ("Inputs.accel_percent", "%"),
        ("Inputs.accel_pct", "%"),
        ("ISA.busVoltage_mV", "mV"),
        ("ISA.bus_v", "V"),
        ("Inverter.dc_volts", "V"),
        ("Pack.current_a", "A"),
        ("Pack.current_amps", "A"),
        ("Pack.current", "A"),
        ("Inverter.phase_a", ""),
        ("Box.temp_a", ""),
        ("Motor.torque_nm", "Nm"),
        ("/vehicle/speed_kph.data", "km/h"),
        ("Wheel.rate_hz", "Hz"),
        ("Pedals.accel_1_raw", ""),
        ("pose.position.x", ""),
        ("BMS.cellVoltage12", "V"),
        ("lf_ttpms_1_data.LF_TTPMS_BAT_V", "V"),
        ("lf_ttpms_1_data.LF_TTPMS_P", ""),
        ("v", ""),
        ("", ""),
        ("日本.速度", ""),
    ],
)
def test_units_come_from_the_end_of_the_name(name: str, unit: str) -> None:
    assert guess(name, "float").unit == unit


@pytest.mark.parametrize(
    ("name", "dtype", "role"),
    [
        ("VCU.vehicle_speed_kmh", "float", Role.SPEED),
        ("gps.speed", "double", Role.SPEED),
        ("SBG_Odometry.velocity_x", "float", Role.SPEED),
        ("SBG_Odometry.velocity_y", "float", Role.NONE),
        ("odom.twist.linear.x", "double", Role.SPEED),
        ("VNData.vn_angular_rate_rad_s.z", "float", Role.YAW_RATE),
        ("VNData.vn_angular_rate_rad_s.x", "float", Role.NONE),
        ("IMU.GyroZ_dps", "float", Role.YAW_RATE),
        ("imu.angular_velocity.z", "double", Role.YAW_RATE),
        ("TCS.yaw_rate_target", "float", Role.NONE),
        ("Wheel.omega.z", "float", Role.NONE),
        ("odom.twist.angular.x", "double", Role.NONE),
        ("Motor.Speed", "float", Role.NONE),
        ("wheel.speed.fl_kmh", "float", Role.WHEEL_SPEED),
        ("FrontLeftWheelSpeed", "float", Role.WHEEL_SPEED),
        ("Inverter_FL.motor_temp", "float", Role.MOTOR_TEMPERATURE),
        ("Motor1.temperature", "float", Role.MOTOR_TEMPERATURE),
        ("Motor.inverter_temp_c", "float", Role.NONE),
        ("mc4_setpoints_command_data.speed_setpoint_rpm", "float", Role.NONE),
        ("ECU.APPS_1", "float", Role.THROTTLE),
        ("ECU.apps_fault", "bool", Role.FAULT),
        ("Pedals.throttle", "double", Role.THROTTLE),
        ("VNData.vn_linear_accel_m_ss.x", "float", Role.NONE),
        ("Dash.steering_angle", "float", Role.STEERING),
        ("GPS.Latitude", "double", Role.LATITUDE),
        ("imu.lat_accel", "float", Role.NONE),
        ("GPS.Latitude", "int32", Role.NONE),
        ("HV.pack_voltage", "float", Role.PACK_VOLTAGE),
        ("LowVoltageData.voltage_v", "float", Role.NONE),
        ("lf_ttpms_1_data.LF_TTPMS_BAT_V", "float", Role.NONE),
        ("BMS.cellVoltage12", "float", Role.CELL_VOLTAGE),
        ("BMS.cell_voltage_delta", "float", Role.NONE),
        ("BatteryPack.cell_temp", "float", Role.CELL_TEMPERATURE),
        ("LoadCellData.load_n.FL", "float", Role.NONE),
        ("ACUAllData.cell_temps_c", "list<item: float>", Role.CELL_TEMPERATURE),
        ("mc4_setpoints_command_data.remove_error", "bool", Role.NONE),
        ("MC1.error_present", "bool", Role.FAULT),
        ("Shutdown.imd_ok", "bool", Role.SHUTDOWN),
        ("VCU.state_machine", "string", Role.STATE),
        ("Notice.text", "string", Role.NONE),
    ],
)
def test_roles_come_from_the_usual_names(name: str, dtype: str, role: Role) -> None:
    assert guess(name, dtype).role is role


def simulated_signals() -> dict[str, str]:
    found = {}

    def walk(message: str, prefix: str) -> None:
        for field, kind in MESSAGES[message].items():
            base = kind.removesuffix("[]")
            if base in MESSAGES:
                walk(base, f"{prefix}.{field}")
            else:
                dtype = "int32" if base in ENUMS or base == "sint32" else base
                found[f"{prefix}.{field}"] = dtype if base == kind else f"list<item: {dtype}>"

    for channel in CHANNELS:
        walk(channel.message, channel.topic)
    return found


def test_the_simulated_car_needs_no_catalogue() -> None:
    roles: dict[Role, set[str]] = {}
    for name, dtype in simulated_signals().items():
        roles.setdefault(guess(name, dtype).role, set()).add(name)
    assert roles[Role.SPEED] == {
        "VNData.vn_vel_m_s.x",
        "VehicleData.current_body_vel_ms.x",
        "DashboardData.speed_kmh",
    }
    assert roles[Role.THROTTLE] == {"PedalsSystemData.accel_pedal", "VehicleData.current_inputs.accel_percent"}
    assert roles[Role.LONGITUDE] == {"GNSSFix.longitude_deg", "VNData.vn_gps.lon"}
    assert roles[Role.PACK_CURRENT] == {"BatteryPack.current_a"}
    assert roles[Role.CELL_TEMPERATURE] == {"ACUAllData.cell_temps_c", "ACUAllData.max_cell_temp_c"}
    assert roles[Role.FAULT] == {"PedalsSystemData.implausibility"}
    # Its laps are counted, and no beacon stands beside its track.
    assert set(Role) - {Role.BEACON} == set(roles)


def test_a_guess_says_why_and_reads_well() -> None:
    found = guess("VehicleData.steering_angle_deg", "float")
    assert found.label == "Steering angle"
    assert found.why == "it ends in _deg; it is named like steering"
    assert guess("VehicleData.current_rpms.FL").label == "Current rpms FL"
    assert guess("Box.thing").why == "nothing in the name tells"


@pytest.mark.parametrize(
    ("dtype", "kind"),
    [
        ("double", "float"),
        ("uint8", "int"),
        ("bool", "bool"),
        ("large_string", "text"),
        ("list<item: double not null>", "float"),
        ("timestamp[ns]", "other"),
        ("", ""),
    ],
)
def test_kinds(dtype: str, kind: str) -> None:
    assert kind_of(dtype) == kind


@pytest.mark.slow("goes through very many cases")
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.text() | st.text(st.sampled_from("aVm_./ 2[]sS"), max_size=40), st.sampled_from(["", "float", "bool", "x<"])
)
def test_any_name_has_a_guess(name: str, dtype: str) -> None:
    found = guess(name, dtype)
    assert found == guess(name, dtype)
    assert found.why
