# nginx before the site, at the server's addresses in the VPN, with TLS: proxy.conf with the names of names.json.
{
  lib,
  config,
  pkgs,
  ...
}:
let
  cfg = config.services.paddock.vpn;
  names = lib.importJSON ./names.json;
  rendered = import ./rendered.nix { inherit lib; };
  credentials = "/run/credentials/nginx.service";
  port = config.services.paddock.settings.PADDOCK_PORT;
in
{
  options.services.paddock.vpn = {
    certificate = lib.mkOption {
      type = lib.types.externalPath;
      default = "${names.dataVolume.mount}/vpn/site.crt";
      description = ''
        The site's certificate with those above it (PEM). By default that of the VPN's own authority, which members'
        browsers have to trust; a team with a name of its own puts that name's here, and PADDOCK_PUBLIC_URL says it.
      '';
    };
    certificateKey = lib.mkOption {
      type = lib.types.externalPath;
      default = "${names.dataVolume.mount}/vpn/site.key";
      description = "Its private key.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.paddock.settings = {
      PADDOCK_PUBLIC_URL = lib.mkDefault (
        if config.services.paddock.names.site == null then
          names.site
        else
          "https://${config.services.paddock.names.site}"
      );
      PADDOCK_TRUSTED_PROXIES = lib.mkDefault "127.0.0.1";
    };
    services.nginx = {
      enable = true;
      # Where it is built there is neither the certificate nor the VPN.
      validateConfigFile = false;
      config = rendered ./proxy.conf {
        server4 = names.vpn.address;
        server6 = names.vpn.address6;
        site = if port == null then 8080 else port;
        certificate = "${credentials}/site.crt";
        key = "${credentials}/site.key";
      };
    };
    systemd.services.nginx = {
      wants = [ "paddock-vpn.service" ];
      after = [ "paddock-vpn.service" ];
      serviceConfig.LoadCredential = [
        "site.crt:${cfg.certificate}"
        "site.key:${cfg.certificateKey}"
      ];
    };
    # What it was given when it started it keeps; a reload would not show it a new certificate.
    systemd.paths.paddock-proxy-certificate = {
      description = "Whether the site has a new certificate";
      wantedBy = [ "multi-user.target" ];
      pathConfig.PathChanged = cfg.certificate;
    };
    systemd.services.paddock-proxy-certificate = {
      description = "Show the proxy its new certificate";
      serviceConfig = import ./hardening.nix // {
        Type = "oneshot";
        ExecStart = "${pkgs.systemd}/bin/systemctl try-restart nginx.service";
      };
    };
  };
}
