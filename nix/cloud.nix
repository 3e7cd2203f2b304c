# nixosConfigurations.cloud: the EC2 machine of infra/host.py, arm64: VPN, MongoDB, site and worker, 2 GiB of memory.
{
  lib,
  config,
  pkgs,
  modulesPath,
  ...
}:
let
  names = lib.importJSON ./names.json;
  hardening = import ./hardening.nix;
  settings = "/run/paddock-cloud/settings.env";

in
{
  imports = [
    "${modulesPath}/virtualisation/amazon-image.nix"
    ./team.nix
  ];

  networking.hostName = "paddock";
  system.stateVersion = "26.05";

  services.paddock = {
    enable = true;
    environmentFiles = [ settings ];
    vpn.enable = true;
    # Into the backups' bucket, which the settings from AWS name.
    backup.enable = true;
    mongodb = {
      enable = true;
      # Where infra/ opens the port to the functions, and to nobody else.
      address = names.vpc.host;
      allowFrom = [ names.vpc.functions ];
    };
  };
  nixpkgs.config.allowUnfreePredicate = package: lib.getName package == "mongodb-ce";

  systemd.services.paddock-cloud-settings = {
    description = "What this machine's settings take from AWS";
    wants = [ "network-online.target" ];
    after = [ "network-online.target" ];
    # Not required: a unit whose requirement failed once is not tried again, and one without its settings is.
    wantedBy = [ "paddock-site.service" ];
    before = [
      "paddock-site.service"
      "paddock-worker.service"
      "paddock-broker.service"
      "paddock-recorder.service"
      "paddock-functions-url.service"
    ];
    path = [
      pkgs.curl
      pkgs.jq
    ];
    environment.NAMES = "${./names.json}";
    serviceConfig = hardening // {
      Type = "oneshot";
      RemainAfterExit = true;
      DynamicUser = true;
      RuntimeDirectory = "paddock-cloud";
      RuntimeDirectoryPreserve = true;
      ExecStart = "${lib.getExe pkgs.bash} ${./cloud-settings.sh}";
      Restart = "on-failure";
      RestartSec = 5;
    };
  };

  systemd.services.paddock-functions-url = {
    description = "The functions' way into the database, left where they read it";
    wantedBy = [ "paddock.target" ];
    requires = [ "paddock-cloud-settings.service" ];
    after = [ "paddock-mongodb-init.service" ];
    onFailure = [ "paddock-alert@%N.service" ];
    serviceConfig = hardening // {
      Type = "oneshot";
      DynamicUser = true;
      EnvironmentFile = settings;
      LoadCredential = "url:${names.dataVolume.mount}/mongodb-keys/functions-url";
      ExecStart = lib.concatStringsSep " " [
        "${pkgs.python3.withPackages (packages: [ packages.boto3 ])}/bin/python3"
        "${./hand_over_url.py}"
        "%d/url"
        "\${SECRETS_BUCKET}"
        names.mongodb.urlKey
      ];
    };
  };

  # What Athena answers from is at most an hour old (infra/season.py).
  systemd.timers.paddock-season = {
    wantedBy = [ "timers.target" ];
    timerConfig = {
      OnCalendar = "hourly";
      RandomizedDelaySec = "10min";
    };
  };
  systemd.services.paddock-season = {
    description = "The season's tables, as Athena and Glue know them";
    after = [
      "paddock-cloud-settings.service"
      "paddock-mongodb-init.service"
    ];
    inherit (config.services.paddock.common) environment;
    serviceConfig = config.services.paddock.common.serviceConfig // {
      Type = "oneshot";
      CPUWeight = 20;
      IOWeight = 20;
      MemoryMax = "25%";
      ExecStart = "${lib.getExe config.services.paddock.package} season --glue ${names.season}";
    };
    onFailure = [ "paddock-alert@%N.service" ];
  };

  # By label, and never made here: whoever formats the volume of a race team does it knowingly. Without the volume the
  # machine starts all the same, so that somebody can look; what is Paddock's does not, and writes nothing beside it.
  fileSystems.${names.dataVolume.mount} = {
    device = "/dev/disk/by-label/${names.dataVolume.label}";
    fsType = "ext4";
    options = [
      "nofail"
      "x-systemd.device-timeout=30s"
      "noatime"
    ];
  };
  environment.systemPackages = [
    (pkgs.writeShellApplication {
      name = "paddock-format-data-volume";
      runtimeInputs = [
        pkgs.util-linux
        pkgs.e2fsprogs
        pkgs.gawk
        pkgs.systemd
      ];
      text = "LABEL=${names.dataVolume.label}\n" + builtins.readFile ./format-data-volume.sh;
    })
  ];

  # Memory that is seldom used is compressed; a swap file would wear and bill the volume.
  zramSwap.enable = true;

  # The first boot became this configuration (infra/host.py); no later one asks AWS what the machine should be.
  virtualisation.amazon-init.enable = false;

  # Nobody wants a new kernel or a new MongoDB in the week of an event, and a machine of 2 GiB that builds by itself in
  # the middle of a conversion. Updating is one command of a person, and so is rolling back (infra/README.md).
  system.autoUpgrade.enable = false;
  nix = {
    settings = {
      experimental-features = [
        "nix-command"
        "flakes"
      ];
      # Who may become root may bring what was built elsewhere.
      trusted-users = [
        "root"
        "@wheel"
      ];
      auto-optimise-store = true;
    };
    # The last month can be rolled back to.
    gc = {
      automatic = true;
      dates = "weekly";
      options = "--delete-older-than 30d";
    };
  };

  # ssh answers inside the VPN alone (firewall.nft). On the day on which the VPN is broken there is Session Manager.
  services.openssh = {
    enable = true;
    openFirewall = false;
    settings = {
      PasswordAuthentication = false;
      KbdInteractiveAuthentication = false;
      PermitRootLogin = lib.mkForce "no";
    };
  };
  services.amazon-ssm-agent.enable = true;

  services.journald.extraConfig = "SystemMaxUse=1G";
}
