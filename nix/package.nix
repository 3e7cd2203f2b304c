# Paddock from this folder. Version and dependencies are those of pyproject.toml; what nixpkgs lacks is a wheel.
{
  lib,
  stdenv,
  python3Packages,
  autoPatchelfHook,
}:
let
  project = (lib.importTOML ../pyproject.toml).project;

  ptars =
    let
      wheels = {
        x86_64-linux = {
          platform = "manylinux_2_17_x86_64.manylinux2014_x86_64";
          hash = "sha256-Vqqy9aQ66tCie6mDsuGJsIvVjbZr6z0Db9tBf1oEwzM=";
        };
        aarch64-linux = {
          platform = "manylinux_2_17_aarch64.manylinux2014_aarch64";
          hash = "sha256-755Y9xOwOHZC5vnVVa/qhN1AZe8qjuQWxKoc8Wod73E=";
        };
      };
    in
    python3Packages.buildPythonPackage rec {
      pname = "ptars";
      version = "0.0.25";
      format = "wheel";
      src = python3Packages.fetchPypi (
        {
          inherit pname version format;
          dist = "cp310";
          python = "cp310";
          abi = "abi3";
        }
        // wheels.${stdenv.hostPlatform.system}
      );
      nativeBuildInputs = [ autoPatchelfHook ];
      buildInputs = [ stdenv.cc.cc.lib ];
      dependencies = [ python3Packages.pyarrow ];
      pythonImportsCheck = [ "ptars" ];
    };

  # "boto3==1.44.5" → boto3
  nameOf = requirement: builtins.head (builtins.match "([A-Za-z0-9_.-]+).*" requirement);
  dependency = requirement: (python3Packages // { inherit ptars; }).${nameOf requirement};
in
python3Packages.buildPythonPackage {
  pname = project.name;
  inherit (project) version;
  pyproject = true;
  src = lib.fileset.toSource {
    root = ../.;
    fileset = lib.fileset.unions [
      ../pyproject.toml
      ../README.md
      ../service
    ];
  };
  # The pins are those of uv; nixpkgs has one version of each package, and all its packages agree on it.
  postPatch = "sed -i 's/\"hatchling==[^\"]*\"/\"hatchling\"/' pyproject.toml";
  pythonRelaxDeps = true;
  build-system = [ python3Packages.hatchling ];
  dependencies = map dependency project.dependencies;
  pythonImportsCheck = [ "paddock" ];
  # What a member of the team would do first: a simulated log becomes a MATLAB file.
  postInstallCheck = ''
    $out/bin/paddock simulate -o run.mcap
    $out/bin/paddock convert run.mcap
    test -s run.mat
  '';
  passthru = { inherit ptars; };
  meta = {
    inherit (project) description;
    mainProgram = "paddock";
    platforms = [
      "x86_64-linux"
      "aarch64-linux"
    ];
  };
}
