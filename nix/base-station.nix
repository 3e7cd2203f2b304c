# The machine beside the track: `paddock offload` takes the logs off cars, sticks and cards, and sends them to Paddock.
{
  lib,
  config,
  pkgs,
  ...
}:
let
  cfg = config.services.paddock.station;
  hardening = import ./hardening.nix;
  # systemd reads quotes as a shell does, and means something of its own by % and $.
  arguments = words: lib.replaceStrings [ "%" "$" ] [ "%%" "$$" ] (lib.escapeShellArgs words);
  each =
    name:
    lib.concatMap (value: [
      name
      value
    ]);
  given =
    name: value:
    lib.optionals (value != null) [
      name
      value
    ];
  folders = lib.filter (lib.hasPrefix "/") cfg.sources;
in
{
  options.services.paddock.station = {
    enable = lib.mkEnableOption "taking logs off cars and sending them to Paddock";

    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.callPackage ./package.nix { };
      defaultText = lib.literalExpression "the flake's own package";
      description = "The Paddock whose `offload` runs.";
    };

    sources = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      example = [
        "/media/usb"
        "sftp://pi@10.0.0.5/logs"
        "http://10.0.0.6:8320/"
      ];
      description = ''
        Where logs lie: directories, which everybody on the machine must be able to read and which may come and go,
        cars by SFTP, and cars on which `paddock car` or another file server runs.
      '';
    };

    servers = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      example = [
        "http://127.0.0.1:8080"
        "https://10.77.0.1"
      ];
      description = "Every Paddock that gets the logs. What the last one has stored counts as safe: the team's.";
    };

    authorityFile = lib.mkOption {
      type = lib.types.nullOr lib.types.externalPath;
      default = null;
      example = "/etc/paddock/authority.pem";
      description = "Certificate of the authority that signed the site's, where it is the team's own.";
    };

    keyFile = lib.mkOption {
      type = lib.types.nullOr lib.types.externalPath;
      default = null;
      example = "/etc/paddock/car_ed25519";
      description = ''
        The private key that cars of `sftp://` let in; it may be root's alone. Their host keys are those of
        `programs.ssh.knownHosts`.
      '';
    };

    settle = lib.mkOption {
      type = lib.types.str;
      default = "30s";
      description = "Where nobody says that a log is closed, it is when it has not changed for so long.";
    };

    keepFree = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "20GB";
      description = "Room that stays free on the disk of `/var/lib`; by default a twentieth of it, at most 1 GB.";
    };

    removeFromCar = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = ''
        Whether logs that the last server has stored leave the cars, the oldest first: all of them, or with `keepFree`
        as many as keep that much free there. What lies in directories everybody must be able to remove then.
      '';
    };

    limits = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [
        "5Mbit/s"
        "08:00-18:00=200kB/s"
      ];
      description = "What may be sent, also by the time of day.";
    };

    screen = lib.mkOption {
      type = lib.types.str;
      default = "127.0.0.1:8090";
      example = "0.0.0.0:8090";
      description = "Where the pit screen answers, or `none`. A tablet's port has to be opened in the firewall too.";
    };

    tokenFile = lib.mkOption {
      type = lib.types.nullOr lib.types.externalPath;
      default = null;
      example = "/etc/paddock/token";
      description = ''
        A file with the API token of an engineer, where the servers have users; of several servers
        `https://ADDRESS=TOKEN` for each, with spaces between.
      '';
    };

    webhookFile = lib.mkOption {
      type = lib.types.nullOr lib.types.externalPath;
      default = null;
      example = "/etc/paddock/webhook";
      description = "A file with the webhook of Discord or Slack that is told when the last log is safe.";
    };
  };

  config = lib.mkIf cfg.enable {
    systemd.services.paddock-station = {
      description = "Take logs off cars and send them to Paddock";
      wantedBy = [ "multi-user.target" ];
      # Cars, sticks and the internet come and go: nothing of them is waited for here.
      environment = {
        HOME = "/var/lib/paddock-station";
        SSL_CERT_FILE = cfg.authorityFile;
        # Where systemd puts it, which it knows when it starts the unit.
        PADDOCK_TOKEN_FILE = if cfg.tokenFile == null then null else "%d/token";
        # A service has no screen to draw on, and its lines are to be read at once.
        PYTHONUNBUFFERED = "1";
      };
      serviceConfig = hardening // {
        DynamicUser = true;
        StateDirectory = "paddock-station";
        LoadCredential =
          lib.optional (cfg.keyFile != null) "key:${cfg.keyFile}"
          ++ lib.optional (cfg.webhookFile != null) "webhook:${cfg.webhookFile}"
          ++ lib.optional (cfg.tokenFile != null) "token:${cfg.tokenFile}";
        # Which run of the kernel it is: what was written in this one is whole, also after kill -9.
        ProcSubset = "all";
        ReadWritePaths = lib.optionals cfg.removeFromCar (map (folder: "-${folder}") folders);
        Restart = "always";
        RestartSec = 5;
        ExecStart = lib.concatStringsSep " " (
          [
            "${lib.getExe cfg.package} offload --data /var/lib/paddock-station"
            (arguments (
              each "--source" cfg.sources
              ++ each "--server" cfg.servers
              ++ each "--limit" cfg.limits
              ++ [
                "--settle"
                cfg.settle
                "--screen"
                cfg.screen
              ]
              ++ given "--keep-free" cfg.keepFree
              ++ lib.optional cfg.removeFromCar "--remove-from-car"
            ))
          ]
          # Where systemd put them, which is known when it starts the unit.
          ++ lib.optional (cfg.keyFile != null) "--key %d/key"
          ++ lib.optional (cfg.webhookFile != null) "--webhook-file %d/webhook"
        );
      };
      unitConfig.StartLimitIntervalSec = 0;
    };
  };
}
