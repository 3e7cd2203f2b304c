"""The page of alert rules: what they fire at, tried and switched on."""

from __future__ import annotations

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Redirect

from paddock.domain.alerts import Severity
from paddock.domain.catalogue_defaults import Role
from paddock.domain.principal import may
from paddock.domain.roles import Permission
from paddock.domain.rules import DEFAULT_CLEAR_S, Comparison
from paddock.usecases.alerts.rules import all_rules, change_rule
from paddock.web.kernel.conditional import Page
from paddock.web.kernel.injected import TheContext, ThePrincipal
from paddock.web.kernel.pages import pages
from paddock.web.rules.api import rule_resource


@get("/rules", needs=Permission.READ)
async def rules_page(context: TheContext, principal: ThePrincipal) -> Page:
    """All rules; ``rules.js`` adds, changes and tries them over the API that programs use."""
    return Page(
        "rules/rules.html",
        principal=principal,
        rules=[rule_resource(rule) for rule in await all_rules(context)],
        comparisons=tuple(Comparison),
        severities=tuple(Severity),
        roles=[role for role in Role if role is not Role.NONE],
        clear_s=DEFAULT_CLEAR_S,
        may_edit=may(principal, Permission.EDIT_ALERTS),
    )


@post("/rules/{rule_id:str}/on", needs=Permission.EDIT_ALERTS)
async def switch_on(context: TheContext, principal: ThePrincipal, rule_id: FromPath[str]) -> Redirect:
    """A button's form."""
    await change_rule(context, principal, rule_id, on=True)
    return Redirect("/rules", status_code=303)


@post("/rules/{rule_id:str}/off", needs=Permission.EDIT_ALERTS)
async def switch_off(context: TheContext, principal: ThePrincipal, rule_id: FromPath[str]) -> Redirect:
    """A button's form."""
    await change_rule(context, principal, rule_id, on=False)
    return Redirect("/rules", status_code=303)


ROUTER = pages(rules_page, switch_on, switch_off)
