# nixosConfigurations.cloud: the EC2 machine of infra/host.py, arm64.
{ modulesPath, ... }:
let
  names = builtins.fromJSON (builtins.readFile ./names.json);
in
{
  imports = [
    "${modulesPath}/virtualisation/amazon-image.nix"
    ./team.nix
  ];
  networking.hostName = "paddock";
  services.paddock.enable = true;

  # By label, and never made here: whoever formats the volume of a race team does it knowingly.
  fileSystems."/var/lib/paddock" = {
    device = "/dev/disk/by-label/${names.dataVolume.label}";
    fsType = "ext4";
    options = [
      "nofail"
      "x-systemd.device-timeout=30s"
    ];
  };
  zramSwap.enable = true;
  system.stateVersion = "26.05";
}
