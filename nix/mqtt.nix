# Devices: what takes in what they send by MQTT, and what makes recordings of it. Members' devices reach it in the VPN;
# one option opens it to the world, with TLS under a name of its own, for devices on a mobile network.
{
  lib,
  config,
  pkgs,
  ...
}:
let
  cfg = config.services.paddock;
  names = lib.importJSON ./names.json;
  paddock = lib.getExe cfg.package;
  credentials = "/run/credentials/paddock-broker.service";
  inherit (cfg.mqtt) public;
in
{
  options.services.paddock = {
    names = {
      site = lib.mkOption {
        type = lib.types.nullOr lib.types.str;
        default = null;
        example = "paddock.example.org";
        description = ''
          The site's name, without https://. API (/api) and WebSockets are at the same one. Without, the site goes by
          its address in the VPN, or by what PADDOCK_PUBLIC_URL says.
        '';
      };
      mqtt = lib.mkOption {
        type = lib.types.nullOr lib.types.str;
        default = names.mqtt.name;
        defaultText = lib.literalExpression "that of names.json, which AWS knows as well";
        example = "mqtt.example.org";
        description = "The name by which devices reach this machine with MQTT.";
      };
    };

    mqtt = {
      enable = lib.mkOption {
        type = lib.types.bool;
        default = true;
        description = "Whether devices may send by MQTT: to this machine alone, or to members where there is the VPN.";
      };
      public = lib.mkOption {
        type = lib.types.bool;
        default = names.mqtt.name != null;
        defaultText = lib.literalExpression "whether names.json names it";
        description = ''
          Whether devices reach it from everywhere: with TLS, on port ${toString names.mqtt.tlsPort}, under
          names.mqtt. Only a device's own token lets it in, and each address connects so often.
        '';
      };
      certificate = lib.mkOption {
        type = lib.types.externalPath;
        default = "/var/lib/acme/${toString cfg.names.mqtt}/fullchain.pem";
        defaultText = lib.literalExpression "that of security.acme for names.mqtt";
        description = "Certificate of names.mqtt with those above it (PEM); a new one is taken up by itself.";
      };
      certificateKey = lib.mkOption {
        type = lib.types.externalPath;
        default = "/var/lib/acme/${toString cfg.names.mqtt}/key.pem";
        defaultText = lib.literalExpression "that of security.acme for names.mqtt";
        description = "Its private key.";
      };
    };
  };

  config = lib.mkIf (cfg.enable && cfg.mqtt.enable) {
    assertions = [
      {
        assertion = !public || cfg.names.mqtt != null;
        message = "services.paddock.mqtt.public needs the name for which there is a certificate: services.paddock.names.mqtt.";
      }
    ];

    services.paddock.settings = lib.mkMerge [
      (lib.mkIf cfg.vpn.enable { PADDOCK_MQTT_HOST = lib.mkDefault names.vpn.address; })
      (lib.mkIf (cfg.names.site != null && !cfg.vpn.enable) {
        PADDOCK_PUBLIC_URL = lib.mkDefault "https://${cfg.names.site}";
      })
      (lib.mkIf (cfg.names.mqtt != null && !public) {
        PADDOCK_MQTT_PUBLIC_URL = lib.mkDefault "mqtt://${cfg.names.mqtt}:${toString names.mqtt.port}";
      })
      (lib.mkIf public {
        PADDOCK_MQTT_PUBLIC_URL = lib.mkDefault "mqtts://${toString cfg.names.mqtt}:${toString names.mqtt.tlsPort}";
        PADDOCK_MQTT_TLS_PORT = lib.mkDefault names.mqtt.tlsPort;
        PADDOCK_MQTT_TLS_HOST = lib.mkDefault "::";
        PADDOCK_MQTT_CERTIFICATE = lib.mkDefault "${credentials}/mqtt.crt";
        PADDOCK_MQTT_CERTIFICATE_KEY = lib.mkDefault "${credentials}/mqtt.key";
      })
    ];

    networking.firewall.allowedTCPPorts = lib.mkIf (public && !cfg.vpn.enable) [ names.mqtt.tlsPort ];

    systemd.services.paddock-broker = cfg.lasting // {
      description = "Paddock's MQTT endpoint, where devices send";
      inherit (cfg.common) environment;
      after =
        cfg.lasting.after
        ++ [ "paddock-site.service" ]
        ++ lib.optional cfg.vpn.enable "paddock-vpn.service";
      serviceConfig = cfg.lasting.serviceConfig // {
        ExecStart = "${paddock} broker";
        LoadCredential =
          cfg.lasting.serviceConfig.LoadCredential
          ++ lib.optionals public [
            "mqtt.crt:${cfg.mqtt.certificate}"
            "mqtt.key:${cfg.mqtt.certificateKey}"
          ];
        LimitNOFILE = 8192;
        TimeoutStartSec = "5min";
        TimeoutStopSec = 20;
        WatchdogSec = "1min";
        CPUWeight = 500;
        IOWeight = 500;
        MemoryMax = "30%";
        OOMScoreAdjust = -200;
        TasksMax = 64;
      };
    };

    systemd.services.paddock-recorder = cfg.lasting // {
      description = "Paddock's recorder: what devices send becomes recordings";
      inherit (cfg.common) environment;
      after = cfg.lasting.after ++ [ "paddock-site.service" ];
      serviceConfig = cfg.lasting.serviceConfig // {
        ExecStart = "${paddock} recorder";
        TimeoutStartSec = "5min";
        TimeoutStopSec = 30;
        WatchdogSec = "5min";
        CPUWeight = 200;
        IOWeight = 200;
        MemoryMax = "40%";
        TasksMax = 256;
      };
    };

    # A unit keeps what it was given when it started.
    systemd.paths.paddock-broker-certificate = lib.mkIf public {
      description = "Whether MQTT has a new certificate";
      wantedBy = [ "multi-user.target" ];
      pathConfig.PathChanged = cfg.mqtt.certificate;
    };
    systemd.services.paddock-broker-certificate = lib.mkIf public {
      description = "Show devices the new certificate";
      serviceConfig = import ./hardening.nix // {
        Type = "oneshot";
        ExecStart = "${pkgs.systemd}/bin/systemctl try-restart paddock-broker.service";
      };
    };
  };
}
