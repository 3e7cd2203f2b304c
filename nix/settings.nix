# `services.paddock.settings`, typed by settings.json, which is written from service/paddock/settings.py.
{
  lib,
  config,
  pkgs,
  ...
}:
let
  cfg = config.services.paddock;
  table = lib.importJSON ./settings.json;
  kinds = {
    bool = lib.types.bool;
    int = lib.types.int;
    str = lib.types.str;
    path = lib.types.externalPath;
    enum = lib.types.str;
  };
  typed = lib.filterAttrs (_: setting: !setting.secret) table;
  option =
    setting:
    lib.mkOption {
      type = lib.types.nullOr (
        if setting ? choices then lib.types.enum setting.choices else kinds.${setting.kind}
      );
      default = null;
      description = setting.help;
    };

  given = lib.filterAttrs (_: value: value != null) cfg.settings;
  secret = name: table ? ${name} && table.${name}.secret;
  # PADDOCK_SECRET_FILE says where a secret is, which is none.
  placeOfSecret = name: lib.hasSuffix "_FILE" name && secret (lib.removeSuffix "_FILE" name);
  unknown = lib.filter (name: !(table ? ${name}) && !(placeOfSecret name)) (lib.attrNames given);
  nearest =
    name:
    lib.head (
      lib.sort (a: b: lib.strings.levenshtein name a < lib.strings.levenshtein name b) (
        lib.attrNames table
      )
    );

  text = value: if lib.isBool value then lib.boolToString value else toString value;
  # systemd's own way to quote: within double quotes a backslash keeps the next character.
  line = name: value: ''${name}="${lib.escape [ "\\" "\"" "$" "`" ] (text value)}"'';
  file = pkgs.writeText "paddock.env" (
    lib.concatStrings (lib.mapAttrsToList (name: value: line name value + "\n") given)
  );
  # A setting that Paddock would refuse at its start fails the build instead.
  checked = pkgs.runCommand "paddock.env" { } ''
    ${lib.getExe cfg.package} config check ${file}
    cp ${file} $out
  '';
in
{
  options.services.paddock = {
    settings = lib.mkOption {
      type = lib.types.submodule {
        freeformType = lib.types.attrsOf lib.types.anything;
        options = lib.mapAttrs (_: option) typed;
      };
      default = { };
      example = {
        PADDOCK_PORT = 8080;
      };
      description = "Paddock's settings, by the names of README's table. Secrets belong into `secretsFile`.";
    };

    secretsFile = lib.mkOption {
      type = lib.types.nullOr (lib.types.either lib.types.str lib.types.path);
      default = null;
      example = "/var/lib/secrets/paddock.env";
      description = ''
        A file on the machine with lines such as `PADDOCK_MONGODB_URL=mongodb://…`, read by systemd when a unit
        starts. Written as a string: a path literal would be copied into the store, which everybody can read.
      '';
    };

    environmentFiles = lib.mkOption {
      type = lib.types.listOf lib.types.str;
      default = [ ];
      internal = true;
      description = "All files that the units take settings from; a later one wins.";
    };
  };

  config = lib.mkIf cfg.enable {
    services.paddock.environmentFiles = lib.mkMerge [
      (lib.mkBefore [ "${checked}" ])
      (lib.mkIf (cfg.secretsFile != null) (lib.mkAfter [ (toString cfg.secretsFile) ]))
    ];
    assertions =
      map (name: {
        assertion = false;
        message = "services.paddock.settings.${name} is no setting of Paddock. Did you mean ${nearest name}?";
      }) unknown
      ++ map (name: {
        assertion = false;
        message =
          "services.paddock.settings.${name} is a secret, and everybody on the machine can read the Nix store: "
          + "put the line ${name}=… into the file that services.paddock.secretsFile names.";
      }) (lib.filter secret (lib.attrNames given))
      ++ [
        {
          assertion =
            cfg.secretsFile == null
            || lib.isString cfg.secretsFile && !(lib.hasPrefix builtins.storeDir cfg.secretsFile);
          message =
            "services.paddock.secretsFile must be a string such as \"/var/lib/secrets/paddock.env\": a path literal "
            + "is copied into the Nix store, where everybody on the machine can read it.";
        }
      ];
  };
}
