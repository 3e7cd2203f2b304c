"""Sign in and out, and everything that sets a password."""

from __future__ import annotations

import msgspec
import structlog

from paddock.domain.credentials import Credential, CredentialKind, Issued, id_in, issue, proves
from paddock.domain.passwords import hash_password, is_outdated, is_password
from paddock.domain.people import (
    LONGEST_PASSWORD,
    Person,
    check_email,
    check_password,
    check_person_name,
    person_id,
)
from paddock.domain.principal import LOCAL_USER, Principal, PrincipalKind
from paddock.domain.roles import TeamRole
from paddock.errors import NotFound, Rejected
from paddock.ports.documents import Between, Condition, Equals, OneOf
from paddock.usecases.context import Context
from paddock.usecases.people.admission import has_people
from paddock.usecases.people.audit import note_act
from paddock.usecases.people.users import KIND, add_user

log = structlog.get_logger()

_SESSIONS = (CredentialKind.SESSION.value, CredentialKind.LOGIN.value)


async def sign_in(
    context: Context,
    name: str,
    password: str,
    *,
    kind: CredentialKind = CredentialKind.SESSION,
    address: str = "",
    agent: str = "",
    instead_of: str = "",
) -> Issued:
    """A new session of whoever has this name, or e-mail address, and password.

    Whether there is such a user, they are disabled or the password is wrong is not told apart, by nothing.

    Args:
        context: of the use case.
        name: or e-mail address, as typed.
        password: as typed.
        kind: of the session.
        address: from where.
        agent: the browser or program.
        instead_of: the text of a session that the browser had until now, which ends.

    Raises:
        Rejected: it is not right (code ``wrong_credentials``).
        TooManyTries: from there, or for that name, somebody tried too often.
    """
    typed = " ".join(name.split())
    context.desk.attempts.begin(typed, address)
    person = await _named(context, typed)
    stored = person.password_hash if person is not None else ""
    right = await context.desk.work(is_password, password[: LONGEST_PASSWORD + 1], stored)
    if person is None or not right or not person.is_active:
        log.warning("sign_in_failed", address=address)
        raise Rejected("Name or password is not right.", code="wrong_credentials")
    context.desk.attempts.succeeded(typed, address)
    if is_outdated(stored):
        hashed = await context.desk.work(hash_password, password)
        await context.documents.people.change(
            person.id, {"password_hash": hashed}, [Equals("password_hash", stored)]
        )
    await sign_out(context, instead_of)
    issued = await _begin(context, person, kind, address, agent)
    log.info("signed_in", principal=person.name, address=address)
    return issued


async def sign_out(context: Context, text: str) -> None:
    """End the session that this is the text of; nothing where it is none."""
    credential = await _credential(context, text, CredentialKind.SESSION, CredentialKind.LOGIN)
    if credential is not None:
        await context.documents.credentials.delete([Equals("id", credential.id)])


async def end_session(context: Context, principal: Principal, credential_id: str) -> None:
    """End one session of one's own.

    Raises:
        NotFound: there is none (code ``no_such_session``).
    """
    person = await person_of(context, principal)
    mine: list[Condition] = [Equals("id", credential_id), Equals("person", person.id), OneOf("kind", _SESSIONS)]
    if not await context.documents.credentials.delete(mine):
        raise NotFound("There is no such session: it has ended.", code="no_such_session")


async def sign_out_everywhere(context: Context, principal: Principal) -> None:
    """End all sessions of somebody, this one too; API tokens stay.

    Raises:
        Rejected: who asks is no user (code ``no_user``).
    """
    person = await person_of(context, principal)
    await _end_sessions(context, person, {})
    await note_act(context, principal, KIND, person.id, person.name, "signed out", after="everywhere")


async def change_password(
    context: Context,
    principal: Principal,
    old: str,
    new: str,
    *,
    kind: CredentialKind = CredentialKind.SESSION,
    address: str = "",
    agent: str = "",
) -> Issued:
    """Another password, by whoever knows the old one; all sessions end, and this is the one that goes on.

    Raises:
        Rejected: who asks is no user, the old one is wrong, the new one is weak (codes ``no_user``,
            ``wrong_credentials``, ``weak_password``).
        TooManyTries: the old one was guessed at too often.
    """
    person = await person_of(context, principal)
    if principal.kind is PrincipalKind.TOKEN:
        raise Rejected("A token changes no password: sign in.", code="not_allowed")
    if person.password_hash:
        context.desk.attempts.begin(person.name, address)
        if not await context.desk.work(is_password, old[: LONGEST_PASSWORD + 1], person.password_hash):
            raise Rejected("The password until now is another one.", code="wrong_credentials")
        context.desk.attempts.succeeded(person.name, address)
    await _set_password(context, principal, person, new)
    return await _begin(context, person, kind, address, agent)


