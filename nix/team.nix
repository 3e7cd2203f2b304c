# What differs from team to team, for both machines; infra/cdk.json has the rest. Edit this file in your clone.
{ ... }:
{
  # Who may log in over the VPN, as `admin`: the lines of your id_ed25519.pub files.
  users.users.admin.openssh.authorizedKeys.keys = [ ];
  time.timeZone = "UTC";
}
