# The types of options: what each takes, and how several definitions become one value.
{ lib }:
let
  inherit (lib)
    all
    any
    concatLists
    concatStringsSep
    elem
    elemAt
    filter
    hasPrefix
    head
    isAttrs
    isBool
    isFunction
    isInt
    isList
    isPath
    isString
    last
    length
    mapAttrs
    filterAttrs
    toJSON
    toList
    isDerivation
    evalModules
    ;
  b = builtins;
  inherit (import ./modules.nix { inherit lib; })
    bad
    discharge
    one
    strongest
    ;
in
rec {
  bool = one "boolean" isBool;
  int = one "signed integer" isInt;
  str = one "string" (x: isString x || isDerivation x);
  float = one "float" b.isFloat;
  number = one "number" (x: isInt x || b.isFloat x);
  between =
    lo: hi: one "integer between ${toString lo} and ${toString hi}" (x: isInt x && x >= lo && x <= hi);
  port = between 0 65535;
  ints = {
    inherit between;
    u16 = port;
    positive = between 1 9223372036854775807;
    unsigned = between 0 9223372036854775807;
  };
  nonEmptyStr = one "non-empty string" (x: isString x && x != "");
  strMatching = re: one "string matching ${re}" (x: isString x && b.match re x != null);
  enum = vs: one "one of ${toJSON vs}" (x: elem x vs);
  path = one "absolute path" (x: isPath x || (isString x && hasPrefix "/" x) || isDerivation x);
  package = one "package" (x: isDerivation x || isPath x);
  raw = one "raw value" (_: true);
  externalPath = one "path outside the store" (
    x: isString x && hasPrefix "/" x && !(hasPrefix "/nix/store" x)
  );
  pathInStore = path;
  lines = {
    name = "lines";
    check = isString;
    merge =
      p: ds: concatStringsSep "\n" (map (d: if isString d.value then d.value else bad p "lines" d) ds);
  };
  commas = lines;
  envVar = lines;
  separatedString = sep: lines // { merge = _: ds: concatStringsSep sep (map (d: d.value) ds); };
  nullOr = t: {
    name = "null or ${t.name}";
    check = x: x == null || t.check x;
    merge =
      p: ds:
      if all (d: d.value == null) ds then
        null
      else if all (d: t.check d.value) ds then
        t.merge p ds
      else
        bad p "null or ${t.name}" (head ds);
  };
  listOf = t: {
    name = "list of ${t.name}";
    check = isList;
    empty = [ ];
    merge =
      p: ds:
      concatLists (
        map (
          d:
          if !isList d.value then
            bad p "list" d
          else
            b.genList (i: t.merge (p ++ [ "[${toString i}]" ]) [ (d // { value = elemAt d.value i; }) ]) (
              length d.value
            )
        ) ds
      );
  };
  attrsOf = t: {
    name = "attribute set of ${t.name}";
    check = isAttrs;
    empty = { };
    merge =
      p: ds:
      let
        ok = all (d: isAttrs d.value || bad p "attribute set" d) ds;
      in
      b.seq ok (
        mapAttrs (_: x: x) (
          filterAttrs (_: x: x != dropped) (
            b.zipAttrsWith
              (
                n: xs:
                let
                  l = strongest (concatLists (map discharge xs));
                in
                if l == [ ] then dropped else t.merge (p ++ [ n ]) l
              )
              (
                map (
                  d:
                  mapAttrs (_: value: {
                    inherit value;
                    inherit (d) file;
                    priority = 100;
                    order = 1000;
                  }) d.value
                ) ds
              )
          )
        )
      );
  };
  lazyAttrsOf = attrsOf;
  attrs = attrsOf anything;
  dropped = {
    _type = "dropped";
  };
  oneOf = ts: {
    name = concatStringsSep " or " (map (t: t.name) ts);
    check = x: any (t: t.check x) ts;
    merge =
      p: ds:
      let
        t = filter (t: all (d: t.check d.value) ds) ts;
      in
      if t == [ ] then
        bad p (concatStringsSep " or " (map (t: t.name) ts)) (head ds)
      else
        (head t).merge p ds;
  };
  either =
    a: c:
    oneOf [
      a
      c
    ];
  coercedTo =
    f: c: t:
    t
    // {
      check = x: f.check x || t.check x;
      merge = p: ds: t.merge p (map (d: if f.check d.value then d // { value = c d.value; } else d) ds);
    };
  submodule = m: {
    name = "submodule";
    check = x: isAttrs x || isFunction x;
    empty =
      (evalModules {
        modules = toList m;
        prefix = [ ];
      }).config;
    merge =
      p: ds:
      (evalModules {
        modules =
          toList m
          ++ map (
            d:
            if isFunction d.value then
              d.value
            else
              {
                _file = d.file;
                config = d.value;
              }
          ) ds;
        prefix = p;
        specialArgs.name = last p;
      }).config;
  };
  submoduleWith = { modules, ... }: submodule modules;
  anything = {
    name = "anything";
    check = _: true;
    merge =
      p: ds:
      if all (d: isList d.value) ds then
        concatLists (map (d: d.value) ds)
      else if all (d: isAttrs d.value && !isDerivation d.value) ds then
        (attrsOf anything).merge p ds
      else
        (one "anything" (_: true)).merge p ds;
  };
}
