from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from paddock.cli import group
from paddock.cli.environment_file import read_environment


def check(*arguments: object, **environment: str) -> Result:
    return CliRunner().invoke(group, ["config", "check", *map(str, arguments)], env=environment)


def test_a_right_file_is_said_to_be_right_and_nothing_is_started(tmp_path: Path) -> None:
    file = tmp_path / "paddock.env"
    file.write_text(
        f'# the team\'s\nPADDOCK_DATA={tmp_path}/data\nPADDOCK_PORT="8080"\nPADDOCK_PEERS_FILE=/nowhere\n'
        "PADDOCK_SECRET_FILE=/nowhere\nPADDOCK_MONGODB_URL='mongodb://a:b%40c@db/paddock?tls=true'\nLANG=C\n"
    )
    run = check(file)
    assert (run.exit_code, run.stderr) == (0, "")
    assert run.stdout == f"{file}: 5 settings, all right.\n"
    assert list(tmp_path.iterdir()) == [file]


def test_every_mistake_is_named_with_what_would_be_right(tmp_path: Path) -> None:
    file = tmp_path / "paddock.env"
    file.write_text(
        "PADDOCK_PORT=99999\nPADDOCK_PROT=8080\nexport PADDOCK_HOST=::1\nPADDOCK_LOG_FORMAT=xml\n"
        "PADDOCK_S3_PATH_STYLE=maybe\nPADDOCK_LINK_EXPIRES_S=0\nPADDOCK_PUBLIC_URL=paddock.example.org\n"
        "PADDOCK_MONGODB_URL=mongodb://me:p@ss/word@db/paddock\nPADDOCK_SECRET=hush\n"
        "PADDOCK_TRUSTED_PROXIES=nginx\nPADDOCK_S3_ENDPOINT=http://127.0.0.1:3900\nPADDOCK_MEMORY_BYTES=1 GiB\n"
        "PADDOCK_PORT=8080\n"
    )
    run = check(file)
    assert (run.exit_code, run.stdout) == (1, "")
    assert run.stderr.splitlines() == [
        "paddock: Line 3 is not NAME=value, such as PADDOCK_PORT=8080.",
        "paddock: Line 13 sets PADDOCK_PORT once more: keep one of the two.",
        "paddock: PADDOCK_PROT is no setting: did you mean PADDOCK_PORT?",
        "paddock: PADDOCK_LOG_FORMAT must be auto or console or json, not 'xml'.",
        "paddock: PADDOCK_S3_PATH_STYLE must be true or false, not 'maybe'.",
        "paddock: PADDOCK_LINK_EXPIRES_S must be a whole number of seconds, such as 3600, not '0'.",
        "paddock: PADDOCK_PUBLIC_URL must be an address such as https://paddock.example.org, not "
        "'paddock.example.org'.",
        "paddock: PADDOCK_MONGODB_URL must be a URL such as mongodb://user:password@host/database, with special "
        "characters in user and password percent-encoded.",
        "paddock: PADDOCK_MEMORY_BYTES must be a whole number of bytes, such as 1000000000, not '1 GiB'.",
        "paddock: PADDOCK_SECRET is shorter than 16 bytes.",
        "paddock: PADDOCK_TRUSTED_PROXIES: 'nginx' is no address.",
        "paddock: PADDOCK_S3_ENDPOINT has no effect without PADDOCK_S3_BUCKET: name the bucket too.",
    ]