async def link_of(context: Context, text: str) -> tuple[Credential, Person | None]:
    """What a one-time link is for: the person whose password it sets; None for the first admin.

    Raises:
        NotFound: it was used, is over, or never was (code ``no_such_link``).
    """
    credential = await _credential(context, text, CredentialKind.LINK)
    if credential is not None and not credential.is_over(context.now()):
        if not credential.person:
            if not await has_people(context):
                return credential, None
        elif (person := await context.documents.people.get(credential.person)) and person.is_active:
            return credential, person
    raise _no_such_link()


async def use_link(
    context: Context,
    text: str,
    password: str,
    *,
    name: str = "",
    email: str = "",
    address: str = "",
    agent: str = "",
) -> Issued:
    """Set the password that a one-time link is for, or make the first admin; then they are signed in.

    Args:
        context: of the use case.
        text: of the link.
        password: the new one.
        name: of the first admin.
        email: of the first admin.
        address: from where.
        agent: the browser or program.

    Raises:
        NotFound: the link was used, is over, or never was (code ``no_such_link``).
        Rejected: the password is weak, or the first admin's name cannot be one.
    """
    credential, person = await link_of(context, text)
    # Checked first: what cannot be stored uses up no link.
    if person is None:
        wanted = Person(id="", name=check_person_name(name), email=check_email(email), role=TeamRole.ADMIN)
        check_password(password, wanted)
        await _use_up(context, credential)
        person = await add_user(
            context, LOCAL_USER, name, role=TeamRole.ADMIN.value, email=email, password=password
        )
    else:
        check_password(password, person)
        await _use_up(context, credential)
        own = Principal(PrincipalKind.PERSON, person.name, person.role, person=person.id)
        await _set_password(context, own, person, password)
    return await _begin(context, person, CredentialKind.SESSION, address, agent)


async def sessions_of(context: Context, principal: Principal) -> list[Credential]:
    """One's own sessions that are not over, the one used last first."""
    person = await person_of(context, principal)
    page = await context.documents.credentials.find(
        [Equals("person", person.id), OneOf("kind", _SESSIONS)], limit=500
    )
    now = context.now()
    alive = [each for each in page.items if not each.is_over(now) and each.created_at > person.signs_out_before]
    return sorted(alive, key=lambda each: each.last_used_at or each.created_at, reverse=True)


async def sweep_credentials(context: Context) -> None:
    """Forget those that are over."""
    await context.documents.credentials.delete([Between("expires_at", below=context.now())])


async def person_of(context: Context, principal: Principal) -> Person:
    """The user that somebody is.

    Raises:
        Rejected: they are none, as the local user of a Paddock without people (code ``no_user``).
    """
    person = await context.documents.people.get(principal.person) if principal.person else None
    if person is None:
        raise Rejected(f"{principal.name} is no user of this Paddock: an admin adds users.", code="no_user")
    return person


async def _named(context: Context, typed: str) -> Person | None:
    if "@" not in typed:
        return await context.documents.people.get(person_id(typed))
    found = await context.documents.people.find([Equals("email", typed.lower())], limit=2)
    # Two who were given one address at the same moment sign in by their names.
    return found.items[0] if len(found.items) == 1 else None


async def _credential(context: Context, text: str, *kinds: CredentialKind) -> Credential | None:
    credential_id = id_in(text, *kinds)
    credential = await context.documents.credentials.get(credential_id) if credential_id else None
    return credential if credential is not None and proves(text, credential) else None


async def _use_up(context: Context, link: Credential) -> None:
    """Use the link up. Where two do at one moment, one gets in."""
    if not await context.documents.credentials.delete([Equals("id", link.id)]):
        raise _no_such_link()


async def _begin(context: Context, person: Person, kind: CredentialKind, address: str, agent: str) -> Issued:
    # After "everywhere", also where both come within one tick of the clock.
    latest = await context.documents.people.get(person.id) or person
    now = max(context.now(), latest.signs_out_before + 1)
    issued = issue(kind, person.id, now)
    credential = msgspec.structs.replace(issued.credential, last_used_at=now, address=address, agent=agent[:200])
    await context.documents.credentials.insert(credential)
    return Issued(credential, issued.text)


async def _set_password(context: Context, principal: Principal, person: Person, password: str) -> None:
    check_password(password, person)
    hashed = await context.desk.work(hash_password, password)
    await _end_sessions(context, person, {"password_hash": hashed})
    await note_act(context, principal, KIND, person.id, person.name, "password", after="set")


async def _end_sessions(context: Context, person: Person, also: dict[str, object]) -> None:
    """One write ends all of them, and whatever else is to change with it; what is over is then taken away."""
    now = context.now()
    await context.documents.people.change(person.id, {**also, "signs_out_before": now})
    of_person = (Equals("person", person.id), OneOf("kind", _SESSIONS))
    await context.documents.credentials.delete([*of_person, Between("created_at", below=now + 1)])


def _no_such_link() -> NotFound:
    return NotFound("This link was used already, or is too old: ask an admin for another one.", code="no_such_link")
