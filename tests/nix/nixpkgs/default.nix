{ system, config ? { } }: import ./pkgs.nix { lib = import ./lib.nix; inherit system; }
