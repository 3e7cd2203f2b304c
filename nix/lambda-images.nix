# The images of lambdas/, one archive per function, for `docker load` or `skopeo copy docker-archive:…`.
{
  lib,
  callPackage,
  dockerTools,
  linkFarm,
  python3Packages,
  runCommand,
}:
let
  paddock = callPackage ./package.nix { };
  powertools = python3Packages.buildPythonPackage rec {
    pname = "aws-lambda-powertools";
    version = "3.37.0";
    format = "wheel";
    src = python3Packages.fetchPypi {
      pname = "aws_lambda_powertools";
      inherit version format;
      dist = "py3";
      python = "py3";
      hash = "sha256-kt8/eQhRowz7XtRf+OEfLem3TmCu0BadKmttojYrRfs=";
    };
    dependencies = [
      python3Packages.jmespath
      python3Packages.typing-extensions
    ];
    pythonImportsCheck = [ "aws_lambda_powertools" ];
  };
  python = python3Packages.python.withPackages (packages: [
    paddock
    powertools
    packages.awslambdaric
  ]);
  image =
    name:
    let
      task = runCommand "paddock-${name}-task" { } ''
        mkdir -p $out/var/task
        cp ${../lambdas/batch.py} $out/var/task/batch.py
        cp ${../lambdas + "/${name}/handler.py"} $out/var/task/handler.py
      '';
    in
    dockerTools.buildLayeredImage {
      name = "paddock-${name}";
      tag = paddock.version;
      contents = [
        task
        dockerTools.caCertificates
      ];
      config = {
        Entrypoint = [
          "${python}/bin/python"
          "-m"
          "awslambdaric"
        ];
        Cmd = [ "handler.handler" ];
        WorkingDir = "/var/task";
      };
    };
in
linkFarm "paddock-lambda-images" (
  lib.genAttrs [
    "ingest"
    "export"
  ] image
)
