# What the expressions of the tests know: the flake on our stub of nixpkgs, and machines made of a module.
let
  # A folder with another nixpkgs, such as a real one, for a run by hand.
  named = builtins.getEnv "PADDOCK_TEST_NIXPKGS";
  folder = if named == "" then ./nixpkgs else /. + named;
  nixpkgs = (import (folder + "/flake.nix")).outputs { self = nixpkgs; } // {
    outPath = folder;
  };
  flake = (import ../../flake.nix).outputs {
    self = flake;
    inherit nixpkgs;
  };
in
rec {
  inherit flake;
  inherit (nixpkgs) lib;
  pkgs = nixpkgs.legacyPackages.${builtins.currentSystem};
  # A NixOS with our module and one more; `config` of it is refused where an assertion fails.
  machine =
    module:
    (nixpkgs.lib.nixosSystem {
      system = builtins.currentSystem;
      modules = [
        flake.nixosModules.paddock
        module
      ];
    }).config;
  refused = module: builtins.seq (machine module).system.build.toplevel.drvPath null;

  # The paths of all options of NixOS that a machine's modules set, each as a list of names.
  optionsSetBy =
    config:
    let
      below =
        path: value:
        if builtins.isAttrs value && !(lib.isDerivation value) then
          builtins.concatMap (name: below (path ++ [ name ]) value.${name}) (builtins.attrNames value)
        else
          [ path ];
      # Ours, and what the stub makes of the others.
      foreign =
        builtins.removeAttrs config [
          "assertions"
          "warnings"
        ]
        // {
          services = builtins.removeAttrs config.services [ "paddock" ];
          systemd = builtins.removeAttrs config.systemd [ "units" ];
          system = builtins.removeAttrs config.system [ "build" ];
        };
    in
    builtins.filter (path: builtins.length path > 1) (below [ ] foreign);
}
