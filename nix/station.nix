# nixosConfigurations.base-station: a small PC beside the track, which is a member of the VPN as an engineer's laptop is.
{ lib, ... }:
let
  names = lib.importJSON ./names.json;
in
{
  imports = [ ./team.nix ];

  networking.hostName = "base-station";
  system.stateVersion = "26.05";

  services.paddock.station = {
    enable = true;
    # Cars are added as sftp://user@host/path or http://host:port/, and a Paddock on this machine before the team's.
    sources = [ "/srv/logs" ];
    servers = [ names.site ];
    authorityFile = "/etc/paddock/authority.pem";
  };

  # What `paddock vpn add base-station` printed, kept on the machine.
  networking.wg-quick.interfaces.paddock.configFile = "/etc/paddock/vpn.conf";

  fileSystems."/" = {
    device = "/dev/disk/by-label/nixos";
    fsType = "ext4";
  };
  fileSystems."/boot" = {
    device = "/dev/disk/by-label/ESP";
    fsType = "vfat";
  };
  boot.loader.systemd-boot.enable = true;
  boot.loader.efi.canTouchEfiVariables = true;
}
