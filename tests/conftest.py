"""What every test may use, and the rule that CI skips nothing it could run."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator
from pathlib import Path

import pytest

# Collecting makes millions of objects that stay: to look for garbage among them again and again took a third of it.
gc.disable()

pytest_plugins = ["tests.fast", "tests.long_first"]

REPOSITORY = Path(__file__).resolve().parent.parent


def pytest_configure(config: pytest.Config) -> None:
    """Who lists the tests, such as an editor, waits for no constants that Hypothesis looks for in their sources."""
    if config.option.collectonly:
        config.pluginmanager.unregister(name="hypothesispytest")


def pytest_collection_finish() -> None:
    gc.freeze()
    gc.enable()


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def car_logs() -> Path:
    """The folder of real logs; they are not part of the project."""
    folder = Path(os.environ.get("PADDOCK_TEST_LOGS") or REPOSITORY.parent / "shared/data/car-logs")
    if not folder.is_dir():
        pytest.skip("the real logs are not here: set PADDOCK_TEST_LOGS to their folder")
    return folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """In CI a skipped test is a failed one: .ci/run has installed all that the tests need."""
    report = yield
    if os.environ.get("CI") and report.skipped and not hasattr(report, "wasxfail"):
        report.outcome = "failed"
        report.longrepr = f"skipped in CI: {report.longrepr}"
    return report
