# Site and worker as units of their own, a look at their health every few minutes, and what happens when one fails.
{
  lib,
  config,
  pkgs,
  ...
}:
let
  cfg = config.services.paddock;
  hardening = import ./hardening.nix;
  paddock = lib.getExe cfg.package;

  # Without a bucket, a queue or a database elsewhere nothing is asked beyond this machine.
  local =
    cfg.settings.PADDOCK_S3_BUCKET == null
    && cfg.settings.PADDOCK_INGEST_QUEUE_URL == null
    # Nor a file that is known on the machine alone, which may name any of them.
    && lib.length cfg.environmentFiles == 1
    && (cfg.credentials == { } || cfg.mongodb.enable);

  # Below the mount of the data volume: without the volume nothing starts, and nothing is written beside it.
  state = "paddock/site";
  data = if cfg.settings.PADDOCK_DATA == null then "/var/lib/${state}" else cfg.settings.PADDOCK_DATA;

  # What site, worker and everything else that opens the stores have in common.
  common = {
    environment = {
      PADDOCK_DATA = data;
      PADDOCK_LOG_FORMAT = "json";
    }
    // lib.mapAttrs (name: _: "%d/${name}") cfg.credentials;
    serviceConfig = hardening // {
      User = cfg.user;
      Group = cfg.group;
      EnvironmentFile = cfg.environmentFiles;
      LoadCredential = lib.mapAttrsToList (name: file: "${name}:${file}") cfg.credentials;
      StateDirectory = state;
      StateDirectoryMode = "0700";
      ReadWritePaths = [ "-${data}" ];
    };
  };
  # A crash is started again for ever, since there is nobody at night who would, and said each time.
  lasting = {
    wantedBy = [ "paddock.target" ];
    partOf = [ "paddock.target" ];
    wants = [ "network-online.target" ];
    after = [
      "network-online.target"
    ]
    ++ lib.optional cfg.mongodb.enable "paddock-mongodb-init.service";
    unitConfig.StartLimitIntervalSec = 0;
    serviceConfig = common.serviceConfig // {
      Type = "notify";
      NotifyAccess = "main";
      Restart = "always";
      RestartSec = 2;
      # The signal is for the process that knows what to do about it; what it leaves is killed.
      KillMode = "mixed";
      ExecStopPost = "+${cfg.tellOfCrash} %N";
    };
  };

  onlyThisMachine = {
    IPAddressDeny = "any";
    IPAddressAllow = "localhost";
  };

  # Runs as root, outside of the unit's walls: it starts another unit.
  tellOfCrash = pkgs.writeShellScript "paddock-tell-of-crash" ''
    [ "$SERVICE_RESULT" = success ] || ${pkgs.systemd}/bin/systemctl start --no-block "paddock-alert@$1.service"
  '';
  alert = pkgs.writeShellScript "paddock-alert" ''
    message="Paddock on $(${pkgs.coreutils}/bin/uname -n): $1 failed; journalctl -u $1 says why."
    echo "<1>$message"
    ${lib.optionalString (cfg.alertCommand != null) ''
      printf '%s\n' "$message" | ${pkgs.writeShellScript "paddock-alert-command" cfg.alertCommand}
    ''}
  '';
in
{
  options.services.paddock = {
    worker.enable = lib.mkOption {
      type = lib.types.bool;
      default = true;
      description = "Whether logs are converted on this machine, too.";
    };

    credentials = lib.mkOption {
      type = lib.types.attrsOf lib.types.externalPath;
      default = { };
      example = {
        PADDOCK_SECRET_FILE = "/var/lib/secrets/paddock-secret";
      };
      description = ''
        Secrets, each in a file of its own that root alone can read; the units see a copy (systemd's LoadCredential).
      '';
    };

    alertCommand = lib.mkOption {
      type = lib.types.nullOr lib.types.lines;
      default = null;
      example = "\${pkgs.curl}/bin/curl --fail --silent --show-error --data-binary @- https://ntfy.sh/our-team";
      description = ''
        Shell command that gets a sentence on its stdin when a part of Paddock fails. Without, the sentence stands in
        the journal with the priority `alert`.
      '';
    };

    common = lib.mkOption {
      type = lib.types.raw;
      internal = true;
      description = "`environment` and `serviceConfig` of every unit that opens the stores.";
    };

    lasting = lib.mkOption {
      type = lib.types.raw;
      internal = true;
      description = "What a unit is that is started again for ever.";
    };

    tellOfCrash = lib.mkOption {
      type = lib.types.package;
      default = tellOfCrash;
      internal = true;
      description = "ExecStopPost of units that are started again: OnFailure would not hear of it.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.paddock = { inherit common lasting; };

    systemd.targets.paddock = {
      description = "Paddock: site, worker and what they need";
      wantedBy = [ "multi-user.target" ];
    };

    systemd.services.paddock-site = lasting // {
      description = "Paddock's site";
      inherit (common) environment;
      serviceConfig =
        lasting.serviceConfig
        // lib.optionalAttrs (
          local
          && lib.elem cfg.settings.PADDOCK_HOST [
            null
            "127.0.0.1"
            "::1"
          ]
        ) onlyThisMachine
        // {
          ExecStartPre = "${paddock} migrate";
          ExecStart = "${paddock} up --no-worker";
          # The indexes of a large database take their time.
          TimeoutStartSec = "1h";
          # Downloads under way get 5 s.
          TimeoutStopSec = 20;
          WatchdogSec = "2min";
          CPUWeight = 500;
          IOWeight = 500;
          MemoryMax = "50%";
          OOMScoreAdjust = -300;
          TasksMax = 256;
        };
    };

    systemd.services.paddock-worker = lib.mkIf cfg.worker.enable (
      lasting
      // {
        description = "Paddock's worker, which converts";
        inherit (common) environment;
        after = lasting.after ++ [ "paddock-site.service" ];
        serviceConfig =
          lasting.serviceConfig
          // lib.optionalAttrs local onlyThisMachine
          // {
            # A name that the next start has, too: what this one held when it died is taken up at once.
            ExecStart = "${paddock} worker --owner %H";
            TimeoutStartSec = "5min";
            TimeoutStopSec = 30;
            WatchdogSec = "5min";
            # A conversion has what the site leaves, and is what goes when memory ends; the worker outlives its jobs.
            CPUWeight = 20;
            IOWeight = 20;
            MemoryMax = "60%";
            OOMScoreAdjust = 500;
            OOMPolicy = "continue";
            TasksMax = 512;
          };
      }
    );

    systemd.services.paddock-health = {
      description = "Whether Paddock does its work";
      after = [ "paddock-site.service" ];
      onFailure = [ "paddock-alert@%N.service" ];
      inherit (common) environment;
      serviceConfig = common.serviceConfig // {
        Type = "oneshot";
        ExecStart = "${paddock} health";
        TimeoutStartSec = "2min";
      };
    };
    systemd.timers.paddock-health = {
      description = "Look after Paddock's health";
      wantedBy = [ "timers.target" ];
      timerConfig = {
        OnBootSec = "5min";
        OnUnitInactiveSec = "5min";
      };
    };

    systemd.services."paddock-alert@" = {
      description = "Tell the team that %i failed";
      # What fails again and again is said a few times an hour.
      unitConfig = {
        StartLimitIntervalSec = "1h";
        StartLimitBurst = 3;
      };
      serviceConfig = hardening // {
        Type = "oneshot";
        ExecStart = "${alert} %i";
        SyslogIdentifier = "paddock-alert";
        DynamicUser = true;
        TimeoutStartSec = "1min";
      };
    };
  };
}
