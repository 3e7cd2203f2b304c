{
  system,
  config ? { },
}:
import ./pkgs.nix {
  lib = import ./lib;
  inherit system;
}
