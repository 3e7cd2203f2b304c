# What differs from team to team, for both machines. Edit this file in your copy of the repository; what AWS must know as
# well is in names.json and infra/cdk.json.
{ lib, config, ... }:
let
  # The lines of the id_ed25519.pub files of those who may log in, as `admin`, over the VPN.
  keys = [ ];
in
{
  users.users.admin = {
    isNormalUser = true;
    extraGroups = [ "wheel" ];
    openssh.authorizedKeys.keys = keys;
  };
  # Nobody has a password here: who has an admin's key is one.
  security.sudo.wheelNeedsPassword = false;
  warnings = lib.optional (
    keys == [ ]
  ) "nix/team.nix names no ssh key: nobody can log in to ${config.networking.hostName} over the VPN.";

  time.timeZone = "UTC";
}
