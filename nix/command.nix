# `paddock` at this machine's prompt. As root it runs as the site does: same user, settings, secrets and data; as anybody
# else it is the plain program, such as for `paddock upload`.
{
  lib,
  config,
  pkgs,
  ...
}:
let
  cfg = config.services.paddock;
  inherit (cfg.common) environment serviceConfig;
  paddock = lib.getExe cfg.package;
  unit = "paddock-command-$$";
  # Not the walls of a service: whoever is root here may well back up onto the disk they just plugged in.
  properties =
    lib.concatMap (name: map (value: "--property=${name}=${value}") (lib.toList serviceConfig.${name}))
      [
        "User"
        "Group"
        "EnvironmentFile"
        "LoadCredential"
        "StateDirectory"
        "StateDirectoryMode"
        "UMask"
      ];
  # In a unit's file systemd would put the folder of its credentials in the place of %d.
  variables = lib.mapAttrsToList (
    name: value:
    "--setenv=${name}=${lib.replaceStrings [ "%d" ] [ "/run/credentials/${unit}.service" ] value}"
  ) (lib.removeAttrs environment [ "PADDOCK_LOG_FORMAT" ]);
in
{
  config = lib.mkIf cfg.enable {
    environment.systemPackages = [
      (pkgs.writeShellApplication {
        name = "paddock";
        runtimeInputs = [
          pkgs.coreutils
          pkgs.systemd
        ];
        text = ''
          [ "$(id -u)" = 0 ] || exec ${paddock} "$@"
          terminal=--pipe
          [ ! -t 0 ] || [ ! -t 1 ] || terminal=--pty
          exec systemd-run --quiet --collect --wait "$terminal" --unit="${unit}" \
            ${lib.concatMapStringsSep " \\\n  " (word: ''"${word}"'') (properties ++ variables)} \
            -- ${paddock} "$@"
        '';
      })
    ];
  };
}
