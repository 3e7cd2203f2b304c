"""API tokens of a person: made, listed, revoked. A token may what its owner may, and no more than its scope."""

from __future__ import annotations

import msgspec

from paddock.domain.credentials import LONGEST_TOKEN_DAYS, Credential, CredentialKind, Issued, issue
from paddock.domain.instants import NS_PER_S
from paddock.domain.people import check_role
from paddock.domain.principal import Principal, PrincipalKind, may
from paddock.domain.roles import Permission
from paddock.domain.words import printable
from paddock.errors import NotFound, Rejected
from paddock.ports.documents import MAX_PAGE, Equals, Sort
from paddock.usecases.context import Context
from paddock.usecases.people.audit import note_act
from paddock.usecases.people.sign_in import person_of

MAX_TOKENS = 100
MAX_TOKEN_NAME = 100
KIND = "token"
_DAY_NS = 86_400 * NS_PER_S


async def list_tokens(context: Context, principal: Principal) -> list[Credential]:
    """One's own, the one made last first, also those that are over.

    Raises:
        Rejected: who asks is no user (code ``no_user``).
    """
    person = await person_of(context, principal)
    page = await context.documents.credentials.find(
        [Equals("person", person.id), Equals("kind", CredentialKind.TOKEN.value)],
        sort=Sort("created_at", descending=True),
        limit=MAX_PAGE,
    )
    return list(page.items)


async def make_token(
    context: Context, principal: Principal, name: str, *, scope: str = "", days: int = 365
) -> Issued:
    """A new token of one's own; its text is kept nowhere.

    Args:
        context: of the use case.
        principal: whose it becomes.
        name: what its owner calls it.
        scope: the role that it has at most; empty for one's own.
        days: how long it works.

    Raises:
        Rejected: who asks is no user, or came by a token; name, scope or days cannot be.
    """
    person = await person_of(context, principal)
    if principal.kind is PrincipalKind.TOKEN:
        raise Rejected("A token makes no tokens: sign in, and make it on your page.", code="not_allowed")
    clean = " ".join(name.split())
    if not clean or len(clean) > MAX_TOKEN_NAME or printable(clean) != clean:
        raise Rejected(f"A token has a name of at most {MAX_TOKEN_NAME} characters.", code="bad_name")
    if not 1 <= days <= LONGEST_TOKEN_DAYS:
        raise Rejected(f"A token works for 1 to {LONGEST_TOKEN_DAYS:,} days.", code="bad_days")
    if len(await list_tokens(context, principal)) >= MAX_TOKENS:
        raise Rejected(f"{MAX_TOKENS} tokens are there already: revoke one first.", code="too_many_tokens")
    issued = issue(
        CredentialKind.TOKEN,
        person.id,
        context.now(),
        life_ns=days * _DAY_NS,
        scope=check_role(scope) if scope else person.role,
    )
    token = msgspec.structs.replace(issued.credential, name=clean)
    await context.documents.credentials.insert(token)
    said = f"made, as {token.scope.value}, for {days} days"
    await note_act(context, principal, KIND, token.id, clean, "created", after=said)
    return Issued(token, issued.text)


async def revoke_token(context: Context, principal: Principal, token_id: str) -> None:
    """End a token of one's own, or as somebody who manages users anybody's; what it has open ends at once.

    Raises:
        NotFound: there is none, or none of one's own (code ``no_such_token``).
    """
    token = await context.documents.credentials.get(token_id)
    if token is not None and token.kind is CredentialKind.TOKEN:
        theirs = bool(principal.person) and token.person == principal.person
        if (theirs or may(principal, Permission.MANAGE_PEOPLE)) and await context.documents.credentials.delete(
            [Equals("id", token.id)]
        ):
            await note_act(context, principal, KIND, token.id, token.name, "revoked", before=token.scope.value)
            return
    raise NotFound("There is no such token: it was revoked, or is somebody else's.", code="no_such_token")
