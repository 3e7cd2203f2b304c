# nixosConfigurations.base-station: a small PC beside the track. The team's own facts are in team.nix.
{ ... }:
{
  imports = [ ./team.nix ];
  networking.hostName = "base-station";
  services.paddock.station = {
    enable = true;
    folder = "/srv/logs";
    server = "https://10.77.0.1";
  };
  fileSystems."/" = {
    device = "/dev/disk/by-label/nixos";
    fsType = "ext4";
  };
  boot.loader.systemd-boot.enable = true;
  boot.loader.efi.canTouchEfiVariables = true;
  system.stateVersion = "26.05";
}
