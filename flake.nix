{
  description = "Paddock: a race team's data cloud";

  inputs.nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";

  outputs =
    { self, nixpkgs }:
    let
      inherit (nixpkgs) lib;
      each =
        output:
        lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] (
          system: output (import ./nix/pkgs.nix { inherit nixpkgs system; })
        );
      machine =
        system: file:
        lib.nixosSystem {
          inherit system;
          modules = [
            self.nixosModules.paddock
            file
          ];
        };
    in
    {
      packages = each (pkgs: {
        default = pkgs.callPackage ./nix/package.nix { };
        lambda-images = pkgs.callPackage ./nix/lambda-images.nix { };
      });
      apps = each (pkgs: import ./nix/apps.nix { inherit pkgs; });
      devShells = each (pkgs: {
        default = pkgs.callPackage ./nix/shell.nix { };
      });
      nixosModules = {
        paddock = ./nix/module.nix;
        base-station = ./nix/base-station.nix;
      };
      nixosConfigurations = {
        cloud = machine "aarch64-linux" ./nix/cloud.nix;
        base-station = machine "x86_64-linux" ./nix/station.nix;
      };
      checks = each (pkgs: import ./nix/checks.nix { inherit pkgs self; });
      formatter = each (pkgs: pkgs.nixfmt-tree);
    };
}
