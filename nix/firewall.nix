# The only packet filter of a machine that serves the VPN: firewall.nft with the names of names.json.
{ lib, config, ... }:
let
  names = lib.importJSON ./names.json;
  rendered = import ./rendered.nix { inherit lib; };
in
{
  config = lib.mkIf config.services.paddock.vpn.enable {
    # NixOS's own would drop what ours lets in.
    networking.firewall.enable = false;
    networking.nftables = {
      enable = true;
      ruleset = rendered ./firewall.nft {
        vpn4 = lib.elemAt names.vpn.networks 0;
        vpn6 = lib.elemAt names.vpn.networks 1;
        server4 = names.vpn.address;
        server6 = names.vpn.address6;
        inherit (names.vpn) port;
        inherit (names.vpc) functions;
        mongodb = names.mongodb.port;
        mqtt = names.mqtt.port;
        world = lib.optionalString config.services.paddock.mqtt.public "tcp dport ${toString names.mqtt.tlsPort} accept";
      };
    };
  };
}
