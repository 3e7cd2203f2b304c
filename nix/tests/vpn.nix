# A server, a member and a stranger: the member in through the tunnel and TLS, everybody else out.
{ self }:
let
  client =
    { pkgs, ... }:
    {
      environment.systemPackages = [
        pkgs.wireguard-tools
        pkgs.curl
      ];
    };
in
{
  name = "paddock-vpn";

  nodes = {
    server = {
      imports = [ self.nixosModules.paddock ];
      services.paddock = {
        enable = true;
        vpn.enable = true;
        settings.PADDOCK_VPN_ENDPOINT = "server";
      };
      virtualisation.memorySize = 2048;
    };
    member = client;
    stranger = client;
  };

  testScript = ''
    start_all()
    server.wait_for_unit("paddock-vpn.service")
    server.wait_for_unit("paddock-site.service")
    server.wait_for_unit("nginx.service")

    tunnel = server.succeed("sudo paddock vpn add Adam 2>/dev/null")
    authority = server.succeed("sudo paddock vpn certificate")
    member.succeed(f"umask 077; cat >/root/adam.conf <<'END'\n{tunnel}\nEND\n")
    member.succeed(f"cat >/root/ca.crt <<'END'\n{authority}\nEND\n")
    member.succeed("wg-quick up /root/adam.conf")

    for site in ("10.77.0.1", "[fd77:7061:6464::1]"):
        page = f"curl --silent --fail --max-time 5 --cacert /root/ca.crt https://{site}/"
        member.wait_until_succeeds(f"{page} | grep Adam", timeout=60)

    door = "curl --silent --insecure --max-time 3"
    for machine in (member, stranger):
        machine.fail(f"{door} https://server/")
        machine.fail(f"{door} http://server:8080/")
    member.fail(f"{door} http://10.77.0.1:8080/")
    stranger.succeed("ip route add 10.77.0.0/24 via $(getent ahostsv4 server | awk 'NR == 1 {print $1}')")
    stranger.fail(f"{door} https://10.77.0.1/")

    server.succeed("sudo paddock vpn remove Adam")
    member.wait_until_fails(f"{door} https://10.77.0.1/", timeout=60)
  '';
}
