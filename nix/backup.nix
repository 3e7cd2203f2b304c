# Backups: one every night, one when the machine stops, a second copy of the logs, and a restore that somebody asks for.
{
  lib,
  config,
  pkgs,
  ...
}:
let
  cfg = config.services.paddock;
  paddock = lib.getExe cfg.package;
  folders = lib.filter (lib.hasPrefix "/") (
    lib.filter (place: place != null) [
      cfg.backup.to
      cfg.backup.mirrorTo
    ]
  );
  night = at: {
    wantedBy = [ "timers.target" ];
    timerConfig = {
      OnCalendar = at;
      # What a machine that was off missed is done when it is on again.
      Persistent = true;
      RandomizedDelaySec = "10min";
    };
  };
  # It opens the stores as the site does, and gives way to everybody else.
  unit = {
    wants = [ "network-online.target" ];
    after = [
      "network-online.target"
    ]
    ++ lib.optional cfg.mongodb.enable "paddock-mongodb-init.service";
    inherit (cfg.common) environment;
    # A disk that is not there is a failure, and no folder of that name.
    unitConfig.RequiresMountsFor = folders;
    serviceConfig = cfg.common.serviceConfig // {
      Type = "oneshot";
      ReadWritePaths = cfg.common.serviceConfig.ReadWritePaths ++ folders;
      CPUWeight = 20;
      IOWeight = 20;
      MemoryMax = "25%";
    };
  };
in
{
  options.services.paddock.backup = {
    enable = lib.mkEnableOption "backups of all that Paddock knows, every night and when the machine stops";

    to = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "/mnt/backups";
      description = ''
        Directory or `s3://bucket/prefix` where backups go; what `PADDOCK_BACKUP_TO` says elsewhere without. A
        directory must be there and belong to `services.paddock.user`: put it on another disk.
      '';
    };

    at = lib.mkOption {
      type = lib.types.str;
      default = "*-*-* 03:15:00";
      description = "When, as systemd.time(7) has it.";
    };

    whenStopping = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Whether the machine makes one more when it stops, after the site did and before the database does.";
    };

    mirrorTo = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "s3://team-copy?endpoint=https://s3.example.org&profile=copy";
      description = ''
        Directory or bucket for a second copy of the logs, an hour after the backup. On AWS the versioned bucket keeps
        what is deleted; elsewhere this is what stands between a broken disk and the season.
      '';
    };
  };

  config = lib.mkIf (cfg.enable && cfg.backup.enable) {
    services.paddock.settings = lib.mkIf (cfg.backup.to != null) { PADDOCK_BACKUP_TO = cfg.backup.to; };

    systemd.services.paddock-backup = unit // {
      description = "Back up all that Paddock knows";
      onFailure = [ "paddock-alert@%N.service" ];
      serviceConfig = unit.serviceConfig // {
        ExecStart = "${paddock} backup create";
        TimeoutStartSec = "3h";
      };
    };
    systemd.timers.paddock-backup = night cfg.backup.at // {
      description = "Back up Paddock every night";
    };

    systemd.services.paddock-mirror = lib.mkIf (cfg.backup.mirrorTo != null) (
      unit
      // {
        description = "Keep a second copy of the logs";
        onFailure = [ "paddock-alert@%N.service" ];
        # Not both at the same time: they share the line to the other store.
        after = unit.after ++ [ "paddock-backup.service" ];
        serviceConfig = unit.serviceConfig // {
          # systemd means something of its own by % and $.
          ExecStart = "${paddock} mirror ${
            lib.replaceStrings [ "%" "$" ] [ "%%" "$$" ] (lib.escapeShellArg cfg.backup.mirrorTo)
          }";
          # The first time it copies everything.
          TimeoutStartSec = "infinity";
        };
      }
    );
    systemd.timers.paddock-mirror = lib.mkIf (cfg.backup.mirrorTo != null) (
      night cfg.backup.at
      // {
        description = "Keep a second copy of the logs every night";
      }
    );

    systemd.services.paddock-backup-at-stop = lib.mkIf cfg.backup.whenStopping (
      unit
      // {
        description = "Back up Paddock when the machine stops";
        wantedBy = [ "paddock.target" ];
        # What begins before the others ends after them: nobody writes any more, and the database is still there.
        before = [
          "paddock-site.service"
          "paddock-worker.service"
          "paddock-broker.service"
          "paddock-recorder.service"
        ];
        # An update of this machine is no stop of it.
        restartIfChanged = false;
        serviceConfig = unit.serviceConfig // {
          RemainAfterExit = true;
          ExecStart = "${pkgs.coreutils}/bin/true";
          ExecStop = "${paddock} backup create";
          TimeoutStopSec = "10min";
        };
      }
    );

    # Nothing starts it by itself: `systemctl start paddock-restore` is a person's, who saw the site say that the
    # database is empty and that there are backups.
    systemd.services.paddock-restore = unit // {
      description = "Restore Paddock's last backup into a database that is empty";
      conflicts = [
        "paddock-site.service"
        "paddock-worker.service"
        "paddock-broker.service"
        "paddock-recorder.service"
      ];
      unitConfig = unit.unitConfig // {
        OnSuccess = "paddock.target";
      };
      serviceConfig = unit.serviceConfig // {
        ExecStart = "${paddock} backup restore";
        # Also who was let in, where the site may write that.
        ReadWritePaths = config.systemd.services.paddock-site.serviceConfig.ReadWritePaths ++ folders;
        TimeoutStartSec = "infinity";
      };
    };
  };
}
