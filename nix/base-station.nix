# The machine beside the track: what the car's logger leaves in a folder goes to Paddock, each log once. Taking the logs
# off the car is not in here yet.
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
in
{
  options.services.paddock.station = {
    enable = lib.mkEnableOption "sending a folder of logs to Paddock";

    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.callPackage ./package.nix { };
      defaultText = lib.literalExpression "the flake's own package";
      description = "The Paddock whose `upload` sends.";
    };

    folder = lib.mkOption {
      type = lib.types.externalPath;
      example = "/srv/logs";
      description = "Folder whose logs are sent. Everybody on the machine must be able to read them; they stay.";
    };

    server = lib.mkOption {
      type = lib.types.str;
      example = "https://10.77.0.1";
      description = "Where the site is, from here: over the VPN.";
    };

    authorityFile = lib.mkOption {
      type = lib.types.nullOr lib.types.externalPath;
      default = null;
      example = "/etc/paddock/authority.pem";
      description = "Certificate of the authority that signed the site's, where it is the team's own.";
    };

    metadata = lib.mkOption {
      type = lib.types.attrsOf lib.types.str;
      default = { };
      example = {
        car = "HT09";
      };
      description = "What is said of each log that does not say it itself.";
    };

    interval = lib.mkOption {
      type = lib.types.str;
      default = "1min";
      description = "How long after one round the next begins, as systemd writes time spans.";
    };
  };

  config = lib.mkIf cfg.enable {
    systemd.services.paddock-station = {
      description = "Send the logs of ${cfg.folder} to Paddock";
      wants = [ "network-online.target" ];
      after = [ "network-online.target" ];
      unitConfig.RequiresMountsFor = cfg.folder;
      path = [
        cfg.package
        pkgs.coreutils
        pkgs.findutils
      ];
      environment = {
        FOLDER = cfg.folder;
        SSL_CERT_FILE = cfg.authorityFile;
      };
      serviceConfig = hardening // {
        Type = "oneshot";
        DynamicUser = true;
        StateDirectory = "paddock-station";
        ExecStart = "${lib.getExe pkgs.bash} ${./station-upload.sh} ${
          arguments (
            [
              "--server"
              cfg.server
            ]
            ++ lib.concatLists (
              lib.mapAttrsToList (field: value: [
                "--set"
                "${field}=${value}"
              ]) cfg.metadata
            )
          )
        }";
      };
    };
    systemd.timers.paddock-station = {
      description = "Look for new logs";
      wantedBy = [ "timers.target" ];
      timerConfig = {
        OnBootSec = cfg.interval;
        OnUnitInactiveSec = cfg.interval;
      };
    };
  };
}
