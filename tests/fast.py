"""``pytest -m fast``: the tests that need no browser, no server and no other process. One rule marks them.

A test is fast unless

- its file imports what starts such a thing (``STARTERS``), be it by a module of ``tests`` that does, or
- one of its fixtures lies in such a module, is one of ``STARTING_FIXTURES`` or has a server (``SERVERS``) as its
  parameter, or
- it says ``@pytest.mark.slow(why)``: because the code under test starts a process, or because it goes through so
  many cases that all fast tests would take longer than a minute.

Of examples that Hypothesis makes up ``-m fast`` tries 25 where a property does not say how many it needs, and all
other runs 100.

So nobody sets the mark by hand; who wants a test to be fast puts it into a file without those imports. Where the
rule is mistaken the test fails, in every run: a fast test may neither start a process nor listen.
"""

from __future__ import annotations

import multiprocessing.util
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Generator, Iterator
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

STARTERS = ("subprocess", "multiprocessing", "socket", "http.server", "uvicorn", "playwright", "moto")
SERVERS = frozenset(("ferretdb", "mongodb", "moto", "versitygw"))
STARTING_FIXTURES = frozenset(("another_process", "node"))
"""Those of conftest files that start something, such as AWS CDK."""
STARTING_EVENTS = frozenset(("subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system"))
"""Python's audit events that say that a process starts."""
FAST_EXAMPLES = 25
MEMORY = Path("/dev/shm")
"""Linux's file system in memory."""

_watched: list[pytest.Item] = []
"""The fast test that runs now."""


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "fast: needs no browser, server or other process; tests/fast.py sets it")
    config.addinivalue_line("markers", "slow(why): is not fast although its imports do not tell")
    if config.option.markexpr == "fast":
        from hypothesis import settings

        settings.register_profile("fast", max_examples=FAST_EXAMPLES)
        settings.load_profile("fast")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """All fast tests run on every processor, their files in memory, so that durable writing waits for no disk."""
    all_of_them = config.args_source is config.ArgsSource.TESTPATHS and config.option.markexpr == "fast"
    if all_of_them and config.option.numprocesses is None and "PYTEST_XDIST_WORKER" not in os.environ:
        config.option.numprocesses, config.option.dist = os.cpu_count(), "worksteal"
        if config.option.basetemp is None and os.access(MEMORY, os.W_OK):
            config.option.basetemp = tempfile.mkdtemp(prefix="paddock-fast-", dir=MEMORY)
            config.add_cleanup(partial(shutil.rmtree, config.option.basetemp, ignore_errors=True))


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.option.collectonly and not config.option.markexpr:
        return
    for item in items:
        if isinstance(item, pytest.Function) and _is_fast(item):
            item.add_marker("fast")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    if item.get_closest_marker("fast"):
        _watched.append(item)
    try:
        return (yield)
    finally:
        _watched.clear()


def _is_fast(item: pytest.Function) -> bool:
    if item.get_closest_marker("slow"):
        return False
    if hasattr(item, "callspec") and any(value in SERVERS for value in _texts(item.callspec.params.values())):
        return False
    fixtures = item._fixtureinfo.name2fixturedefs
    if not STARTING_FIXTURES.isdisjoint(fixtures):
        return False
    places = {found[-1].func.__module__ for found in fixtures.values()}
    return not any(_starts_something(name) for name in (item.module.__name__, *places) if not _is_conftest(name))


def _texts(values: Any) -> Iterator[str]:
    return (value for value in values if isinstance(value, str))


def _is_conftest(module: str) -> bool:
    """What a folder's tests share starts nothing; fixtures that do lie in modules of their own."""
    return module.rpartition(".")[2] == "conftest"


@cache
def _starts_something(name: str) -> bool:
    """Whether a module of the tests imports a starter, or from a module that does."""
    if _is_starter(name):
        return True
    if not name.startswith("tests.") or _is_conftest(name):
        return False
    sources = {
        value.__name__ if isinstance(value, ModuleType) else getattr(value, "__module__", None)
        for value in vars(sys.modules[name]).values()
    }
    return any(_starts_something(source) for source in sources - {name} if isinstance(source, str))


def _is_starter(module: str) -> bool:
    return any(module == starter or module.startswith(f"{starter}.") for starter in STARTERS)


def _refuse(what: str) -> None:
    if _watched:
        name = _watched.pop().name
        pytest.fail(f"{name} is marked fast and {what}: see tests/fast.py, it may need @pytest.mark.slow(why)")


def _audit(event: str, arguments: tuple[Any, ...]) -> None:
    if event in STARTING_EVENTS:
        _refuse("starts a process")
    elif event == "socket.bind" and arguments[0].family in (socket.AF_INET, socket.AF_INET6):
        _refuse(f"listens at {arguments[1]}")


def _spawn(*arguments: Any) -> int:
    _refuse("starts a process")
    return _spawnv_passfds(*arguments)


sys.addaudithook(_audit)
# The one way to a process that raises no audit event.
_spawnv_passfds = multiprocessing.util.spawnv_passfds
multiprocessing.util.spawnv_passfds = _spawn  # type: ignore[assignment]
