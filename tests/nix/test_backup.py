"""Backups as a NixOS machine makes them: by night, when it stops, and back when a person asks."""

import subprocess
from pathlib import Path

from tests.nix.nix import Nix

EXPOSURE = 15
"""Tenths, as for the other units."""
BACKED_UP = (
    'backup = { enable = true; to = "/mnt/backups"; mirrorTo = "s3://copies?endpoint=https://a%20b&profile=c"; };'
)


def text(nix: Nix, unit: str, options: str = BACKED_UP) -> str:
    machine = f"(machine {{ services.paddock = {{ enable = true; {options} }}; }})"
    found: str = nix.value(f'{machine}.systemd.units."{unit}".text')
    return found


def test_a_machine_without_backups_has_no_such_unit(nix: Nix) -> None:
    names = nix.value("builtins.attrNames (machine { services.paddock.enable = true; }).systemd.units")
    assert not [name for name in names if "backup" in name or "mirror" in name or "restore" in name]


def test_every_night_and_after_a_night_that_was_missed(nix: Nix) -> None:
    timer = text(nix, "paddock-backup.timer")
    assert "OnCalendar=*-*-* 03:15:00" in timer and "Persistent=true" in timer
    service = text(nix, "paddock-backup.service")
    assert "/bin/paddock backup create\n" in service
    assert "OnFailure=paddock-alert@%N.service" in service
    assert "RequiresMountsFor=/mnt/backups" in service, "a disk that is not there is no folder"
    assert "ReadWritePaths=/mnt/backups" in service
    mirror = text(nix, "paddock-mirror.service")
    assert "mirror 's3://copies?endpoint=https://a%%20b&profile=c'" in mirror
    assert "ReadWritePaths=s3" not in mirror


def test_when_the_machine_stops_the_site_is_gone_and_the_database_is_not(nix: Nix) -> None:
    stop = text(nix, "paddock-backup-at-stop.service", BACKED_UP + "mongodb.enable = true;")
    assert "/bin/paddock backup create" in stop.partition("ExecStop=")[2].splitlines()[0]
    before = next(line for line in stop.splitlines() if line.startswith("Before="))
    after = next(line for line in stop.splitlines() if line.startswith("After="))
    assert "paddock-site.service" in before and "paddock-worker.service" in before
    assert "paddock-mongodb-init.service" in after


def test_a_restore_is_a_persons(nix: Nix) -> None:
    restore = text(nix, "paddock-restore.service")
    assert "WantedBy" not in restore and "/bin/paddock backup restore\n" in restore
    assert "Conflicts=paddock-site.service paddock-worker.service" in restore
    assert "OnSuccess=paddock.target" in restore


def test_the_site_knows_where_backups_go(nix: Nix) -> None:
    settings = f"(machine {{ services.paddock = {{ enable = true; {BACKED_UP} }}; }}).services.paddock.settings"
    assert nix.value(f"{settings}.PADDOCK_BACKUP_TO") == "/mnt/backups"


def test_the_units_are_as_hard_as_the_others(nix: Nix, tmp_path: Path) -> None:
    names = [f"paddock-{each}.service" for each in ("backup", "mirror", "backup-at-stop", "restore")]
    for name in names:
        (tmp_path / name).write_text(text(nix, name))
    run = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--threshold={EXPOSURE}"]
        + [str(tmp_path / name) for name in names],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
