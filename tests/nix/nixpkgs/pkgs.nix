{ lib, system }:
let
  path = "/usr/sbin:/usr/bin:/sbin:/bin";
  mk =
    name: env: text:
    let
      d = derivation (
        {
          inherit name system;
          builder = "/bin/bash";
          PATH = path;
          args = [
            "-euc"
            "eval \"$buildCommand\""
          ];
          buildCommand = text;
        }
        // env
      );
    in
    d
    // {
      meta.mainProgram = (builtins.parseDrvName name).name;
      override = _: d;
      overrideAttrs = _: d;
      overridePythonAttrs = _: d;
      optional-dependencies = { };
    };
  stub = n: mk "${n}-0" { } "mkdir -p $out; ln -s /usr/bin $out/bin";
  file =
    name: text: exec:
    mk name {
      inherit text;
      passAsFile = [ "text" ];
    } "cp $textPath $out; ${lib.optionalString exec "chmod +x $out"}";
  build =
    a0:
    let
      a = if lib.isFunction a0 then lib.fix a0 else a0;
      d = stub a.pname;
    in
    d
    // {
      meta = d.meta // a.meta or { };
      passthru = a;
      name = "${a.pname}-${a.version}";
    };
  names = lib.importJSON ./names.json;
  self = lib.genAttrs names.packages stub // rec {
    inherit lib system;
    _type = "pkgs";
    stdenv = {
      hostPlatform = {
        inherit system;
        isLinux = true;
        isx86_64 = system == "x86_64-linux";
        isAarch64 = system == "aarch64-linux";
      };
      cc.cc.lib = stub "libc";
      mkDerivation = build;
    };
    runCommand = mk;
    runCommandLocal = mk;
    writeText = n: t: file n t false;
    writeShellScript = n: t: file n "#!/bin/bash\n${t}" true;
    writeShellScriptBin =
      n: t:
      mk n {
        text = "#!/bin/bash\n${t}";
        passAsFile = [ "text" ];
      } "mkdir -p $out/bin; cp $textPath $out/bin/${n}; chmod +x $out/bin/${n}";
    writeShellApplication =
      {
        name,
        text,
        runtimeInputs ? [ ],
        ...
      }:
      writeShellScriptBin name "set -euo pipefail\nexport PATH=${lib.makeBinPath runtimeInputs}:$PATH\n${text}";
    formats = lib.genAttrs [ "json" "yaml" "toml" "ini" "keyValue" ] (
      _: _: {
        type = lib.types.attrsOf lib.types.anything;
        generate = n: v: writeText n (builtins.toJSON v);
      }
    );
    callPackage = callWith self;
    callWith =
      scope: f: a:
      let
        g = if lib.isFunction f then f else import f;
      in
      g (
        lib.mapAttrs (n: _: scope.${n} or (throw "nixpkgs has no `${n}' (tests/nix/names.json)")) (
          lib.filterAttrs (n: o: scope ? ${n} || !o && !(a ? ${n})) (builtins.functionArgs g)
        )
        // a
      );
    python3 = stub "python3" // {
      pkgs = python3Packages;
      withPackages = f: builtins.seq (f python3Packages) (stub "python3");
    };
    python3Packages = lib.genAttrs names.python stub // rec {
      buildPythonPackage = build;
      buildPythonApplication = build;
      fetchPypi = _: stub "src";
      callPackage = callWith (self // python3Packages);
      python = python3;
    };
    python313 = python3;
    python313Packages = python3Packages;
    fetchPypi = _: stub "src";
    fetchurl = _: stub "src";
    mkShell = _: stub "shell";
    mkShellNoCC = mkShell;
    dockerTools = lib.genAttrs [ "buildLayeredImage" "streamLayeredImage" ] (_: _: stub "image") // {
      caCertificates = stub "cacert";
    };
    # The machines are worked out; their script is kept for those who read it.
    testers.runNixOSTest =
      test:
      let
        nixos = ((import ./flake.nix).outputs { self = ./.; }).lib.nixosSystem;
        nodes = lib.mapAttrs (
          _: module:
          nixos {
            inherit system;
            modules = [ module ];
          }
        ) test.nodes;
      in
      mk "vm-test-${test.name}" {
        inherit (test) testScript;
        nodes = lib.mapAttrsToList (
          _: node: builtins.unsafeDiscardStringContext node.config.system.build.toplevel.drvPath
        ) nodes;
        passAsFile = [ "testScript" ];
      } "cp $testScriptPath $out";
    symlinkJoin = { name, ... }: stub name;
    linkFarm = n: _: stub n;
  };
in
self
