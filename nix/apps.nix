# `nix run`: the product on this machine. `nix run .#stack`: the parts of a box in the cloud, reloading what is edited.
# `nix run .#deploy`: this folder's configuration onto the team's machine.
{ pkgs }:
let
  inherit (pkgs) lib;
  names = lib.importJSON ./names.json;
  app = description: program: {
    type = "app";
    program = lib.getExe program;
    meta = { inherit description; };
  };
in
{
  default = app "Paddock with a simulated test day, on http://127.0.0.1:8080" (
    pkgs.writeShellApplication {
      name = "paddock-demo";
      runtimeInputs = [ (pkgs.callPackage ./package.nix { }) ];
      text = ''exec paddock up --demo "$@"'';
    }
  );

  stack = app "MongoDB, an S3 store, site and worker on loopback" (pkgs.callPackage ./stack.nix { });

  deploy = app "Switch the team's machine to this folder's configuration, over the VPN" (
    pkgs.writeShellApplication {
      name = "paddock-deploy";
      runtimeInputs = [ pkgs.openssh ];
      # The machine builds for itself: it is an arm64, and fetches nearly all of it from NixOS's cache.
      text = ''
        host=admin@${names.vpn.address}
        if [ $# -gt 0 ] && [ "''${1#-}" = "$1" ]; then
          host=$1
          shift
        fi
        exec ${lib.getExe pkgs.nixos-rebuild-ng} switch --flake .#cloud \
          --target-host "$host" --build-host "$host" --sudo "$@"
      '';
    }
  );
}
