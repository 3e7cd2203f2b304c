# The documents' database on this machine: MongoDB's own server, hardened, on loopback and one address of the VPC.
{
  lib,
  config,
  pkgs,
  ...
}:
let
  cfg = config.services.paddock.mongodb;
  hardening = import ./hardening.nix;
  names = lib.importJSON ./names.json;
  port = toString names.mongodb.port;
  addresses = [ "127.0.0.1" ] ++ lib.optional (cfg.address != null) cfg.address;
  keys = "/var/lib/paddock/mongodb-keys";
  python = pkgs.python3.withPackages (packages: [ packages.pymongo ]);

  common = hardening // {
    User = "mongodb";
    Group = "mongodb";
    IPAddressDeny = "any";
    IPAddressAllow = [ "localhost" ] ++ cfg.allowFrom;
  };
in
{
  options.services.paddock.mongodb = {
    enable = lib.mkEnableOption "a MongoDB for Paddock on this machine; leave it off where you give a URL";

    package = lib.mkOption {
      type = lib.types.package;
      default = pkgs.mongodb-ce;
      defaultText = lib.literalExpression "pkgs.mongodb-ce";
      description = "The MongoDB that runs.";
    };

    address = lib.mkOption {
      type = lib.types.nullOr lib.types.str;
      default = null;
      example = "10.20.0.10";
      description = "The address, besides loopback, on which the functions reach it.";
    };

    allowFrom = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      example = [ "10.20.0.0/24" ];
      description = "Networks that may ask it, besides this machine.";
    };
  };

  config = lib.mkIf (config.services.paddock.enable && cfg.enable) {
    assertions = [
      {
        assertion = (config.services.paddock.settings.PADDOCK_MONGODB_URL_FILE or null) == null;
        message =
          "services.paddock.mongodb.enable runs a database here, and PADDOCK_MONGODB_URL_FILE names another one: "
          + "leave one of the two out.";
      }
    ];

    services.paddock.credentials.PADDOCK_MONGODB_URL_FILE = "${keys}/site-url";

    users.users.mongodb = {
      isSystemUser = true;
      group = "mongodb";
    };
    users.groups.mongodb = { };

    systemd.services.paddock-mongodb-keys = {
      description = "Keys, certificates and passwords of Paddock's database";
      path = [
        pkgs.openssl
        pkgs.coreutils
      ];
      environment = {
        ADDRESSES = lib.concatStringsSep " " addresses;
        PORT = port;
      };
      onFailure = [ "paddock-alert@%N.service" ];
      serviceConfig = common // {
        Type = "oneshot";
        ExecStart = "${pkgs.bash}/bin/bash ${./mongodb-keys.sh}";
        StateDirectory = "paddock/mongodb-keys";
        StateDirectoryMode = "0700";
      };
    };

    systemd.services.paddock-mongodb = {
      description = "Paddock's database";
      wantedBy = [ "paddock.target" ];
      partOf = [ "paddock.target" ];
      wants = [ "network-online.target" ];
      requires = [ "paddock-mongodb-keys.service" ];
      after = [
        "network-online.target"
        "paddock-mongodb-keys.service"
      ];
      unitConfig.StartLimitIntervalSec = 0;
      serviceConfig = common // {
        Type = "exec";
        ExecStart = lib.escapeShellArgs [
          "${cfg.package}/bin/mongod"
          "--dbpath=/var/lib/paddock/mongodb"
          "--bind_ip=${lib.concatStringsSep "," addresses}"
          "--port=${port}"
          "--nounixsocket"
          "--replSet=paddock"
          "--keyFile=%d/key"
          "--tlsMode=requireTLS"
          "--tlsCertificateKeyFile=%d/server.pem"
          "--tlsCAFile=%d/ca.pem"
          "--tlsAllowConnectionsWithoutCertificates"
          # Left to itself it takes half of the memory for its cache, where site and worker live too.
          "--wiredTigerCacheSizeGB=0.25"
          "--noscripting"
        ];
        ExecStopPost = "+${config.services.paddock.tellOfCrash} %N";
        LoadCredential = map (name: "${name}:${keys}/${name}") [
          "key"
          "server.pem"
          "ca.pem"
        ];
        StateDirectory = "paddock/mongodb";
        StateDirectoryMode = "0700";
        Restart = "always";
        RestartSec = 2;
        # A checkpoint and the journal of a busy database.
        TimeoutStopSec = "2min";
        LimitNOFILE = 64000;
        CPUWeight = 500;
        IOWeight = 500;
        MemoryMax = "50%";
        OOMScoreAdjust = -600;
        # It asks the kernel for its addresses and for the machine's memory.
        RestrictAddressFamilies = hardening.RestrictAddressFamilies ++ [ "AF_NETLINK" ];
        ProcSubset = "all";
        # Its program was not made by us; see infra/README.md about what could be run in our tests.
        MemoryDenyWriteExecute = false;
      };
    };

    systemd.services.paddock-mongodb-init = {
      description = "Replica set and users of Paddock's database";
      wantedBy = [ "paddock.target" ];
      requires = [ "paddock-mongodb.service" ];
      after = [ "paddock-mongodb.service" ];
      onFailure = [ "paddock-alert@%N.service" ];
      serviceConfig = common // {
        Type = "oneshot";
        RemainAfterExit = true;
        ExecStart = "${python}/bin/python3 ${./mongodb_init.py} ${keys} ${port}";
        ReadOnlyPaths = keys;
        Restart = "on-failure";
        RestartSec = 5;
      };
    };
  };
}
