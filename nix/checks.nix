{ pkgs, self }:
{
  package = self.packages.${pkgs.stdenv.hostPlatform.system}.default;
}
