"""Makes a new mongod Paddock's database: a replica set of one, and users with one right each.

Each step looks at what is there and may be done again, so it may be killed between any two of them. Passwords are
those of the files that ``mongodb-keys.sh`` made; a changed one is changed in the database. Nobody but us, on this
machine, can do the first steps: MongoDB lets loopback in while it has no user.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database
from pymongo.errors import ConnectionFailure, OperationFailure

DATABASE = "paddock"
RIGHTS = {"site": "readWrite", "functions": "readWrite", "backup": "read"}
"""The role of each user, on Paddock's database alone."""
WAIT_S = 120.0
PAUSE_S = 0.2
UNAUTHORIZED, WRONG_PASSWORD, INITIATED, USER_EXISTS = 13, 18, 23, 51003

Client = MongoClient[dict[str, Any]]


def main(keys: Path, port: int) -> None:
    """Do whatever of it is still to be done.

    Args:
        keys: folder with ``ca.pem`` and a file with the password of each user.
        port: of the mongod, on loopback.
    """
    with connect(keys, port) as stranger:
        answering(stranger)
        initiate(stranger, port)
        with connect(
            keys, port, username="admin", password=password_of(keys, "admin"), authSource="admin"
        ) as admin:
            if not is_let_in(admin):
                create_admin(stranger, keys)
            for user, role in RIGHTS.items():
                give(admin[DATABASE], user, password_of(keys, user), role)


def connect(keys: Path, port: int, **who: str) -> Client:
    """A client of this one server, whatever it says about others."""
    return MongoClient(
        "127.0.0.1",
        port,
        directConnection=True,
        tls=True,
        tlsCAFile=str(keys / "ca.pem"),
        serverSelectionTimeoutMS=2_000,
        socketTimeoutMS=30_000,
        **who,
    )


def password_of(keys: Path, user: str) -> str:
    """As it was made."""
    return (keys / user).read_text().strip()


def answering(client: Client) -> dict[str, Any]:
    """What the server says of itself, once it answers."""
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            said: dict[str, Any] = client.admin.command("hello")
            return said
        except ConnectionFailure:
            if time.monotonic() > deadline:
                raise
            time.sleep(PAUSE_S)


def initiate(client: Client, port: int) -> None:
    """A replica set of one, which has transactions; returns once it takes writes."""
    if "setName" not in answering(client):
        members = [{"_id": 0, "host": f"127.0.0.1:{port}"}]
        try:
            client.admin.command("replSetInitiate", {"_id": DATABASE, "members": members})
        except OperationFailure as error:
            if error.code != INITIATED:
                raise
    deadline = time.monotonic() + WAIT_S
    while not answering(client).get("isWritablePrimary"):
        if time.monotonic() > deadline:
            raise TimeoutError("The replica set has no primary.")
        time.sleep(PAUSE_S)


def is_let_in(client: Client) -> bool:
    """Whether the user exists and this is its password."""
    try:
        client.admin.command("ping")
    except OperationFailure as error:
        if error.code == WRONG_PASSWORD:
            return False
        raise
    return True


def create_admin(stranger: Client, keys: Path) -> None:
    """The first user, who may make the others and nothing else."""
    roles = [{"role": "userAdmin", "db": DATABASE}]
    try:
        stranger.admin.command("createUser", "admin", pwd=password_of(keys, "admin"), roles=roles)
    except OperationFailure as error:
        if error.code in (UNAUTHORIZED, USER_EXISTS):
            sys.exit(f"This database has users already, and its admin has another password than {keys}/admin.")
        raise


def give(database: Database[dict[str, Any]], user: str, password: str, role: str) -> None:
    """The user with this password and this role on this database, and no other."""
    rights = {"pwd": password, "roles": [{"role": role, "db": database.name}]}
    try:
        database.command("createUser", user, **rights)
    except OperationFailure as error:
        if error.code != USER_EXISTS:
            raise
        database.command("updateUser", user, **rights)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
