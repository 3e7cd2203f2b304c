# A box in the cloud on loopback, for those who work on Paddock: run it in the repository, edit, and it reloads.
{
  lib,
  callPackage,
  writeShellApplication,
  writeText,
  process-compose,
  python3Packages,
  watchexec,
  mongodb-ce,
  mongosh,
  garage_2,
  openssl,
}:
let
  # The dependencies and what pip would say of the version; the code itself is the working tree's.
  python = python3Packages.python.withPackages (_: [ (callPackage ./package.nix { }) ]);

  step =
    name: runtimeInputs: text:
    lib.getExe (writeShellApplication {
      name = "stack-${name}";
      inherit runtimeInputs text;
    });

  reloading = [
    "watchexec"
    "--restart"
    "--watch service"
    "--exts py,html,css,js"
    "--stop-timeout 10s"
    "-- python -m paddock"
  ];

  paddock =
    name: command:
    step name
      [
        python
        watchexec
      ]
      ''
        # shellcheck disable=SC1091
        . "$STACK/s3.env"
        export AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY PYTHONPATH=service
        export PADDOCK_DATA=$STACK/${name} PADDOCK_AWS_REGION=garage
        export PADDOCK_MONGODB_URL='mongodb://127.0.0.1:27017/paddock?replicaSet=paddock'
        export PADDOCK_S3_BUCKET=paddock PADDOCK_S3_ENDPOINT=http://127.0.0.1:3900 PADDOCK_S3_PATH_STYLE=true
        exec ${command}
      '';

  mongod = step "mongod" [ mongodb-ce ] ''
    mkdir -p "$STACK/mongodb"
    exec mongod --dbpath "$STACK/mongodb" --bind_ip 127.0.0.1 --port 27017 --replSet paddock
  '';

  # A replica set of one node: only with one are several documents written as one.
  initiate = step "initiate" [ mongosh ] ''
    mongosh --quiet --eval '
      try { rs.status() } catch (error) {
        rs.initiate({ _id: "paddock", members: [{ _id: 0, host: "127.0.0.1:27017" }] })
      }
      while (!db.hello().isWritablePrimary) sleep(100)
    '
  '';

  garage = step "garage" [ garage_2 openssl ] ''
    mkdir -p "$STACK/garage"
    if [ ! -e "$STACK/garage.toml" ]; then
      umask 077
      cat > "$STACK/garage.toml" <<TOML
    metadata_dir = "$STACK/garage/meta"
    data_dir = "$STACK/garage/data"
    db_engine = "sqlite"
    replication_factor = 1
    rpc_bind_addr = "127.0.0.1:3901"
    rpc_secret = "$(openssl rand -hex 32)"
    [s3_api]
    s3_region = "garage"
    api_bind_addr = "127.0.0.1:3900"
    TOML
    fi
    exec garage --config "$STACK/garage.toml" server
  '';

  bucket = step "bucket" [ garage_2 openssl ] ''
    [ ! -e "$STACK/s3.env" ] || exit 0
    garage() { command garage --config "$STACK/garage.toml" "$@"; }
    key=GK$(openssl rand -hex 12) secret=$(openssl rand -hex 32)
    garage layout assign --zone here --capacity 10G "$(garage node id --quiet | cut -d @ -f 1)"
    garage layout apply --version 1
    garage key import --yes -n paddock "$key" "$secret"
    garage bucket create paddock
    garage bucket allow --read --write --owner --key "$key" paddock
    umask 077
    printf 'AWS_ACCESS_KEY_ID=%s\nAWS_SECRET_ACCESS_KEY=%s\n' "$key" "$secret" > "$STACK/s3.env"
  '';

  after = condition: names: {
    depends_on = lib.genAttrs names (_: {
      condition = "process_${condition}";
    });
  };
  answers = command: {
    readiness_probe = {
      exec = { inherit command; };
      period_seconds = 1;
      failure_threshold = 60;
    };
  };

  processes = {
    mongod = {
      command = mongod;
    }
    // answers "${lib.getExe mongosh} --quiet --eval 'db.hello().ok'";
    initiate = {
      command = initiate;
    }
    // after "healthy" [ "mongod" ];
    garage = {
      command = garage;
    }
    // answers (step "garage-answers" [ garage_2 ] ''garage --config "$STACK/garage.toml" status'');
    bucket = {
      command = bucket;
    }
    // after "healthy" [ "garage" ];
    migrate = {
      command = paddock "migrate" "python -m paddock migrate";
    }
    // after "completed_successfully" [
      "initiate"
      "bucket"
    ];
    site = {
      command = paddock "site" "${toString reloading} up --no-worker";
    }
    // after "completed_successfully" [ "migrate" ];
    worker = {
      command = paddock "worker" "${toString reloading} worker";
    }
    // after "completed_successfully" [ "migrate" ];
  };
in
writeShellApplication {
  name = "paddock-stack";
  runtimeInputs = [ process-compose ];
  text = ''
    [ -d service/paddock ] || { echo "run this in Paddock's repository: it reloads what you edit there" >&2; exit 1; }
    STACK=''${XDG_STATE_HOME:-$HOME/.local/state}/paddock-stack
    export STACK
    mkdir -p "$STACK"
    exec process-compose --config ${
      writeText "process-compose.json" (builtins.toJSON { inherit processes; })
    } up "$@"
  '';
}
