# services.paddock: the site, its worker and what they need, on one NixOS machine.
{
  lib,
  config,
  pkgs,
  ...
}:
let
  cfg = config.services.paddock;
in
{
  # A part that is not there yet is left out; each brings its own options below services.paddock.
  imports = [
    ./settings.nix
    ./vpn.nix
    ./units.nix
    ./mqtt.nix
    ./command.nix
    ./mongodb.nix
    ./backup.nix
    ./base-station.nix
  ];

  options.services.paddock = {
    enable = lib.mkEnableOption "Paddock, a race team's data cloud";

    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.callPackage ./package.nix { };
      defaultText = lib.literalExpression "the flake's own package";
      description = "The Paddock that runs.";
    };

    user = lib.mkOption {
      type = lib.types.str;
      default = "paddock";
      description = "User that site and worker run as.";
    };

    group = lib.mkOption {
      type = lib.types.str;
      default = "paddock";
      description = "Group that site and worker run as.";
    };

    openFirewall = lib.mkOption {
      type = lib.types.bool;
      default = false;
      description = ''
        Whether the site's port is open to everybody who reaches this machine. Leave it closed where the VPN is the
        way in.
      '';
    };
  };

  config = lib.mkIf cfg.enable {
    users.users = lib.mkIf (cfg.user == "paddock") {
      paddock = {
        isSystemUser = true;
        group = cfg.group;
      };
    };
    users.groups = lib.mkIf (cfg.group == "paddock") { paddock = { }; };

    networking.firewall.allowedTCPPorts = lib.mkIf cfg.openFirewall [
      (if cfg.settings.PADDOCK_PORT == null then 8080 else cfg.settings.PADDOCK_PORT)
    ];
  };
}
