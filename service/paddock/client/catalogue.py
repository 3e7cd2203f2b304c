"""What the client has of the names of signals, and of maths channels."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

import msgspec

from paddock.client.connection import Connection
from paddock.client.contents import SignalName
from paddock.client.maths import MathsChannel


class CatalogueCalls:
    """A part of ``Client``."""

    _connection: Connection

    def find_signals(self, text: str = "", *, limit: int = 20) -> tuple[SignalName, ...]:
        """Names that signals have over all recordings; ``FoundRecording.find_signals`` has those of one.

        Args:
            text: the beginning of a name, or words from inside: ``"cell temp"``.
            limit: how many at most.
        """
        answer = self._connection.call("GET", "/api/signal-names", params={"q": text, "limit": limit})
        return msgspec.convert(answer, tuple[SignalName, ...])

    def maths(self) -> tuple[MathsChannel, ...]:
        """The maths channels of the team, by name."""
        return msgspec.convert(self._connection.call("GET", "/api/maths")["items"], tuple[MathsChannel, ...])

    def set_maths(
        self,
        name: str,
        text: str,
        *,
        unit: str = "",
        car: str = "",
        constants: Mapping[str, float] | None = None,
        note: str = "",
        in_mat: bool = False,
    ) -> MathsChannel:
        """Have ``name`` computed of every recording, in the place of what was computed under it before.

        Args:
            name: of the signal it is from then on: ``run.signal("wheel_slip")``.
            text: the expression.
            unit: by default derived from those of the signals.
            car: only for this car.
            constants: numbers by name, for the expression.
            note: what it is for.
            in_mat: whether the MATLAB file of every recording holds it.

        Raises:
            Rejected: it means nothing, or its units do not go together.
        """
        said = {"name": name, "text": text, "unit": unit, "car": car, "note": note, "in_mat": in_mat}
        body = {**said, "constants": dict(constants or {})}
        known = [each for each in self.maths() if each.name == name and each.car.casefold() == car.casefold()]
        method, path = ("PUT", f"/api/maths/{known[0].id}") if known else ("POST", "/api/maths")
        return msgspec.convert(self._connection.call(method, path, json=body, tries=1), MathsChannel)

    def remove_maths(self, name: str, car: str = "") -> None:
        """Remove a maths channel, and its signal from all recordings.

        Raises:
            NotFound: there is none of this name for this car.
        """
        known = [each for each in self.maths() if each.name == name and each.car.casefold() == car.casefold()]
        self._connection.call("DELETE", f"/api/maths/{quote(known[0].id if known else name, safe='')}")

    def signal_catalogue(self) -> str:
        """The team's signal catalogue, as the text of a ``signals.toml``."""
        return str(self._connection.call("GET", "/api/catalogue/signals.toml"))

    def replace_signal_catalogue(self, toml: str) -> int:
        """Replace it by that of a file; how many entries it has then.

        Raises:
            Rejected: it is no such file; the message has the line.
            Conflict: somebody changed the catalogue at the same moment.
        """
        version = self._connection.call("GET", "/api/catalogue")["version"]
        body = {"version": version, "toml": toml}
        return len(self._connection.call("POST", "/api/catalogue/import", json=body)["signals"])
