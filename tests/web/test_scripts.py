"""The types in the site's scripts, which JSDoc says: browsers get the files as they are, nothing is built."""

import shutil
import subprocess

import pytest

from tests.conftest import REPOSITORY

TSC = shutil.which("tsc")
SCRIPTS = REPOSITORY / "service" / "paddock" / "web" / "jsconfig.json"

pytestmark = pytest.mark.skipif(
    TSC is None, reason="TypeScript is not installed: npm install --global typescript@7.0.2"
)


def test_types() -> None:
    run = subprocess.run(
        [str(TSC), "--project", str(SCRIPTS), "--pretty", "false"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
