# One machine: a log is uploaded, converted, found, taken away; and all of it is there after the power went.
{ self }:
{
  name = "paddock-journey";

  nodes.machine =
    { pkgs, ... }:
    {
      imports = [ self.nixosModules.paddock ];
      services.paddock.enable = true;
      environment.systemPackages = [ pkgs.jq ];
      virtualisation.memorySize = 2048;
    };

  testScript = ''
    site = "--server http://127.0.0.1:8080"


    def is_there():
        machine.wait_for_unit("paddock-site.service")
        machine.wait_for_unit("paddock-worker.service")
        found = "curl --fail --silent 'http://127.0.0.1:8080/api/recordings?driver=Adam'"
        return machine.succeed(f"{found} | jq --exit-status --raw-output '.items[0].id'").strip()


    machine.wait_for_unit("paddock-site.service")
    machine.succeed("paddock simulate -o /tmp/run.mcap")
    machine.succeed(f"paddock upload --wait --set driver=Adam {site} /tmp/run.mcap")
    recording = is_there()
    machine.succeed(f"paddock export {recording} -o /tmp/run.mat {site}", "test -s /tmp/run.mat")

    machine.fail("sudo -u nobody cat /var/lib/paddock/site/paddock.sqlite")
    machine.crash()
    machine.start()
    assert is_there() == recording
    machine.succeed("sudo paddock health")
  '';
}
