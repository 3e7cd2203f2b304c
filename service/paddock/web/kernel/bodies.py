"""JSON bodies: decoded once, straight into the type that the route takes, so that nothing else is ever built.

Litestar builds whatever the JSON says and converts it afterwards, with ``"9"`` as good as 9, and crashes where it
is nested too deeply. Decoding into the type stops at the first thing that does not belong there.
"""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request
from litestar.exceptions import ClientException, ValidationException

from paddock.web.kernel.field_problems import field_problem


class BoundedRequest(Request[Any, Any, Any]):
    """A request whose JSON is read by the type of the route's ``data``."""

    async def json(self) -> Any:
        """The body as the route takes it.

        Raises:
            ClientException: it is no JSON.
            ValidationException: a value has the wrong type, or is larger than the route takes; the field is named.
        """
        field = self.route_handler.parsed_data_field
        assert field is not None, "Litestar asks for JSON where the route takes some"
        try:
            return msgspec.json.decode(await self.body(), type=field.annotation)
        except msgspec.ValidationError as error:
            said = field_problem(str(error), field.annotation)
            extra = [{"message": said.message, "key": said.field}]
            raise ValidationException("The body has a field of the wrong type.", extra=extra) from None
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ClientException(f"The body is no JSON: {error}.") from None
        except RecursionError:
            raise ClientException("The body is nested too deeply.") from None
