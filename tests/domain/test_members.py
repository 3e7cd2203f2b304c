"""Members of the VPN: names, addresses, keys, and the file after each change."""

from __future__ import annotations

import base64

import pytest

from paddock.domain.members import add_member, add_missing, belongs, read_networks, remove_member, rotate_key
from paddock.domain.peers import Peers, parse_peers
from paddock.errors import Conflict, NotFound, PaddockError, Rejected

NETWORKS = read_networks("10.77.0.0/24, fd77::/64")


def key(number: int) -> str:
    return base64.b64encode(bytes([number]) * 32).decode()


BY_HAND = "# ours\n10.77.0.3 Mei Lin  # her laptop\n10.77.0.0/24 team\n127.0.0.1 pit wall\n"


def added(text: str, name: str, number: int = 1, **more: str) -> Peers:
    return parse_peers(add_member(parse_peers(text), NETWORKS, name, key(number), note="new", **more)[1])


def test_a_member_gets_the_next_address_that_is_free_in_both_networks() -> None:
    peers = added(added(BY_HAND, "Adam", 1).text, "Zoë  O'Neil", 2)
    assert peers.text.startswith(BY_HAND), "what people wrote stays as it is"
    (adam,), (zoe,) = peers.named("adam"), peers.named("Zoë O'Neil")
    assert (adam.where, zoe.where) == ("10.77.0.2,fd77::2", "10.77.0.4,fd77::4")
    assert (adam.key, adam.note) == (key(1), "new")


def test_a_file_without_a_last_line_end_and_an_empty_one() -> None:
    assert added("10.77.0.2 Mei", "Adam").text.splitlines()[0] == "10.77.0.2 Mei"
    assert added("", "Adam").text.startswith("# Who is let in")


def test_an_address_that_is_asked_for() -> None:
    assert added(BY_HAND, "Adam", address="fd77::9").named("Adam")[0].where == "10.77.0.9,fd77::9"


@pytest.mark.parametrize(
    "name",
    [
        "",
        "  ",
        "a#b",
        "key=x",
        "a/b",
        "a\nb\x07",
        "a\u202eb",
        "\u200b",
        "a\\b",
        "a,b",
        "<b>",
        'a"b',
        "x" * 61,
        "\ud800",
    ],
)
def test_names_that_cannot_be(name: str) -> None:
    with pytest.raises(Rejected, match="cannot be a member's name"):
        added(BY_HAND, name)


@pytest.mark.parametrize(
    ("name", "number", "address", "code"),
    [
        ("mei lin", 1, None, "name_taken"),
        ("ADAM", 1, None, "name_taken"),
        ("Zoe", 9, None, "key_taken"),
        ("Zoe", 1, "10.77.0.3", "address_taken"),
        ("Zoe", 1, "fd77::2", "address_taken"),
        ("Zoe", 1, "10.77.0.1", "bad_address"),
        ("Zoe", 1, "10.77.0.0", "bad_address"),
        ("Zoe", 1, "10.77.0.255", "bad_address"),
        ("Zoe", 1, "fd77::ffff", "bad_address"),
        ("Zoe", 1, "10.78.0.4", "bad_address"),
        ("Zoe", 1, "nonsense", "bad_address"),
    ],
)
def test_what_is_taken_or_impossible(name: str, number: int, address: str | None, code: str) -> None:
    peers = added(BY_HAND, "Adam", 9)
    with pytest.raises(PaddockError) as refused:
        add_member(peers, NETWORKS, name, key(number), note="", address=address)
    assert refused.value.code == code


def test_a_full_network() -> None:
    networks = read_networks("10.77.0.0/29, fd77::/64")
    text = ""
    for number in range(5):
        text = add_member(parse_peers(text), networks, f"member {number}", key(number + 1), note="")[1]
    with pytest.raises(Rejected, match="/29 are taken"):
        add_member(parse_peers(text), networks, "one more", key(99), note="")


def test_a_member_is_removed_with_all_their_lines_and_nobody_else() -> None:
    peers = added(added(BY_HAND, "Adam", 1).text, "Zoe", 2)
    gone, text = remove_member(peers, "ADAM")
    assert [entry.name for entry in gone] == ["Adam"]
    assert text == added(BY_HAND, "Zoe", 2, address="10.77.0.4").text
    gone, text = remove_member(parse_peers(BY_HAND + "10.9.0.1 Mei Lin # phone\n"), "mei  lin")
    assert len(gone) == 2 and "Mei" not in text
    with pytest.raises(NotFound, match="no member 'Nobody'"):
        remove_member(peers, "Nobody")
    with pytest.raises(Rejected, match=r"everybody in 10\.77\.0\.0/24 \(line 3"):
        remove_member(peers, "team")


def test_who_was_in_another_file_is_added_where_nothing_contradicts() -> None:
    once = added(added(BY_HAND, "Adam", 1).text, "Zoe", 2)
    assert add_missing(once, parse_peers(""))[1].endswith(once.text.partition("\n")[2])
    ours = added("10.77.0.0/24 everybody\n", "Eve", 1)  # with Adam's key, and at his address
    missing, text = add_missing(once, ours)
    assert [entry.name for entry in missing] == ["Mei Lin", "pit wall", "Zoe"]
    assert parse_peers(text).named("Zoe")[0].key == key(2) and text.startswith(ours.text)
    assert add_missing(once, parse_peers(text)) == ((), text)


def test_a_new_key_leaves_the_rest_of_the_line() -> None:
    peers = added(BY_HAND, "Adam", 1)
    member, text = rotate_key(peers, NETWORKS, "adam", key(2))
    assert text == peers.text.replace(key(1), key(2)) and (member.key, member.note) == (key(2), "new")
    _, text = rotate_key(peers, NETWORKS, "Mei Lin", key(3))
    assert text.splitlines()[1] == f"10.77.0.3 Mei Lin  key={key(3)}  # her laptop"
    _, text = rotate_key(parse_peers("10.77.0.3 Mei\r\n"), NETWORKS, "Mei", key(3))
    assert text == f"10.77.0.3 Mei  key={key(3)}\r\n"


@pytest.mark.parametrize(
    ("name", "number", "error"),
    [
        ("Nobody", 3, NotFound),
        ("Adam", 2, Conflict),
        ("team", 3, Rejected),
        ("pit wall", 3, Rejected),
        ("twice", 3, Conflict),
    ],
)
def test_a_key_that_cannot_be_given(name: str, number: int, error: type[PaddockError]) -> None:
    peers = added(added(BY_HAND + "10.9.0.1 twice\n10.9.0.2 twice\n", "Adam", 1).text, "Zoe", 2)
    with pytest.raises(error):
        rotate_key(peers, NETWORKS, name, key(number))


@pytest.mark.parametrize("text", ["", "10.77.0.1/24", "nonsense", "10.0.0.0/24,10.1.0.0/24", "10.77.0.0/31"])
def test_networks_that_cannot_be(text: str) -> None:
    with pytest.raises(Rejected, match="PADDOCK_VPN_NETWORKS"):
        read_networks(text)


def test_the_server_and_the_rest_of_the_world_are_no_members() -> None:
    for line, does in (
        ("10.77.0.2 a", True),
        ("10.77.0.1 a", False),
        ("10.78.0.2 a", False),
        ("10.77.0.0/24 a", False),
    ):
        assert belongs(parse_peers(line).entries[0], NETWORKS) == does
