"""What time it really is, on a machine whose clock lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from paddock.basestation.car.clock import FIRST_TIME_NS, Clock, follows_network_time, since_start_ns
from paddock.basestation.car.store import Store
from paddock.errors import Rejected
from tests.basestation.car.cars import TRUE_NS, Machine, S

NEW_YEAR_1970 = 37 * S


@pytest.fixture
def machine() -> Machine:
    return Machine(wall_ns=NEW_YEAR_1970)


@pytest.fixture
def clock(machine: Machine, tmp_path: Path) -> Clock:
    return machine.clock(Store(tmp_path))


def test_nobody_has_told(clock: Clock) -> None:
    assert clock.state().offset_ns is None
    assert clock.offset_of(clock.begins()) is None


def test_a_log_that_began_before_anybody_knew_the_time(clock: Clock, machine: Machine) -> None:
    begun = clock.begins()
    machine.passes(600)
    clock.tell(TRUE_NS + 600 * S, "base_station")
    assert clock.offset_of(begun) == TRUE_NS - NEW_YEAR_1970


def test_a_clock_that_is_set_while_a_log_is_recorded(clock: Clock, machine: Machine) -> None:
    begun = clock.begins()
    machine.passes(60)
    clock.look()
    machine.wall_ns = TRUE_NS + 60 * S
    clock.look()
    clock.tell(TRUE_NS + 60 * S, "gps")
    later = clock.begins()
    assert clock.offset_of(begun) == TRUE_NS - NEW_YEAR_1970
    assert clock.offset_of(later) == 0
    assert clock.state().stepped_ns == TRUE_NS - NEW_YEAR_1970


def test_a_clock_that_runs_on_was_not_set(clock: Clock, machine: Machine) -> None:
    machine.passes(3600)
    clock.look()
    assert clock.state().stepped_ns is None


def test_half_of_the_way_there_and_back_is_added(clock: Clock) -> None:
    clock.tell(TRUE_NS, "base_station", round_trip_ns=8 * S)
    assert clock.state().offset_ns == TRUE_NS + 4 * S - NEW_YEAR_1970
    assert clock.state().unsure_ns == 4 * S


def test_nothing_is_known_of_a_log_of_an_earlier_start(clock: Clock, machine: Machine, tmp_path: Path) -> None:
    begun = clock.begins()
    machine.starts_anew(NEW_YEAR_1970)
    anew = machine.clock(Store(tmp_path))
    anew.tell(TRUE_NS, "base_station")
    assert anew.offset_of(begun) is None


def test_what_was_told_is_known_after_the_program_was_killed(
    clock: Clock, machine: Machine, tmp_path: Path
) -> None:
    clock.tell(TRUE_NS, "gps")
    machine.passes(5)
    again = machine.clock(Store(tmp_path))
    assert (again.state().offset_ns, again.state().source) == (TRUE_NS - NEW_YEAR_1970, "gps")


def test_and_not_after_the_machine_was_started_anew(clock: Clock, machine: Machine, tmp_path: Path) -> None:
    clock.tell(TRUE_NS, "gps")
    machine.starts_anew(NEW_YEAR_1970)
    assert machine.clock(Store(tmp_path)).state().offset_ns is None


def test_gps_counts_more_than_the_base_station_whoever_comes_first(clock: Clock) -> None:
    clock.tell(TRUE_NS, "gps")
    clock.tell(TRUE_NS + 3600 * S, "base_station")
    assert clock.state().source == "gps"
    clock.tell(TRUE_NS + 5 * S, "gps")
    assert clock.state().offset_ns == TRUE_NS - NEW_YEAR_1970, "as exact as before, and not long ago"


def test_who_is_nearer_is_believed_until_that_is_old(clock: Clock, machine: Machine) -> None:
    clock.tell(TRUE_NS, "base_station", round_trip_ns=10**7)
    clock.tell(TRUE_NS + 30 * S, "base_station", round_trip_ns=10**9)
    assert clock.state().offset_ns == TRUE_NS + 5 * 10**6 - NEW_YEAR_1970
    machine.passes(3600)
    clock.tell(TRUE_NS + 3630 * S, "base_station", round_trip_ns=10**9)
    assert clock.state().offset_ns == TRUE_NS + 30 * S + S // 2 - NEW_YEAR_1970


def test_a_clock_that_is_off_by_less_than_a_second_is_right(clock: Clock, machine: Machine) -> None:
    clock.tell(machine.wall_ns + TRUE_NS, "gps")
    machine.wall_ns += TRUE_NS - 10**8
    assert clock.state().offset_ns == 0


@pytest.mark.parametrize("said_ns", [0, 1, NEW_YEAR_1970, FIRST_TIME_NS - 1, 10**20])
def test_a_base_station_whose_own_clock_is_wrong(clock: Clock, said_ns: int) -> None:
    with pytest.raises(Rejected, match="wrong itself"):
        clock.tell(said_ns, "base_station")
    assert clock.state().offset_ns is None


def test_a_machine_that_follows_the_network_needs_no_base_station(clock: Clock, machine: Machine) -> None:
    machine.wall_ns = TRUE_NS
    machine.synchronised = True
    clock.look()
    assert (clock.state().offset_ns, clock.state().source) == (0, "network")
    clock.tell(TRUE_NS + 3600 * S, "phone")
    assert clock.state().offset_ns == 0


def test_a_clock_in_1970_that_says_it_follows_the_network_is_not_believed(clock: Clock, machine: Machine) -> None:
    machine.synchronised = True
    clock.look()
    assert clock.state().offset_ns is None


def test_the_clocks_of_this_machine() -> None:
    before = since_start_ns()
    assert before <= since_start_ns()
    assert follows_network_time() in (True, False)
