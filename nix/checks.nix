# `nix flake check`: form, the machines as far as they can be worked out, and journeys of a user on machines of their own.
{ pkgs, self }:
let
  inherit (pkgs) lib;
  journey = file: pkgs.testers.runNixOSTest (import file { inherit self; });
in
{
  package = self.packages.${pkgs.stdenv.hostPlatform.system}.default;

  formatting =
    pkgs.runCommand "formatting"
      {
        nativeBuildInputs = [
          pkgs.nixfmt
          pkgs.deadnix
        ];
      }
      ''
        nixfmt --check $(find ${../flake.nix} ${./.} -name '*.nix')
        deadnix --fail --no-lambda-pattern-names ${../flake.nix} ${./.}
        touch $out
      '';

  # Worked out, not built: an arm64's is another machine's work.
  machines = pkgs.writeText "machines" (
    lib.concatMapStringsSep "\n" (
      machine: builtins.unsafeDiscardStringContext machine.config.system.build.toplevel.drvPath
    ) (lib.attrValues self.nixosConfigurations)
  );

  journey = journey ./tests/journey.nix;
  vpn = journey ./tests/vpn.nix;
  backup = journey ./tests/backup.nix;
}
