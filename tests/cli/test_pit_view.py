"""What a terminal shows of the pit: as much as fits, and nothing that commands it."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from paddock.basestation.status import LogState
from paddock.basestation.view import view_of
from paddock.cli.pit_view import drawn, print_view
from tests.basestation.pit import a_log, a_status, evenings

EVENINGS = evenings()


@pytest.mark.parametrize("name", EVENINGS)
@pytest.mark.parametrize(("width", "height"), [(80, 24), (140, 50)])
def test_it_fits(name: str, width: int, height: int) -> None:
    console = Console(file=io.StringIO(), width=width, height=height, force_terminal=True)
    view = view_of(EVENINGS[name])
    lines = console.render_lines(drawn(view, height))
    text = "\n".join("".join(segment.text for segment in line) for line in lines)
    assert len(lines) <= height
    assert all(verdict.headline in text for verdict in view.verdicts)


def test_a_name_commands_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    log = a_log(1, LogState.WAITING, name="a\x1b[2Jb.mcap", why="It cannot\x1b]0; be read.")
    view = view_of(a_status(log))
    print_view(view)
    console = Console(file=io.StringIO(), width=120, height=40)
    console.print(drawn(view, 40))
    assert "\x1b[2J" not in (written := capsys.readouterr().out + console.file.getvalue())
    assert "\x1b]" not in written
    assert "1 log left" in written
