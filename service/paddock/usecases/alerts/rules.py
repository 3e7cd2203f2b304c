"""Rules: added, changed, switched on and off, removed, and with that their alerts that nobody would clear."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

import msgspec

from paddock.domain.alerts import OPEN
from paddock.domain.principal import Principal
from paddock.domain.rules import MAX_RULES, Rule, RuleText, checked_text
from paddock.errors import Conflict, NotFound, Rejected
from paddock.ports.documents import MAX_PAGE, Condition, Equals, OneOf
from paddock.usecases.alerts.alerts import end_alert
from paddock.usecases.context import Context
from paddock.usecases.people.audit import note_act, note_change

_TOLD = ("severity", "name", "quiet")
"""What may change without the rule looking for something else."""


async def all_rules(context: Context) -> tuple[Rule, ...]:
    """Those that are not removed, by name."""
    page = await context.documents.rules.find([Equals("removed_at", None)], limit=MAX_PAGE)
    return tuple(sorted(page.items, key=lambda rule: (rule.name.casefold(), rule.id)))


async def rules_that_are_on(context: Context) -> tuple[Rule, ...]:
    """Those that look at what comes."""
    return tuple(rule for rule in await all_rules(context) if rule.on)


async def get_rule(context: Context, rule_id: str) -> Rule:
    """One rule, be it removed or not.

    Raises:
        NotFound: there is none (code ``no_such_rule``).
    """
    rule = await context.documents.rules.get(rule_id)
    if rule is None:
        raise NotFound("There is no such rule: look for it in the list.", code="no_such_rule")
    return rule


async def add_rule(context: Context, principal: Principal, said: RuleText, *, on: bool = False) -> Rule:
    """Add a rule; it looks at nothing until it is switched on.

    Raises:
        Rejected: it cannot be (code ``bad_rule``), or there are as many as there may be (``too_many_rules``).
    """
    said = checked_text(said)
    if len(await all_rules(context)) >= MAX_RULES:
        raise Rejected(f"There are {MAX_RULES} rules already: remove one first.", code="too_many_rules")
    now = context.now()
    rule = Rule(
        id=secrets.token_hex(6),
        said=said,
        on=on,
        on_since=now,
        added_at=now,
        added_by=principal.name,
        changed_at=now,
        changed_by=principal.name,
    )
    await context.documents.rules.put_many([rule])
    await note_change(context, principal, "rule", None, rule, fields=("said", "on"))
    return rule


async def change_rule(
    context: Context,
    principal: Principal,
    rule_id: str,
    *,
    said: RuleText | None = None,
    on: bool | None = None,
    version: int | None = None,
) -> Rule:
    """Change what a rule says, or switch it on or off.

    Args:
        said: all that it says from now on; None for what it says.
        on: None to leave it.
        version: of the rule that was looked at; None for whatever it says by now.

    Raises:
        NotFound: there is none (code ``no_such_rule``).
        Rejected: it cannot be (code ``bad_rule``).
        Conflict: somebody changed it since that version (code ``edited_meanwhile``).
    """
    said = None if said is None else checked_text(said)
    while True:
        rule = await _kept(context, rule_id)
        if version is not None and rule.version != version:
            raise Conflict(
                f"{rule.changed_by} changed this rule meanwhile: look at it again.", code="edited_meanwhile"
            )
        wanted = msgspec.structs.replace(
            rule, said=rule.said if said is None else said, on=rule.on if on is None else on
        )
        if wanted == rule:
            return rule
        if (changed := await _write(context, principal, rule, wanted)) is not None:
            await note_change(context, principal, "rule", rule, changed, fields=("said", "on"))
            if changed.revision != rule.revision or not changed.on:
                await _end_alerts(context, rule_id)
            return changed


async def remove_rule(context: Context, principal: Principal, rule_id: str) -> None:
    """Remove a rule; its alerts stay, and those of devices that still fire are over.

    Raises:
        NotFound: there is none (code ``no_such_rule``).
    """
    while True:
        rule = await _kept(context, rule_id)
        wanted = msgspec.structs.replace(rule, on=False, removed_at=context.now())
        if (removed := await _write(context, principal, rule, wanted)) is not None:
            await note_act(context, principal, "rule", rule_id, removed.name, "removed")
            await _end_alerts(context, rule_id)
            return


async def _kept(context: Context, rule_id: str) -> Rule:
    rule = await get_rule(context, rule_id)
    if rule.removed_at is not None:
        raise NotFound("This rule was removed.", code="no_such_rule")
    return rule


async def _write(context: Context, principal: Principal, rule: Rule, wanted: Rule) -> Rule | None:
    """None where somebody changed it meanwhile."""
    looks_for_the_same = all(
        getattr(rule.said, name) == getattr(wanted.said, name)
        for name in RuleText.__struct_fields__
        if name not in _TOLD
    )
    begins_anew = not looks_for_the_same or (wanted.on and not rule.on)
    changes = {
        "said": wanted.said,
        "on": wanted.on,
        "on_since": context.now() if begins_anew else rule.on_since,
        "removed_at": wanted.removed_at,
        "revision": rule.revision + (not looks_for_the_same),
        "changed_at": context.now(),
        "changed_by": principal.name,
        "version": rule.version + 1,
    }
    return await context.documents.rules.change(rule.id, changes, [Equals("version", rule.version)])


async def _end_alerts(context: Context, rule_id: str) -> None:
    """Those of devices: nobody would notice that they are over. What was found in logs stays for people to see."""
    where: list[Condition] = [Equals("rule", rule_id), OneOf("state", OPEN), Equals("recording", "")]
    found: Sequence[str] = [each.key for each in (await context.documents.alerts.find(where, limit=MAX_PAGE)).items]
    for key in found:
        await end_alert(context, key)
