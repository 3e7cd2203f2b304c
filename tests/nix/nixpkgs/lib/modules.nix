# Modules: options, definitions, and the merging of both.
{ lib }:
let
  inherit (lib)
    all
    attrByPath
    attrNames
    concatLists
    concatStringsSep
    filter
    foldl'
    head
    id
    isAttrs
    isFunction
    isPath
    isString
    mapAttrs
    optional
    optionalAttrs
    removeAttrs
    sort
    toJSON
    toList
    types
    ;
  b = builtins;
  self = lib;
in
rec {
  # Definitions.
  mkIf = condition: content: {
    _type = "if";
    inherit condition content;
  };
  mkMerge = contents: {
    _type = "merge";
    inherit contents;
  };
  mkOverride = priority: content: {
    _type = "override";
    inherit priority content;
  };
  mkDefault = mkOverride 1000;
  mkForce = mkOverride 50;
  mkOptionDefault = mkOverride 1500;
  mkVMOverride = mkOverride 10;
  mkOrder = order: content: {
    _type = "order";
    inherit order content;
  };
  mkBefore = mkOrder 500;
  mkAfter = mkOrder 1500;
  mkOption = a: { _type = "option"; } // a;
  mkEnableOption =
    n:
    mkOption {
      type = types.bool;
      default = false;
      description = "Whether to enable ${n}.";
    };
  mkPackageOption =
    pkgs: n:
    {
      default ? n,
      ...
    }:
    mkOption {
      type = types.package;
      default = attrByPath (toList default) (throw "no package ${toString n}") pkgs;
    };
  mkRemovedOptionModule = _: _: { ... }: { };
  mkRenamedOptionModule = _: _: { ... }: { };
  isType = t: x: isAttrs x && (x._type or null) == t;
  # What a value of `mkIf`, `mkMerge`, `mkOverride`, `mkOrder` comes to: plain values, each with its priority and order.
  discharge =
    d:
    let
      v = d.value;
    in
    if isType "if" v then
      (if v.condition then discharge (d // { value = v.content; }) else [ ])
    else if isType "merge" v then
      concatLists (map (c: discharge (d // { value = c; })) v.contents)
    else if isType "override" v then
      discharge (
        d
        // {
          value = v.content;
          priority = v.priority;
        }
      )
    else if isType "order" v then
      discharge (
        d
        // {
          value = v.content;
          order = v.order;
        }
      )
    else
      [ d ];
  # The same pushed down to the attributes, so that which attributes there are does not hang on a condition.
  push =
    v:
    if isType "if" v then
      map (mapAttrs (_: mkIf v.condition)) (push v.content)
    else if isType "merge" v then
      concatLists (map push v.contents)
    else if isType "override" v then
      map (mapAttrs (_: mkOverride v.priority)) (push v.content)
    else if isType "order" v then
      map (mapAttrs (_: mkOrder v.order)) (push v.content)
    else
      [ v ];
  pushed = d: map (value: d // { inherit value; }) (push d.value);
  strongest =
    ds:
    let
      low = foldl' (a: d: if d.priority < a then d.priority else a) 9999 ds;
    in
    sort (a: c: a.order < c.order) (filter (d: d.priority == low) ds);
  show = concatStringsSep ".";
  files = ds: concatStringsSep ", " (map (d: toString d.file) ds);
  mergeOption =
    path: opt: defs0:
    let
      ds = strongest (
        concatLists (
          map discharge (
            defs0
            ++ optional (opt ? default) {
              value = opt.default;
              file = "default";
              priority = 1500;
              order = 1000;
            }
          )
        )
      );
      t = opt.type or types.anything;
      v =
        if ds == [ ] then
          (
            if t ? empty then
              t.empty
            else
              throw "The option `${show path}' was accessed but has no value defined."
          )
        else
          t.merge path ds;
    in
    (opt.apply or id) v;
  bad =
    path: t: d:
    throw "A definition for option `${show path}' is not of type `${t}'. In `${toString d.file}': ${toJSON' d.value}";
  toJSON' =
    v:
    let
      r = b.tryEval (if isFunction v then "<function>" else toJSON v);
    in
    if r.success then r.value else "…";
  one = name: check: {
    inherit name check;
    merge =
      path: ds:
      let
        d = head ds;
      in
      if !(all (x: check x.value || bad path name x) ds) then
        null
      else if builtins.length ds == 1 || all (x: x.value == d.value) ds then
        d.value
      else
        throw "The option `${show path}' has conflicting definitions: ${files ds}";
  };
  # Modules: imports, options, config; a definition for an option that nobody declared is an error.
  evalModules =
    {
      modules,
      specialArgs ? { },
      prefix ? [ ],
      ...
    }:
    let
      args = {
        lib = self;
        inherit config options;
      }
      // specialArgs;
      call =
        m:
        if isFunction m then
          m (
            if b.functionArgs m == { } then
              args
            else
              mapAttrs (n: _: args.${n} or (throw "a module asks for `${n}'")) (b.functionArgs m) // args
          )
        else
          m;
      load =
        file: m0:
        let
          f = if isPath m0 || isString m0 then m0 else file;
          m1 = call (if isPath m0 || isString m0 then import m0 else m0);
          at = m1._file or f;
          m =
            if m1 ? config || m1 ? options then
              m1
            else
              {
                config = removeAttrs m1 [
                  "imports"
                  "_file"
                  "freeformType"
                  "key"
                ];
                imports = m1.imports or [ ];
              }
              // optionalAttrs (m1 ? freeformType) { inherit (m1) freeformType; };
        in
        concatLists (map (load at) (m.imports or [ ]))
        ++ [
          {
            file = at;
            options = m.options or { };
            config = m.config or { };
            freeform = m.freeformType or (m.options._module.freeformType or null);
          }
        ];
      all' = concatLists (map (load "<module>") modules);
      freeform =
        let
          l = filter (x: x != null) (map (m: m.freeform) all');
        in
        if l == [ ] then null else head l;
      options = foldl' mergeDecl { } (map (m: m.options) all');
      mergeDecl =
        l: r:
        l
        // mapAttrs (
          n: v:
          if !(l ? ${n}) then
            v
          else if isType "option" l.${n} || isType "option" v then
            l.${n} // v
          else
            mergeDecl l.${n} v
        ) r;
      defs = concatLists (
        map (
          m:
          pushed {
            value = m.config;
            file = m.file;
            priority = 100;
            order = 1000;
          }
        ) all'
      );
      walk =
        path: opts: ds:
        let
          names = attrNames opts;
          given = concatLists (map (d: map (n: { inherit n d; }) (attrNames d.value)) ds);
          under =
            n: concatLists (map (d: if d.value ? ${n} then [ (d // { value = d.value.${n}; }) ] else [ ]) ds);
          extra = filter (x: !(opts ? ${x.n}) && x.n != "_module") given;
          known = mapAttrs (
            n: o:
            if isType "option" o then
              mergeOption (prefix ++ path ++ [ n ]) o (under n)
            else
              walk (path ++ [ n ]) o (concatLists (map pushed (under n)))
          ) opts;
        in
        if extra == [ ] then
          known
        else if freeform != null then
          freeform.merge (prefix ++ path) (
            map (d: d // { value = removeAttrs d.value (names ++ [ "_module" ]); }) ds
          )
          // known
        else
          throw "The option `${
            show (prefix ++ path ++ [ (head extra).n ])
          }' does not exist. Defined in `${toString (head extra).d.file}'.";
      config = walk [ ] options defs;
    in
    {
      inherit config options;
    };
}
