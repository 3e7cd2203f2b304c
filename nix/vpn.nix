# The server's end of the tunnels. Who is let in stands in the peers file, which `paddock vpn` and the site's members
# page write; `paddock vpn sync` makes the kernel follow.
{
  lib,
  config,
  pkgs,
  ...
}:
let
  cfg = config.services.paddock;
  names = lib.importJSON ./names.json;
  hardening = import ./hardening.nix;
  volume = names.dataVolume.mount;
  members = "${volume}/members";
  peers = "${members}/peers";
in
{
  imports = [
    ./firewall.nix
    ./proxy.nix
  ];

  options.services.paddock.vpn.enable = lib.mkEnableOption ''
    the team's VPN as the only way in: tunnels, packet filter, and the site with TLS at the server's addresses there
  '';

  config = lib.mkIf (cfg.enable && cfg.vpn.enable) {
    services.paddock.settings = {
      PADDOCK_PEERS_FILE = lib.mkDefault peers;
      PADDOCK_VPN_DIRECTORY = lib.mkDefault "${volume}/vpn";
      PADDOCK_VPN_NETWORKS = lib.mkDefault (lib.concatStringsSep ", " names.vpn.networks);
    };
    boot.kernelModules = [ "wireguard" ];

    systemd.services.paddock-vpn = {
      description = "The team's VPN, as its peers file says";
      wantedBy = [ "multi-user.target" ];
      after = [ "nftables.service" ];
      before = [ "paddock-site.service" ];
      path = [
        pkgs.iproute2
        pkgs.wireguard-tools
      ];
      unitConfig = {
        RequiresMountsFor = volume;
        # The way to mend everything else is tried again for ever.
        StartLimitIntervalSec = 0;
      };
      serviceConfig = hardening // {
        Type = "notify";
        NotifyAccess = "main";
        Restart = "always";
        RestartSec = 2;
        WatchdogSec = "1min";
        # The VPN is the way to mend everything else, so it needs nothing else: not what AWS says, no database.
        EnvironmentFile = map (file: "-${file}") cfg.environmentFiles;
        ExecStartPre = "+${pkgs.coreutils}/bin/install -d -m 0750 -o ${cfg.user} -g ${cfg.group} ${members}";
        ExecStart = "${lib.getExe cfg.package} vpn sync --follow";
        StateDirectory = "paddock/vpn";
        ReadWritePaths = volume;
        # What the hardening takes from all, and this one needs: root, who sets an interface and hands files over.
        PrivateUsers = false;
        CapabilityBoundingSet = "CAP_NET_ADMIN CAP_CHOWN CAP_DAC_OVERRIDE";
        RestrictAddressFamilies = [
          "AF_UNIX"
          "AF_NETLINK"
        ];
        # No IPAddressDeny: the kernel's socket of the tunnels belongs to whoever brings the interface up.
        SystemCallFilter = [
          "@system-service"
          "~@resources"
        ];
        TimeoutStartSec = "1min";
      };
    };
    systemd.services.paddock-site.serviceConfig.ReadWritePaths = [ "-${members}" ];
  };
}
