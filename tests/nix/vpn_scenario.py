"""The team's VPN, whole: tunnels, packet filter, proxy and site, members and strangers. ``test_vpn.py`` runs it.

``unshare … python -m tests.nix.vpn_scenario FOLDER`` prints figures as JSON. All that carries the security is what
the machine in the cloud runs: ``nix/firewall.nft``, ``nix/proxy.conf``, ``paddock vpn`` and ``paddock up``; members
use ``wg-quick`` on what ``paddock vpn add`` printed. Only the tunnels' implementation differs: wireguard-go, as a
test machine's kernel may have no WireGuard.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import httpx

from tests.logs import small_log
from tests.nix.rendered import NAMES, SERVER4, SERVER6, firewall, proxy
from tests.servers.namespaces import Machine, make_bridge, wait_until

PUBLIC4, PUBLIC6 = "192.0.2.1", "2001:db8::1"
SITE_PORT, ECHO_PORT, MONGODB = 8080, 9001, NAMES["mongodb"]["port"]
LISTENED = (22, 5432, MONGODB)
"""Besides those of proxy and site."""
DOORS = (22, 80, 443, 5432, SITE_PORT, MONGODB)
WHERE = [f"https://{SERVER4}", f"https://[{SERVER6}]"]
PADDOCK = (sys.executable, "-m", "paddock")
IP_OF_AN_OLD_KERNEL = """\
#!/bin/sh
# `ip link add dev NAME type wireguard` of paddock, and wg-quick's without `dev`.
case "$*" in *"type wireguard") shift 2; [ "$1" = dev ] && shift; exec wireguard-go "$1";; esac
exec {ip} "$@"
"""


class Team:
    """The server and whoever has or wants a tunnel to it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        make_bridge()
        tools = folder / "tools"
        tools.mkdir()
        (tools / "ip").write_text(IP_OF_AN_OLD_KERNEL.format(ip=shutil.which("ip")))
        (tools / "ip").chmod(0o755)
        host = NAMES["vpc"]["host"]
        self.server = Machine("server", [f"{PUBLIC4}/24", f"{PUBLIC6}/64", f"{host}/24"], tools)
        self.adam = Machine("adam", ["192.0.2.2/24", "2001:db8::2/64"], tools)
        self.zoe = Machine("zoe", ["192.0.2.3/24", "2001:db8::3/64"], tools)
        self.stranger = Machine("stranger", ["192.0.2.4/24", "2001:db8::4/64"])
        function = NAMES["vpc"]["functions"].replace(".128/25", ".130/24")
        self.function = Machine("function", [function])
        self.neighbour = Machine("neighbour", [function.replace(".130/", ".20/")], tools)
        self.certificate = folder / "ca.crt"

    def vpn(self, *words: str) -> str:
        return self.server.run(*PADDOCK, "vpn", *words)

    def serve(self) -> None:
        """As the machine's units do it, in their order."""
        firewall_file = self.folder / "firewall.nft"
        firewall_file.write_text(firewall())
        self.server.run("nft", "-f", firewall_file)
        self.server.start(*PADDOCK, "vpn", "sync", "--follow", log=self.folder / "sync.log")
        wait_until(lambda: "is up" in (self.folder / "sync.log").read_text(), "the tunnels")
        self.certificate.write_text(self.vpn("certificate"))
        site = {"certificate": self.folder / "vpn" / "site.crt", "key": self.folder / "vpn" / "site.key"}
        self._proxy("proxy.conf", proxy(**site))
        # Another front door, with somebody behind it who says what came through.
        self._proxy("echo.conf", proxy(**site, server4="127.0.0.2", server6="::1", site=ECHO_PORT))
        self.server.start(*PADDOCK, "up", log=self.folder / "up.log")
        self.server.listens(*LISTENED)
        wait_until(lambda: "Paddock is at" in (self.folder / "up.log").read_text(), "the site")

    def _proxy(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)
        started = f"daemon off; pid {self.folder / name}.pid; error_log stderr;"
        log = self.folder / f"{name}.log"
        self.server.start("nginx", "-e", "stderr", "-c", self.folder / name, "-g", started, log=log)

    def join(self, machine: Machine, name: str) -> None:
        """What a new member does with what `paddock vpn add` printed."""
        tunnel = self.folder / f"{machine.name}.conf"
        tunnel.touch(0o600)
        tunnel.write_text(self.vpn("add", name))
        machine.run("wg-quick", "up", tunnel)

    @property
    def trusting(self) -> ssl.SSLContext:
        """A browser that has the team's certificate, and no other one."""
        return ssl.create_default_context(cafile=str(self.certificate))

    def visit(self, machine: Machine, url: str, method: str = "GET", **options: Any) -> httpx.Response:
        def ask() -> httpx.Response:
            with httpx.Client(verify=self.trusting, timeout=20) as client:
                return client.request(method, url, **options)

        return machine.within(ask)


