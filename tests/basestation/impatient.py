"""``paddock`` with short pauses: its words are the command's, and it asks and tries again sooner.

For tests of what happens and not of when: nothing else differs, and the scripts of ``tests/scripts`` at full size
wait as teams do.
"""

from __future__ import annotations

import sys

from paddock.basestation import look, pulling, send
from paddock.cli import main
from paddock.client import connection
from paddock.domain.instants import NS_PER_S
from paddock.usecases.intake import sweep_uploads
from paddock.usecases.jobs import work

IMPATIENT = (sys.executable, "-P", __file__)
"""What its words follow, as those of ``PADDOCK``."""


def be_impatient() -> None:
    """Change the pauses of this process."""
    connection.FIRST_PAUSE_S = 0.1
    # A third of it for a connection to come about.
    send.TIMEOUT_S = 12.0
    send._ASK_EVERY_S = 0.2
    send._FIRST_RETRY_S, send._LAST_RETRY_S = 0.2, 2.0
    # Long enough for a car's server to be started again.
    pulling._FIRST_RETRY_S = look._FIRST_RETRY_S = 0.5
    pulling._ROOM_RETRY_S = 0.5
    # A bucket's objects are whole at once.
    sweep_uploads.STRANGER_AGE_NS = NS_PER_S
    work.SWEEP_S = 1.0  # type: ignore[attr-defined]


if __name__ == "__main__":
    be_impatient()
    main()
