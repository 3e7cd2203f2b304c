# A text of this folder with its @names@ replaced. Such a text is run by the tests as it is here.
{ lib }:
file: values:
lib.replaceStrings (map (name: "@${name}@") (lib.attrNames values)) (map toString (
  lib.attrValues values
)) (builtins.readFile file)
