"""Users: list, add, change their role, disable, and links by which they choose a password."""

from __future__ import annotations

import msgspec

from paddock.domain.credentials import CredentialKind, Issued, issue
from paddock.domain.members import MAX_NAME
from paddock.domain.passwords import hash_password
from paddock.domain.people import Person, check_email, check_password, check_person_name, check_role, person_id
from paddock.domain.principal import Principal
from paddock.domain.roles import TeamRole
from paddock.errors import Conflict, NotFound, Rejected
from paddock.ports.documents import MAX_PAGE, Equals
from paddock.usecases.context import Context
from paddock.usecases.people.admission import has_people
from paddock.usecases.people.audit import note_act, note_change

AUDITED = ("email", "role", "is_active")
KIND = "person"


async def list_users(context: Context) -> list[Person]:
    """All, also who left, by name."""
    found: list[Person] = []
    after = None
    while True:
        page = await context.documents.people.find(limit=MAX_PAGE, after=after)
        found += page.items
        if (after := page.next) is None:
            return sorted(found, key=lambda person: person.name.casefold())


async def get_user(context: Context, user: str) -> Person:
    """One, by id or name.

    Raises:
        NotFound: there is none (code ``no_such_user``).
    """
    for document_id in (user, person_id(" ".join(user.split()))):
        if person := await context.documents.people.get(document_id):
            return person
    raise NotFound(f"There is no user {user[:MAX_NAME]!r}.", code="no_such_user")


async def add_user(
    context: Context, principal: Principal, name: str, *, role: str, email: str = "", password: str = ""
) -> Person:
    """A new user, who signs in once they have a password.

    Args:
        context: of the use case.
        principal: who adds them.
        name: as the history will have it; it stays.
        role: ``viewer``, ``engineer`` or ``admin``.
        email: they may sign in with it instead of the name.
        password: empty for one that they choose themselves, by a link.

    Raises:
        Rejected: name, role, e-mail address or password cannot be (codes ``bad_name``, ``bad_role``, ``bad_email``,
            ``weak_password``).
        Conflict: somebody has the name or the address (codes ``name_taken``, ``email_taken``).
    """
    now = context.now()
    clean = check_person_name(name)
    person = Person(
        id=person_id(clean),
        name=clean,
        email=check_email(email),
        role=check_role(role),
        created_at=now,
        created_by=principal.name,
        updated_at=now,
    )
    if password:
        check_password(password, person)
    await _refuse_taken(context, person)
    if password:
        hashed = await context.desk.work(hash_password, password)
        person = msgspec.structs.replace(person, password_hash=hashed)
    if not await context.documents.people.insert(person):
        raise Conflict(f"There is a user {clean!r} already.", code="name_taken")
    await note_change(context, principal, KIND, None, person, fields=AUDITED)
    return person


async def change_user(
    context: Context,
    principal: Principal,
    user: str,
    *,
    role: str | None = None,
    is_active: bool | None = None,
    email: str | None = None,
    version: int | None = None,
) -> Person:
    """A user with another role or address, disabled, or let in again; what is None stays.

    Raises:
        NotFound: there is no such user.
        Rejected: the role or the address cannot be; nobody would be left to manage users (code ``last_admin``).
        Conflict: somebody has the address; or the user is of another version by now (code ``changed_meanwhile``).
    """
    while True:
        known = await get_user(context, user)
        if version is not None and version != known.version:
            raise Conflict(f"{known.name} was changed meanwhile: look again.", code="changed_meanwhile")
        changed = msgspec.structs.replace(
            known,
            role=known.role if role is None else check_role(role),
            is_active=known.is_active if is_active is None else is_active,
            email=known.email if email is None else check_email(email),
        )
        if changed == known:
            return known
        if changed.email != known.email:
            await _refuse_taken(context, changed)
        await _refuse_without_admin(context, known, changed)
        stored = await context.documents.people.change(
            known.id,
            {
                "role": changed.role,
                "is_active": changed.is_active,
                "email": changed.email,
                "updated_at": context.now(),
                "version": known.version + 1,
            },
            [Equals("version", known.version)],
        )
        if stored is not None:
            await note_change(context, principal, KIND, known, stored, fields=AUDITED)
            return stored


async def password_link(context: Context, principal: Principal, user: str) -> Issued:
    """A link by which somebody chooses a password, once; one that was made before works no more.

    Raises:
        NotFound: there is no such user.
        Rejected: they are disabled (code ``disabled``).
    """
    person = await get_user(context, user)
    if not person.is_active:
        raise Rejected(f"{person.name} is disabled: let them in again first.", code="disabled")
    issued = await _new_link(context, person.id)
    await note_act(context, principal, KIND, person.id, person.name, "link", after="made, to set a password")
    return issued


async def first_admin_link(context: Context) -> Issued | None:
    """The link that makes the first admin; None where there is somebody already."""
    if await has_people(context):
        return None
    return await _new_link(context, "")


async def _new_link(context: Context, person: str) -> Issued:
    await context.documents.credentials.delete(
        [Equals("kind", CredentialKind.LINK.value), Equals("person", person)]
    )
    issued = issue(CredentialKind.LINK, person, context.now())
    await context.documents.credentials.insert(issued.credential)
    return issued


async def _refuse_taken(context: Context, person: Person) -> None:
    if person.email:
        same = await context.documents.people.find([Equals("email", person.email)], limit=2)
        if other := next((each for each in same.items if each.id != person.id), None):
            raise Conflict(f"{other.name} has that e-mail address.", code="email_taken")


async def _refuse_without_admin(context: Context, known: Person, changed: Person) -> None:
    def manages(person: Person) -> bool:
        return person.is_active and person.role is TeamRole.ADMIN

    if manages(changed) or not manages(known):
        return
    if not any(manages(each) for each in await list_users(context) if each.id != known.id):
        raise Rejected(
            f"{known.name} is the only admin: make somebody else one first.",
            code="last_admin",
        )
