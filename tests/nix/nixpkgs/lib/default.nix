# As much of nixpkgs' lib as our files use, written for our tests.
let
  b = builtins;
  modules = import ./modules.nix { inherit lib; };
  lib = rec {
    inherit (builtins)
      all
      any
      attrNames
      attrValues
      concatLists
      concatMap
      concatStringsSep
      elem
      elemAt
      filter
      foldl'
      fromJSON
      functionArgs
      genList
      hasAttr
      head
      intersectAttrs
      isAttrs
      isBool
      isFloat
      isFunction
      isInt
      isList
      isPath
      isString
      length
      listToAttrs
      map
      mapAttrs
      match
      pathExists
      readFile
      removeAttrs
      replaceStrings
      seq
      deepSeq
      sort
      split
      stringLength
      substring
      tail
      toJSON
      toString
      trace
      typeOf
      zipAttrsWith
      ;

    nameValuePair = name: value: { inherit name value; };
    genAttrs = names: f: listToAttrs (map (n: nameValuePair n (f n)) names);
    mapAttrs' = f: s: listToAttrs (map (n: f n s.${n}) (attrNames s));
    mapAttrsToList = f: s: map (n: f n s.${n}) (attrNames s);
    filterAttrs =
      p: s:
      listToAttrs (
        concatLists (map (n: if p n s.${n} then [ (nameValuePair n s.${n}) ] else [ ]) (attrNames s))
      );
    optional = c: x: if c then [ x ] else [ ];
    optionals = c: x: if c then x else [ ];
    optionalString = c: x: if c then x else "";
    optionalAttrs = c: x: if c then x else { };
    concatMapStringsSep =
      sep: f: l:
      concatStringsSep sep (map f l);
    concatMapStrings = f: l: concatStringsSep "" (map f l);
    concatStrings = concatStringsSep "";
    boolToString = x: if x then "true" else "false";
    fix =
      f:
      let
        x = f x;
      in
      x;
    id = x: x;
    escapeShellArg =
      s:
      let
        t = toString s;
      in
      if b.match "[[:alnum:],._+:@%/-]+" t != null then
        t
      else
        "'${replaceStrings [ "'" ] [ "'\\''" ] t}'";
    escapeShellArgs = concatMapStringsSep " " escapeShellArg;
    toList = x: if isList x then x else [ x ];
    flatten = x: if isList x then concatLists (map flatten x) else [ x ];
    hasPrefix = p: s: substring 0 (stringLength p) s == p;
    hasSuffix =
      p: s: stringLength s >= stringLength p && substring (stringLength s - stringLength p) (-1) s == p;
    removeSuffix = p: s: if hasSuffix p s then substring 0 (stringLength s - stringLength p) s else s;
    removePrefix = p: s: if hasPrefix p s then substring (stringLength p) (-1) s else s;
    splitString =
      sep: s: filter isString (b.split (replaceStrings [ "." "*" "+" ] [ "\\." "\\*" "\\+" ] sep) s);
    versionAtLeast = a: c: b.compareVersions a c != -1;
    versionOlder = a: c: b.compareVersions a c == -1;
    unique = foldl' (a: x: if elem x a then a else a ++ [ x ]) [ ];
    last = l: elemAt l (length l - 1);
    recursiveUpdate =
      l: r:
      if isAttrs l && isAttrs r then
        l // mapAttrs (n: v: if l ? ${n} then recursiveUpdate l.${n} v else v) r
      else
        r;
    getExe = p: "${p}/bin/${p.meta.mainProgram or (throw "${p.name} has no meta.mainProgram")}";
    getExe' = p: n: "${p}/bin/${n}";
    makeBinPath = concatMapStringsSep ":" (p: "${p}/bin");
    getName = p: (b.parseDrvName (p.name or p)).name;
    attrByPath =
      p: d: s:
      if p == [ ] then
        s
      else if isAttrs s && s ? ${head p} then
        attrByPath (tail p) d s.${head p}
      else
        d;
    hasAttrByPath =
      p: s: p == [ ] || (isAttrs s && s ? ${head p} && hasAttrByPath (tail p) s.${head p});
    setAttrByPath = p: v: if p == [ ] then v else { ${head p} = setAttrByPath (tail p) v; };
    importJSON = p: b.fromJSON (b.readFile p);
    importTOML = p: b.fromTOML (b.readFile p);
    escape = cs: replaceStrings cs (map (c: "\\${c}") cs);
    strings = { inherit levenshtein; };
    # Each row from the one above it: how many characters differ.
    levenshtein =
      a: c:
      let
        m = stringLength c;
        row =
          up: i:
          foldl' (
            r: j:
            r
            ++ [
              (least [
                (last r + 1)
                (elemAt up j + 1)
                (elemAt up (j - 1) + (if substring (i - 1) 1 a == substring (j - 1) 1 c then 0 else 1))
              ])
            ]
          ) [ i ] (b.genList (j: j + 1) m);
        least = foldl' (x: y: if y < x then y else x) 99999;
      in
      last (foldl' row (b.genList id (m + 1)) (b.genList (i: i + 1) (stringLength a)));
    isDerivation = x: (x.type or null) == "derivation";
    literalExpression = t: t;
    mdDoc = t: t;
    warnIf =
      c: m: x:
      if c then b.warn m x else x;
    assertMsg = c: m: c || throw m;
    licenses = genAttrs [ "mit" "asl20" "mpl20" "bsd3" ] (n: {
      shortName = n;
    });
    platforms = {
      linux = [
        "x86_64-linux"
        "aarch64-linux"
      ];
      unix = platforms.linux;
    };
    maintainers = { };
    sourceTypes = {
      binaryNativeCode = { };
    };
    cleanSource = x: x;
    fileset = {
      toSource = { root, fileset }: root;
      unions = x: x;
      fileFilter = _: x: x;
    };
    systems.flakeExposed = platforms.linux;
    generators.toINI =
      _: s:
      concatStringsSep "\n" (
        mapAttrsToList (
          n: v: "[${n}]\n" + concatStringsSep "\n" (mapAttrsToList (k: x: "${k}=${toString x}") v)
        ) s
      );
    types = import ./types.nix { inherit lib; };
    inherit (modules)
      mkIf
      mkMerge
      mkOverride
      mkDefault
      mkForce
      mkOptionDefault
      mkVMOverride
      mkOrder
      mkBefore
      mkAfter
      mkOption
      mkEnableOption
      mkPackageOption
      mkRemovedOptionModule
      mkRenamedOptionModule
      isType
      evalModules
      ;
  };
in
lib
