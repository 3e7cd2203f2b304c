# As much of nixpkgs' lib as our modules use, written for our tests: options, definitions, the merging of both.
let
  inherit (builtins) attrNames attrValues concatLists concatStringsSep elem elemAt filter foldl' head isAttrs isBool isFunction isInt isList isPath isString length listToAttrs map mapAttrs removeAttrs sort stringLength substring tail toJSON typeOf;
  b = builtins;
in rec {
  inherit (builtins) attrNames attrValues concatStringsSep concatLists concatMap elem elemAt filter foldl' genList hasAttr head isAttrs isBool isFunction isInt isList isString length listToAttrs map mapAttrs match replaceStrings split stringLength substring tail toJSON typeOf readFile fromJSON pathExists intersectAttrs functionArgs seq deepSeq trace;
  nameValuePair = name: value: { inherit name value; };
  genAttrs = names: f: listToAttrs (map (n: nameValuePair n (f n)) names);
  mapAttrs' = f: s: listToAttrs (map (n: f n s.${n}) (attrNames s));
  mapAttrsToList = f: s: map (n: f n s.${n}) (attrNames s);
  filterAttrs = p: s: listToAttrs (concatLists (map (n: if p n s.${n} then [ (nameValuePair n s.${n}) ] else [ ]) (attrNames s)));
  optional = c: x: if c then [ x ] else [ ]; optionals = c: x: if c then x else [ ];
  optionalString = c: x: if c then x else ""; optionalAttrs = c: x: if c then x else { };
  concatMapStringsSep = sep: f: l: concatStringsSep sep (map f l); concatMapStrings = f: l: concatStringsSep "" (map f l);
  concatStrings = concatStringsSep ""; boolToString = x: if x then "true" else "false"; fix = f: let x = f x; in x; id = x: x;
  escapeShellArg = s: let t = toString s; in if b.match "[[:alnum:],._+:@%/-]+" t != null then t else "'${replaceStrings [ "'" ] [ "'\\''" ] t}'";
  escapeShellArgs = concatMapStringsSep " " escapeShellArg; toList = x: if isList x then x else [ x ]; flatten = x: if isList x then concatLists (map flatten x) else [ x ];
  inherit (builtins) toString;
  hasPrefix = p: s: substring 0 (stringLength p) s == p; hasSuffix = p: s: stringLength s >= stringLength p && substring (stringLength s - stringLength p) (-1) s == p;
  removeSuffix = p: s: if hasSuffix p s then substring 0 (stringLength s - stringLength p) s else s; removePrefix = p: s: if hasPrefix p s then substring (stringLength p) (-1) s else s;
  splitString = sep: s: filter isString (b.split (replaceStrings [ "." "*" "+" ] [ "\\." "\\*" "\\+" ] sep) s); versionAtLeast = a: c: b.compareVersions a c != -1; versionOlder = a: c: b.compareVersions a c == -1;
  any = b.any; all = b.all; unique = foldl' (a: x: if elem x a then a else a ++ [ x ]) [ ]; last = l: elemAt l (length l - 1); zipAttrsWith = b.zipAttrsWith;
  recursiveUpdate = l: r: if isAttrs l && isAttrs r then l // mapAttrs (n: v: if l ? ${n} then recursiveUpdate l.${n} v else v) r else r;
  getExe = p: "${p}/bin/${p.meta.mainProgram or (throw "${p.name} has no meta.mainProgram")}"; getExe' = p: n: "${p}/bin/${n}"; makeBinPath = concatMapStringsSep ":" (p: "${p}/bin"); getName = p: (b.parseDrvName (p.name or p)).name;
  attrByPath = p: d: s: if p == [ ] then s else if isAttrs s && s ? ${head p} then attrByPath (tail p) d s.${head p} else d; hasAttrByPath = p: s: p == [ ] || (isAttrs s && s ? ${head p} && hasAttrByPath (tail p) s.${head p});
  setAttrByPath = p: v: if p == [ ] then v else { ${head p} = setAttrByPath (tail p) v; }; importJSON = p: b.fromJSON (b.readFile p); importTOML = p: b.fromTOML (b.readFile p); escape = cs: replaceStrings cs (map (c: "\\${c}") cs); strings = { inherit levenshtein; };
  # Each row from the one above it: how many characters differ.
  levenshtein = a: c: let m = stringLength c; row = up: i: foldl' (r: j: r ++ [ (least [ (last r + 1) (elemAt up j + 1) (elemAt up (j - 1) + (if substring (i - 1) 1 a == substring (j - 1) 1 c then 0 else 1)) ]) ]) [ i ] (b.genList (j: j + 1) m);
      least = foldl' (x: y: if y < x then y else x) 99999; in last (foldl' row (b.genList id (m + 1)) (b.genList (i: i + 1) (stringLength a)));
  isDerivation = x: (x.type or null) == "derivation"; literalExpression = t: t; mdDoc = t: t; warnIf = c: m: x: if c then b.warn m x else x; assertMsg = c: m: c || throw m;
  licenses = genAttrs [ "mit" "asl20" "mpl20" "bsd3" ] (n: { shortName = n; }); platforms = { linux = [ "x86_64-linux" "aarch64-linux" ]; unix = platforms.linux; }; maintainers = { };
  sourceTypes = { binaryNativeCode = { }; }; cleanSource = x: x; fileset = { toSource = { root, fileset }: root; unions = x: x; fileFilter = _: x: x; };
  systems.flakeExposed = platforms.linux; generators.toINI = _: s: concatStringsSep "\n" (mapAttrsToList (n: v: "[${n}]\n" + concatStringsSep "\n" (mapAttrsToList (k: x: "${k}=${toString x}") v)) s);
  # Definitions.
  mkIf = condition: content: { _type = "if"; inherit condition content; }; mkMerge = contents: { _type = "merge"; inherit contents; };
  mkOverride = priority: content: { _type = "override"; inherit priority content; }; mkDefault = mkOverride 1000; mkForce = mkOverride 50; mkOptionDefault = mkOverride 1500; mkVMOverride = mkOverride 10;
  mkOrder = order: content: { _type = "order"; inherit order content; }; mkBefore = mkOrder 500; mkAfter = mkOrder 1500;
  mkOption = a: { _type = "option"; } // a; mkEnableOption = n: mkOption { type = types.bool; default = false; description = "Whether to enable ${n}."; };
  mkPackageOption = pkgs: n: { default ? n, ... }: mkOption { type = types.package; default = attrByPath (toList default) (throw "no package ${toString n}") pkgs; };
  mkRemovedOptionModule = p: m: { ... }: { }; mkRenamedOptionModule = _: _: { ... }: { };
  isType = t: x: isAttrs x && (x._type or null) == t;
  # What a value of `mkIf`, `mkMerge`, `mkOverride`, `mkOrder` comes to: plain values, each with its priority and order.
  discharge = d: let v = d.value; in
    if isType "if" v then (if v.condition then discharge (d // { value = v.content; }) else [ ])
    else if isType "merge" v then concatLists (map (c: discharge (d // { value = c; })) v.contents)
    else if isType "override" v then discharge (d // { value = v.content; priority = v.priority; })
    else if isType "order" v then discharge (d // { value = v.content; order = v.order; })
    else [ d ];
  # The same pushed down to the attributes, so that which attributes there are does not hang on a condition.
  push = v: if isType "if" v then map (mapAttrs (_: mkIf v.condition)) (push v.content) else if isType "merge" v then concatLists (map push v.contents)
    else if isType "override" v then map (mapAttrs (_: mkOverride v.priority)) (push v.content) else if isType "order" v then map (mapAttrs (_: mkOrder v.order)) (push v.content) else [ v ];
  pushed = d: map (value: d // { inherit value; }) (push d.value);
  strongest = ds: let low = foldl' (a: d: if d.priority < a then d.priority else a) 9999 ds; in sort (a: c: a.order < c.order) (filter (d: d.priority == low) ds);
  show = concatStringsSep "."; files = ds: concatStringsSep ", " (map (d: toString d.file) ds);
  mergeOption = path: opt: defs0: let
      ds = strongest (concatLists (map discharge (defs0 ++ optional (opt ? default) { value = opt.default; file = "default"; priority = 1500; order = 1000; })));
      t = opt.type or types.anything; v = if ds == [ ] then (if t ? empty then t.empty else throw "The option `${show path}' was accessed but has no value defined.") else t.merge path ds;
    in (opt.apply or id) v;
  bad = path: t: d: throw "A definition for option `${show path}' is not of type `${t}'. In `${toString d.file}': ${toJSON' d.value}";
  toJSON' = v: let r = b.tryEval (if isFunction v then "<function>" else toJSON v); in if r.success then r.value else "…";
  one = name: check: { inherit name check; merge = path: ds: let d = head ds; in
      if !(all (x: check x.value || bad path name x) ds) then null else if all (x: x.value == d.value) ds then d.value else throw "The option `${show path}' has conflicting definitions: ${files ds}"; };
  types = rec {
    bool = one "boolean" isBool; int = one "integer" isInt; str = one "string" (x: isString x || isDerivation x); float = one "float" b.isFloat; number = one "number" (x: isInt x || b.isFloat x);
    between = lo: hi: one "integer between ${toString lo} and ${toString hi}" (x: isInt x && x >= lo && x <= hi); port = between 0 65535; ints = { inherit between; u16 = port; positive = between 1 9223372036854775807; unsigned = between 0 9223372036854775807; };
    nonEmptyStr = one "non-empty string" (x: isString x && x != ""); strMatching = re: one "string matching ${re}" (x: isString x && b.match re x != null); enum = vs: one "one of ${toJSON vs}" (x: elem x vs);
    path = one "absolute path" (x: isPath x || (isString x && hasPrefix "/" x) || isDerivation x); package = one "package" (x: isDerivation x || isPath x); raw = one "raw value" (_: true); externalPath = one "path outside the store" (x: isString x && hasPrefix "/" x && !(hasPrefix "/nix/store" x)); pathInStore = path;
    lines = { name = "lines"; check = isString; merge = p: ds: concatStringsSep "\n" (map (d: if isString d.value then d.value else bad p "lines" d) ds); }; commas = lines; envVar = lines; separatedString = sep: lines // { merge = p: ds: concatStringsSep sep (map (d: d.value) ds); };
    nullOr = t: { name = "null or ${t.name}"; check = x: x == null || t.check x; merge = p: ds: if all (d: d.value == null) ds then null else t.merge p ds; };
    listOf = t: { name = "list of ${t.name}"; check = isList; empty = [ ]; merge = p: ds: concatLists (map (d: if !isList d.value then bad p "list" d else b.genList (i: t.merge (p ++ [ "[${toString i}]" ]) [ (d // { value = elemAt d.value i; }) ]) (length d.value)) ds); };
    attrsOf = t: { name = "attribute set of ${t.name}"; check = isAttrs; empty = { }; merge = p: ds: let ok = all (d: isAttrs d.value || bad p "attribute set" d) ds; in
        b.seq ok (mapAttrs (_: x: x) (filterAttrs (_: x: x != dropped) (b.zipAttrsWith (n: xs: let l = strongest (concatLists (map discharge xs)); in if l == [ ] then dropped else t.merge (p ++ [ n ]) l) (map (d: mapAttrs (_: value: { inherit value; inherit (d) file; priority = 100; order = 1000; }) d.value) ds)))); }; lazyAttrsOf = attrsOf; attrs = attrsOf anything;
    dropped = { _type = "dropped"; };
    oneOf = ts: { name = concatStringsSep " or " (map (t: t.name) ts); check = x: any (t: t.check x) ts; merge = p: ds: let t = filter (t: all (d: t.check d.value) ds) ts; in if t == [ ] then bad p (concatStringsSep " or " (map (t: t.name) ts)) (head ds) else (head t).merge p ds; }; either = a: c: oneOf [ a c ]; coercedTo = f: c: t: t // { check = x: f.check x || t.check x; merge = p: ds: t.merge p (map (d: if f.check d.value then d // { value = c d.value; } else d) ds); };
    submodule = m: { name = "submodule"; check = x: isAttrs x || isFunction x; empty = (evalModules { modules = toList m; prefix = [ ]; }).config; merge = p: ds: (evalModules { modules = toList m ++ map (d: if isFunction d.value then d.value else { _file = d.file; config = d.value; }) ds; prefix = p; specialArgs.name = last p; }).config; }; submoduleWith = { modules, ... }: submodule modules;
    anything = { name = "anything"; check = _: true; merge = p: ds: let v = (head ds).value; in if all (d: isList d.value) ds then concatLists (map (d: d.value) ds) else if all (d: isAttrs d.value && !isDerivation d.value) ds then (attrsOf anything).merge p ds else (one "anything" (_: true)).merge p ds; };
  };
  # Modules: imports, options, config; a definition for an option that nobody declared is an error.
  evalModules = { modules, specialArgs ? { }, prefix ? [ ], ... }: let
      args = { lib = self; inherit config options; } // specialArgs;
      call = m: if isFunction m then m (if b.functionArgs m == { } then args else mapAttrs (n: _: args.${n} or (throw "a module asks for `${n}'")) (b.functionArgs m) // args) else m;
      load = file: m0: let f = if isPath m0 || isString m0 then m0 else file; m1 = call (if isPath m0 || isString m0 then import m0 else m0); at = m1._file or f;
          m = if m1 ? config || m1 ? options then m1 else { config = removeAttrs m1 [ "imports" "_file" "freeformType" "key" ]; imports = m1.imports or [ ]; } // optionalAttrs (m1 ? freeformType) { inherit (m1) freeformType; };
        in concatLists (map (load at) (m.imports or [ ])) ++ [ { file = at; options = m.options or { }; config = m.config or { }; freeform = m.freeformType or (m.options._module.freeformType or null); } ];
      all' = concatLists (map (load "<module>") modules);
      freeform = let l = filter (x: x != null) (map (m: m.freeform) all'); in if l == [ ] then null else head l;
      options = foldl' mergeDecl { } (map (m: m.options) all');
      mergeDecl = l: r: l // mapAttrs (n: v: if !(l ? ${n}) then v else if isType "option" l.${n} || isType "option" v then l.${n} // v else mergeDecl l.${n} v) r;
      defs = concatLists (map (m: pushed { value = m.config; file = m.file; priority = 100; order = 1000; }) all');
      walk = path: opts: ds: let
          names = attrNames opts; given = concatLists (map (d: map (n: { inherit n d; }) (attrNames d.value)) ds);
          under = n: concatLists (map (d: if d.value ? ${n} then [ (d // { value = d.value.${n}; }) ] else [ ]) ds);
          extra = filter (x: !(opts ? ${x.n}) && x.n != "_module") given;
          known = mapAttrs (n: o: if isType "option" o then mergeOption (prefix ++ path ++ [ n ]) o (under n) else walk (path ++ [ n ]) o (concatLists (map pushed (under n)))) opts;
        in if extra == [ ] then known else if freeform != null then freeform.merge (prefix ++ path) (map (d: d // { value = removeAttrs d.value (names ++ [ "_module" ]); }) ds) // known
           else throw "The option `${show (prefix ++ path ++ [ (head extra).n ])}' does not exist. Defined in `${toString (head extra).d.file}'.";
      config = walk [ ] options defs;
    in { inherit config options; };
  self = import ./lib.nix;
}
