"""The web service as one ASGI application, made from what ``bootstrap`` joined."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import jinja2
from litestar import Litestar, Router
from litestar.di import Provide
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin, YamlRenderPlugin
from litestar.plugins.jinja import JinjaTemplateEngine
from litestar.template.config import TemplateConfig
from litestar.types import ASGIApp

from paddock import __version__
from paddock.adapters.directory import DirectoryObjects
from paddock.domain.laps import lap_time
from paddock.domain.names import run_words, who_drove
from paddock.domain.setup_values import text_of
from paddock.domain.signal_names import spoken_dtype
from paddock.settings import Settings
from paddock.usecases.catalogue.catalogue import car_of
from paddock.usecases.context import Context
from paddock.web.features import routers
from paddock.web.kernel.assets import asset_routes
from paddock.web.kernel.bodies import BoundedRequest
from paddock.web.kernel.conditional import Conditional
from paddock.web.kernel.head import answering_head
from paddock.web.kernel.injected import principal_of, team_fields_of
from paddock.web.kernel.permission import Anyone, EveryRouteSaysWhatItNeeds, check_permission
from paddock.web.kernel.principal import Edge
from paddock.web.kernel.problems import answer
from paddock.web.kernel.request_log import headers_for, with_request_log
from paddock.web.kernel.sockets import note_error
from paddock.web.kernel.templates import templates
from paddock.web.objects import api as objects
from paddock.web.take_away.form import take_away
from paddock.web.upload.log_kinds import log_kinds

HERE = Path(__file__).parent
PAGES = (
    ("/", "Recordings", "recordings"),
    ("/laps", "Laps", "laps"),
    ("/live", "Live", "live"),
    ("/devices", "Devices", "devices"),
    ("/alerts", "Alerts", "alerts"),
    ("/upload", "Upload", "upload"),
    ("/signals", "Signals", "signals"),
)
"""In the bar of every page: address, label, and what the page itself says to be."""
MORE = (
    ("/setups", "Setups", "setups"),
    ("/checklists", "Checklists", "checklists"),
    ("/sql", "SQL", "sql"),
    ("/fields", "Fields", "fields"),
    ("/jobs", "Jobs", "jobs"),
)
"""Those that fewer people go to, in a menu at its end."""
WAYS_ON = (("/", "All recordings"), ("/upload", "Upload a log"))
"""From a page that could not be shown."""
MAX_BODY_BYTES = 1024 * 1024
"""For a JSON request; parts of an upload go around it, because they are never held in memory."""

ABOUT_THE_API = """A race team's data cloud.

- Errors are problem details (RFC 9457): see `Problem`; compare `code`.
- Lists come in pages: `next` of one is `after` of the next, null at the end; `limit` is how many at most.
- Where there is `fields`, `fields=id,name` answers with these only.
- JSON answers to GET have an ETag: sent back as `If-None-Match`, it costs 304 and no body while nothing changed.
- HEAD answers as GET without a body, on every address.
- Who lacks the permission for something is answered 403, `not_allowed`, with what it is that they may not.
- A recording is known by the first 6 or more digits of its id.
"""


def create_app(context: Context, settings: Settings) -> Litestar:
    """The whole web service: JSON API, objects behind signed links, pages.

    Raises:
        Rejected: the settings name a peers file or a proxy that cannot be understood.
    """
    app = application(lambda: context, lambda: settings, directory=isinstance(context.objects, DirectoryObjects))
    # Around everything, because Litestar's own middleware never sees what no route answers.
    app.asgi_handler = behind_the_edge(app.asgi_handler, settings, lambda: context)
    return app


def behind_the_edge(handler: ASGIApp, settings: Settings, context: Callable[[], Context]) -> ASGIApp:
    """Lets in who may come in, answers HEAD, logs each request.

    Args:
        handler: what answers.
        settings: say who is let in.
        context: has the users.

    Raises:
        Rejected: the settings name a peers file or a proxy that cannot be understood.
    """
    return with_request_log(answering_head(handler), Edge(settings, context), headers_for(settings))


def application(context: Callable[[], Context], settings: Callable[[], Settings], *, directory: bool) -> Litestar:
    """All routes, before the edge.

    Args:
        context: answers what the request at hand is served from.
        settings: answers what holds for the request at hand.
        directory: the objects lie in a directory of ours, whose links lead here.
    """
    found = [*routers(), asset_routes({"": HERE})]
    if directory:
        found.append(objects.LINKS)
    return Litestar(
        route_handlers=found,
        dependencies={
            "context": Provide(context, sync_to_thread=False),
            "settings": Provide(settings, sync_to_thread=False),
            "principal": Provide(principal_of, sync_to_thread=False),
            "team_fields": Provide(team_fields_of),
        },
        guards=[check_permission],
        plugins=[EveryRouteSaysWhatItNeeds()],
        exception_handlers={Exception: answer},
        after_exception=[note_error],
        request_class=BoundedRequest,
        response_class=Conditional,
        # Not left to Litestar's defaults: those ask the environment, and log what we log ourselves.
        debug=False,
        pdb_on_exception=False,
        logging_config=None,
        request_max_body_size=MAX_BODY_BYTES,
        template_config=TemplateConfig(instance=JinjaTemplateEngine.from_environment(_templates())),
        openapi_config=OpenAPIConfig(
            title="Paddock",
            version=__version__,
            description=ABOUT_THE_API,
            use_handler_docstrings=True,
            render_plugins=[JsonRenderPlugin(), YamlRenderPlugin()],
            openapi_router=Router(
                "/schema", route_handlers=[], include_in_schema=False, opt={"needs": Anyone.LET_IN}
            ),
        ),
    )


@cache
def _templates() -> jinja2.Environment:
    """One for all applications of a process: to compile the templates of a page takes a tenth of a second."""
    environment = templates(HERE)
    environment.filters["dtype"] = spoken_dtype
    environment.filters["lap_time"] = lap_time
    environment.filters["setup_text"] = text_of
    environment.filters["car_of"] = car_of
    environment.filters["who_drove"] = who_drove
    environment.filters["run_words"] = run_words
    environment.globals.update(pages=PAGES, more=MORE, ways_on=WAYS_ON, take_away=take_away, log_kinds=log_kinds)
    return environment
