{ pkgs }:
let
  paddock = pkgs.callPackage ./package.nix { };
  app = name: description: text: {
    type = "app";
    program = "${pkgs.writeShellApplication { inherit name text; }}/bin/${name}";
    meta = { inherit description; };
  };
in
{
  default = app "paddock-demo" "Paddock with a simulated test day, on loopback" ''
    exec ${paddock}/bin/paddock up --demo "$@"
  '';
}
