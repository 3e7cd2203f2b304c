# What somebody who works on Paddock needs: `nix develop`, then README's commands.
{
  mkShell,
  uv,
  python3,
  octave,
  chromium,
  go,
  nodejs,
  typescript,
  nixfmt,
  deadnix,
  awscli2,
}:
mkShell {
  packages = [
    uv
    python3
    octave
    chromium
    go
    nodejs
    typescript
    nixfmt
    deadnix
    awscli2
  ];
  # uv's own Pythons are built for other systems than NixOS.
  env.UV_PYTHON_DOWNLOADS = "never";
}
