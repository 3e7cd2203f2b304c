# What the tests' expressions know: the flake on our stub of nixpkgs, and machines made of a module.
let
  nixpkgs = (import ./nixpkgs/flake.nix).outputs { self = ./nixpkgs; } // {
    outPath = ./nixpkgs;
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
}
