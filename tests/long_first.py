"""On several processors the files that take longest begin first, so that none runs on alone at the end.

pytest-xdist would begin with the files of most tests, and with the longest of all last, as they are few tests each.
"""

from __future__ import annotations

from collections import Counter

import pytest

LONGEST = (
    "tests/web/test_looks.py",
    "tests/test_house.py",
    "tests/web/test_accessibility.py",
    "tests/basestation/test_acceptance_day.py",
    "tests/test_readme.py",
    "tests/basestation/test_faults.py",
    "tests/web/test_schema_fuzz.py",
    "tests/cli/test_up.py",
    "tests/basestation/test_screen_browser.py",
    "tests/web/test_buttons_by_role.py",
    "tests/web/test_browser.py",
    "tests/nix/test_units.py",
    "tests/adapters/test_objects_keys.py",
    "tests/web/test_plots_browser.py",
    "tests/web/test_upload_browser.py",
    "tests/web/test_recording_browser.py",
    "tests/basestation/test_send.py",
)
"""Those of more than half a minute, the longest first; ``--durations`` of a whole run says which they are."""


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    config.option.loadscopereorder = False
    # A test that ends its process, as one that waits forever does, is not begun again and again.
    if config.option.maxworkerrestart is None:
        config.option.maxworkerrestart = "0"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if not hasattr(config, "workerinput"):
        return
    tests = Counter(_file(item) for item in items)
    place = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: (place.get(_file(item), len(place)), -tests[_file(item)]))


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]