def test_without_a_file_it_is_the_environment_with_the_files_it_names(tmp_path: Path) -> None:
    assert check().stdout == "The settings of this environment are right.\n"
    run = check(PADDOCK_PORT="many", PADDOCK_SECRET_FILE=str(tmp_path / "gone"))
    assert run.exit_code == 1
    assert run.stderr.splitlines() == [
        "paddock: PADDOCK_PORT must be a whole number from 0 to 65535, such as 8080, not 'many'.",
        f"paddock: PADDOCK_SECRET_FILE: No such file or directory: {tmp_path}/gone",
    ]
    assert "peers file" in check(PADDOCK_PEERS_FILE=str(tmp_path / "gone")).stderr


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (b"PADDOCK_HOST=\xff\xfe", "Line 1 is not UTF-8 text."),
        ("PADDOCK_PORT=8080\n".encode("utf-16"), "Line 1 is not UTF-8 text."),
        (b"paddock_port=8080", "paddock_port is no setting: did you mean PADDOCK_PORT?"),
        (b"PADDOCK_SECRET=0123456789abcdef\nPADDOCK_SECRET_FILE=/x", "PADDOCK_SECRET and PADDOCK_SECRET_FILE"),
        (b"PADDOCK_BACKUP_KEY=short", "PADDOCK_BACKUP_KEY is shorter than 16 bytes."),
        (b"PADDOCK_BACKUP_KEEP=0,0,0", "'0,0,0' does not say how many backups are kept"),
        (b"PADDOCK_BACKUP_TO=s3://team?endpoint=box", "is no place for copies"),
        (b"PADDOCK_BACKUP_TO=s3://team/raw/x\nPADDOCK_S3_BUCKET=team", "keeps its own objects"),
        (b"PADDOCK_S3_BUCKET=s3://team", "PADDOCK_S3_BUCKET must be the name of a bucket alone"),
        (b"PADDOCK_PUBLIC_URL=https://the team", "PADDOCK_PUBLIC_URL must be an address such as"),
        (b"PADDOCK_DATA=~/paddock", "PADDOCK_DATA must be a path from the root on"),
    ],
)
def test_what_would_go_wrong_later_is_said_before(lines: bytes, said: str, tmp_path: Path) -> None:
    file = tmp_path / "paddock.env"
    file.write_bytes(lines)
    run = check(file)
    assert run.exit_code == 1
    assert said in run.stderr.splitlines()[0]


def test_a_file_that_is_no_settings_at_all_does_not_fill_the_terminal(tmp_path: Path) -> None:
    file = tmp_path / "paddock.env"
    file.write_text("no setting\n" * 1000)
    said = check(file).stderr.splitlines()
    assert len(said) == 31
    assert said[-1] == "paddock: 970 more mistakes."


@pytest.mark.parametrize(("held", "said"), [(b"\xff\xfe", "is not UTF-8 text."), (b" \n", "is empty.")])
def test_a_file_that_holds_no_secret_is_a_sentence(held: bytes, said: str, tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(held)
    run = check(PADDOCK_BACKUP_KEY_FILE=str(tmp_path / "key"))
    assert (run.exit_code, run.stderr) == (1, f"paddock: PADDOCK_BACKUP_KEY_FILE: {tmp_path}/key {said}\n")


def test_bytes_of_the_environment_that_are_no_text_are_a_sentence() -> None:
    run = check(PADDOCK_SECRET="0123456789abcdef\udcff")
    assert (run.exit_code, run.stderr) == (1, "paddock: PADDOCK_SECRET is not UTF-8 text.\n")


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("A=b c  ", "b c"),
        ("A = b", "b"),
        ('A="b \\"c\\" \\$d \\e"', 'b "c" $d \\e'),
        ("A='b \\ c'", "b \\ c"),
        ("A='b'\"c\"", "bc"),
        ("A=b\\\nc", "bc"),
        ('A="b\nc"', "b\nc"),
        ("A=b#c 'd'", "b#c 'd'"),
        ("A=b\\ ", "b "),
        ("A=", ""),
    ],
)
def test_values_are_read_as_systemd_reads_them(line: str, value: str) -> None:
    assert read_environment(f"; no line of this\n{line}\n") == ({"A": value}, [])


def test_a_quote_that_nothing_closes_is_named() -> None:
    assert read_environment("A='b\n")[1] == ["Line 1 opens a quote that nothing closes."]