def everything_at(*addresses: str) -> list[tuple[str, int]]:
    return [(address, port) for address in addresses for port in DOORS]


def strangers_stay_out(team: Team) -> None:
    """Without a tunnel, with a route, with a member's address, from AWS's own network."""
    stranger = team.stranger
    assert team.server.reached(everything_at("127.0.0.1", "::1"))[:2], "control: they do listen"
    assert stranger.reached(everything_at(PUBLIC4, PUBLIC6)) == []
    stranger.run("ip", "route", "add", NAMES["vpn"]["networks"][0], "via", PUBLIC4)
    stranger.run("ip", "route", "add", NAMES["vpn"]["networks"][1], "via", PUBLIC6)
    assert stranger.reached(everything_at(SERVER4, SERVER6)) == []
    member4, member6 = SERVER4[:-1] + "2", SERVER6[:-1] + "2"
    for address in (f"{member4}/32", f"{member6}/128"):
        stranger.address(address, "eth0")
    assert stranger.reached(everything_at(SERVER4, PUBLIC4), member4) == []
    assert stranger.reached(everything_at(SERVER6, PUBLIC6), member6) == []
    host = NAMES["vpc"]["host"]
    assert team.function.reached(everything_at(host)) == [(host, MONGODB)]
    assert team.neighbour.reached(everything_at(host)) == []


def members_reach_the_site_and_nothing_else(team: Team) -> None:
    allowed = [(address, port) for address in (SERVER4, SERVER6) for port in (22, 80, 443)]
    assert team.adam.reached(everything_at(SERVER4, SERVER6)) == allowed
    assert team.adam.reached(everything_at(PUBLIC4, PUBLIC6)) == []
    zoes = [(address[:-1] + "2", 9000) for address in (SERVER4, SERVER6)]
    team.zoe.listens(9000)
    assert team.visit(team.zoe, f"{WHERE[1]}/health").is_success, "which also tells the server where she is"
    assert team.server.reached(zoes) == zoes, "control: Zoe does listen"
    assert team.adam.reached(zoes) == []


def the_proxy_changes_nothing(team: Team) -> None:
    adam, site = team.adam, WHERE[0]
    for where in WHERE:
        page = team.visit(adam, f"{where}/", headers={"X-Forwarded-For": f"{SERVER4[:-1]}2"})
        assert page.status_code == 200 and ">Adam<" in page.text, "the tunnel says who it is, not the client"
        assert "frame-ancestors 'none'" in page.headers["content-security-policy"]
    assert team.visit(adam, f"{site}/", headers={"If-None-Match": page.headers["etag"]}).status_code == 304
    moved = team.visit(adam, f"http://{SERVER4}/jobs?state=dead")
    assert (moved.status_code, moved.headers["location"]) == (301, f"https://{SERVER4}/jobs?state=dead")
    assert team.visit(adam, f"http://{SERVER4}/ca.crt").text == team.certificate.read_text()
    changed = team.visit(adam, f"{site}/api/members", "POST", json={"name": "a#b"}, headers={"Origin": site})
    assert changed.json()["code"] == "bad_name", "a page of the site itself may change things"


def upgrades_and_streams_pass(team: Team) -> None:
    """A WebSocket's upgrade arrives as it was sent, and what is sent piece by piece comes piece by piece."""
    heard: list[bytes] = []

    def site() -> None:
        listener = socket.create_server(("127.0.0.1", ECHO_PORT))

        def serve() -> None:
            connection = listener.accept()[0]
            heard.append(connection.recv(65_536))
            connection.sendall(
                b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nhello"
            )
            heard.append(connection.recv(65_536))

        threading.Thread(target=serve, daemon=True).start()

    def talk() -> bytes:
        context = team.trusting
        context.check_hostname = False
        with context.wrap_socket(socket.create_connection(("127.0.0.2", 443), 20)) as connection:
            connection.sendall(
                b"GET /live HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Key: abc\r\n\r\n"
            )
            answer = b""
            while not answer.endswith(b"hello"):
                answer += connection.recv(65_536)
            connection.sendall(b"frame")
            wait_until(lambda: len(heard) == 2, "the frame")
            return answer

    team.server.within(site)
    assert team.server.within(talk).startswith(b"HTTP/1.1 101")
    assert re.search(rb"(?i)upgrade: websocket", heard[0]) and re.search(rb"(?i)connection: upgrade", heard[0])
    assert heard[1] == b"frame"


def a_member_lets_another_in(team: Team) -> None:
    """On the site, which runs without rights over the kernel: the machine's unit follows the file."""
    handed = team.visit(team.zoe, f"{WHERE[0]}/api/members", "POST", json={"name": "Mei"}).json()
    team.neighbour.address("192.0.2.5/24", "eth0")
    tunnel = team.folder / "mei.conf"
    tunnel.write_text(handed["configuration"])
    team.neighbour.run("wg-quick", "up", tunnel)
    assert ">Mei<" in team.visit(team.neighbour, f"{WHERE[0]}/").text
    assert team.visit(team.zoe, f"{WHERE[0]}/api/members/Mei", "DELETE").status_code == 204
    wait_until(lambda: not team.neighbour.reached([(SERVER4, 443)]), "the end of her tunnel")


