# nixpkgs, allowing the one package we use that is not free software: MongoDB's own server.
{ nixpkgs, system }:
import nixpkgs {
  inherit system;
  config.allowUnfreePredicate = package: nixpkgs.lib.getName package == "mongodb-ce";
}
