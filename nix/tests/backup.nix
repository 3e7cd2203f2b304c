# Backup, wipe, restore: every document is there again, and originals that the mirror kept.
{ self }:
{
  name = "paddock-backup";

  nodes.machine =
    { pkgs, ... }:
    {
      imports = [ self.nixosModules.paddock ];
      services.paddock.enable = true;
      environment.systemPackages = [ pkgs.jq ];
      virtualisation.memorySize = 2048;
      systemd.tmpfiles.rules = [ "d /var/backup 0700 paddock paddock" ];
    };

  testScript = ''
    def documents():
        api = "http://127.0.0.1:8080/api/recordings?fields=id,name,metadata,status"
        machine.wait_for_unit("paddock-site.service")
        return machine.succeed(f"curl --fail --silent '{api}' | jq --sort-keys .items")


    machine.wait_for_unit("paddock-site.service")
    for number in range(3):
        machine.succeed(f"paddock simulate --seed {number} -o /tmp/{number}.mcap")
    machine.succeed("paddock upload --wait --set driver=Adam --server http://127.0.0.1:8080 /tmp")
    before = documents()
    machine.succeed("sudo paddock backup create /var/backup/documents")
    machine.succeed("sudo paddock mirror /var/backup/originals")

    machine.succeed("systemctl stop paddock.target", "rm -r /var/lib/paddock/site")
    machine.succeed("sudo paddock backup restore --foreign /var/backup/documents || test $? = 3")
    machine.succeed("sudo paddock mirror --back /var/backup/originals")
    machine.succeed("systemctl start paddock.target")
    assert documents() == before
    machine.succeed("sudo paddock backup verify --all /var/backup/documents")
  '';
}