def adam_works(team: Team) -> None:
    """Sends a log with the command line, through TLS, and edits it; the history has his name."""
    log = team.folder / "run.mcap"
    log.write_bytes(small_log())
    environment = {**os.environ, "SSL_CERT_FILE": str(team.certificate)}
    team.adam.run(*PADDOCK, "upload", log, "--server", WHERE[0], "--wait", env=environment)
    (recording,) = team.visit(team.adam, f"{WHERE[0]}/api/recordings").json()["items"]
    path = f"{WHERE[0]}/api/recordings/{recording['id']}"
    edit = {"metadata": {"notes": "gusty"}}
    assert team.visit(team.adam, path, "PATCH", json=edit).status_code == 200
    history = team.visit(team.adam, f"{path}/history").json()["items"]
    assert {"Adam"} == {each["principal"] for each in history if each["field"] == "notes"}
    original = team.visit(team.adam, f"{path}/original", follow_redirects=True, headers={"Range": "bytes=0-9"})
    assert (original.status_code, original.content) == (206, log.read_bytes()[:10])


def adam_is_removed(team: Team) -> dict[str, float]:
    """While he asks again and again, and has an upload open; how long he still got answers, in seconds."""
    answered: list[float] = []
    stop = threading.Event()

    def keep_asking() -> None:
        while not stop.is_set():
            try:
                with httpx.Client(verify=team.trusting, timeout=0.5) as client:
                    while not stop.is_set():
                        if client.get(f"{WHERE[0]}/health").status_code == 200:
                            answered.append(time.time())
            except httpx.HTTPError:
                continue

    def hold_an_upload_open() -> None:
        plain = socket.create_connection((SERVER4, 443), 20)
        connection = team.trusting.wrap_socket(plain, server_hostname=SERVER4)
        connection.sendall(
            f"POST /api/uploads HTTP/1.1\r\nHost: {SERVER4}\r\nContent-Type: application/json\r\n"
            "Content-Length: 1000\r\n\r\n{".encode()
        )
        stop.wait(60)

    for act in (keep_asking, hold_an_upload_open):
        threading.Thread(target=team.adam.within, args=[act], daemon=True).start()
    wait_until(lambda: len(answered) > 5, "an answer")
    asked = time.time()
    assert "Adam is out" in team.vpn("remove", "Adam")
    changed = (team.folder / "members" / "peers").stat().st_mtime
    before = len(answered)
    log = team.folder / "up.log"
    wait_until(lambda: "request_shut_out" in log.read_text(), "the end of the open upload")
    ended = time.time()
    stop.set()
    assert len(answered) <= before, "nothing was answered after the command had ended"
    return {
        "remove_to_last_answer_s": answered[-1] - asked,
        "file_to_last_answer_s": answered[-1] - changed,
        "file_to_end_of_upload_s": ended - changed,
    }


def main(folder: Path) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "run", "/run"], check=True)
    os.environ.update(
        PADDOCK_DATA=str(folder / "data"),
        PADDOCK_PEERS_FILE=str(folder / "members" / "peers"),
        PADDOCK_VPN_DIRECTORY=str(folder / "vpn"),
        PADDOCK_VPN_ENDPOINT=PUBLIC4,
        PADDOCK_PUBLIC_URL=WHERE[0],
        PADDOCK_TRUSTED_PROXIES="127.0.0.1",
        WG_QUICK_USERSPACE_IMPLEMENTATION="wireguard-go",
    )
    (folder / "members").mkdir()
    figures: dict[str, float] = {}
    team = Team(folder)
    team.serve()
    team.join(team.zoe, "Zoe")
    begun = time.time()
    team.join(team.adam, "Adam")
    wait_until(lambda: team.visit(team.adam, f"{WHERE[0]}/health").status_code == 200, "Adam's first answer")
    figures["add_to_first_answer_s"] = time.time() - begun
    figures["file_to_first_answer_s"] = time.time() - (folder / "members" / "peers").stat().st_mtime
    members_reach_the_site_and_nothing_else(team)
    the_proxy_changes_nothing(team)
    upgrades_and_streams_pass(team)
    adam_works(team)
    strangers_stay_out(team)
    handshake = json.loads(team.vpn("show", "Adam", "--json"))[0]["last_handshake"]
    assert handshake, "who was there is known"
    a_member_lets_another_in(team)
    figures |= adam_is_removed(team)
    # On his side the tunnel is still up.
    assert team.adam.reached(everything_at(SERVER4, SERVER6, PUBLIC4, PUBLIC6)) == []
    assert team.visit(team.zoe, f"{WHERE[1]}/members").is_success, "nobody else was disturbed"
    print(json.dumps({name: round(seconds, 2) for name, seconds in figures.items()}))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
