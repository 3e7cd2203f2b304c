"""Who somebody is by what they bring along: a session, an API token, or a name that the VPN knows."""

from __future__ import annotations

from collections.abc import Collection

from paddock.domain.credentials import (
    SEEN_EVERY_NS,
    Credential,
    CredentialKind,
    id_in,
    proves,
)
from paddock.domain.people import Person, person_id
from paddock.domain.principal import Principal, PrincipalKind
from paddock.domain.roles import TeamRole, lesser
from paddock.errors import Rejected
from paddock.ports.documents import MAX_PAGE, OneOf
from paddock.usecases.context import Context

LETS_IN = (CredentialKind.SESSION, CredentialKind.LOGIN, CredentialKind.TOKEN)


async def principal_of(context: Context, text: str, *, address: str = "", agent: str = "") -> Principal | None:
    """Who a session or token is of; None where it lets nobody in any more.

    Args:
        context: of the use case.
        text: as its owner has it.
        address: from where it comes, to be shown to its owner.
        agent: the browser or program, likewise.
    """
    credential_id = id_in(text, *LETS_IN)
    credential = await context.documents.credentials.get(credential_id) if credential_id else None
    if credential is None or not proves(text, credential):
        return None
    found = await _principals(context, [credential])
    if credential.id not in found:
        return None
    await _note_use(context, credential, address, agent)
    return found[credential.id]


async def principals_of(context: Context, credential_ids: Collection[str]) -> dict[str, Principal]:
    """Who those of some sessions and tokens are of that still let in, by their ids."""
    wanted = sorted(credential_ids)
    credentials: list[Credential] = []
    for first in range(0, len(wanted), MAX_PAGE):
        some = tuple(wanted[first : first + MAX_PAGE])
        credentials += (await context.documents.credentials.find([OneOf("id", some)], limit=MAX_PAGE)).items
    return await _principals(context, credentials)


async def people_by_id(context: Context, person_ids: Collection[str]) -> dict[str, Person]:
    """Those of some people that are there."""
    wanted = sorted(person_ids)
    people: dict[str, Person] = {}
    for first in range(0, len(wanted), MAX_PAGE):
        some = tuple(wanted[first : first + MAX_PAGE])
        found = await context.documents.people.find([OneOf("id", some)], limit=MAX_PAGE)
        people |= {person.id: person for person in found.items}
    return people


async def _principals(context: Context, credentials: Collection[Credential]) -> dict[str, Principal]:
    now = context.now()
    people = await people_by_id(context, {each.person for each in credentials})
    return {
        each.id: _principal(people[each.person], each)
        for each in credentials
        if each.kind in LETS_IN
        and each.person in people
        and not each.is_over(now)
        and _still_holds(people[each.person], each)
    }


def _still_holds(person: Person, credential: Credential) -> bool:
    if not person.is_active:
        return False
    return credential.kind is CredentialKind.TOKEN or credential.created_at > person.signs_out_before


def _principal(person: Person, credential: Credential) -> Principal:
    is_token = credential.kind is CredentialKind.TOKEN
    return Principal(
        PrincipalKind.TOKEN if is_token else PrincipalKind.PERSON,
        person.name,
        lesser(person.role, credential.scope),
        person=person.id,
        credential=credential.id,
    )


async def _note_use(context: Context, credential: Credential, address: str, agent: str) -> None:
    now = context.now()
    if credential.last_used_at is not None and now - credential.last_used_at < SEEN_EVERY_NS:
        return
    changes: dict[str, object] = {"last_used_at": now}
    if address:
        changes["address"] = address
    if agent:
        changes["agent"] = agent[:200]
    await context.documents.credentials.change(credential.id, changes)


def member_principal(name: str, person: Person | None, role_without_user: TeamRole) -> Principal:
    """Who a member of the VPN is.

    Args:
        name: as the peers file has it.
        person: the user of that name, if there is one.
        role_without_user: what a member may who is no user.

    Raises:
        Rejected: the user of that name is disabled (code ``not_a_member``).
    """
    if person is None:
        return Principal(PrincipalKind.MEMBER, name, role_without_user)
    if not person.is_active:
        raise Rejected(f"{person.name} is no user of this Paddock any more: ask an admin.", code="not_a_member")
    return Principal(PrincipalKind.MEMBER, person.name, person.role, person=person.id)


async def members_by_name(context: Context, names: Collection[str]) -> dict[str, Person]:
    """The users that members of the VPN are, by the members' names."""
    ids = {name: person_id(" ".join(name.split())) for name in names}
    people = await people_by_id(context, set(ids.values()))
    return {name: people[each] for name, each in ids.items() if each in people}


async def has_people(context: Context) -> bool:
    """Whether anybody was ever made a user here."""
    return bool((await context.documents.people.find(limit=1)).items)
