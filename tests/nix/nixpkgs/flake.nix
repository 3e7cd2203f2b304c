{
  outputs =
    { self }:
    let
      lib = import ./lib;
      pkgsFor = system: import ./. { inherit system; };
    in
    {
      lib = lib // {
        nixosSystem =
          {
            modules,
            system ? "x86_64-linux",
            specialArgs ? { },
          }:
          let
            e = lib.evalModules {
              modules = [ ./nixos.nix ] ++ modules;
              specialArgs = {
                pkgs = pkgsFor system;
                modulesPath = "${self}/modules";
              }
              // specialArgs;
            };
            failed = builtins.filter (a: !a.assertion) e.config.assertions;
          in
          e
          // {
            config = e.config // {
              system = e.config.system // {
                build = {
                  toplevel =
                    if failed != [ ] then
                      throw (lib.concatMapStringsSep "\n" (a: a.message) failed)
                    else
                      (pkgsFor system).runCommand "nixos" {
                        units = builtins.toJSON e.config.systemd.units;
                      } "echo $units > $out";
                };
              };
            };
          };
      };
      legacyPackages = lib.genAttrs [ "x86_64-linux" "aarch64-linux" ] pkgsFor;
    };
}
