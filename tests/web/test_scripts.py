"""The types in the site's scripts, which JSDoc says: browsers get no types, and nothing is built."""

import shutil
import subprocess
from pathlib import Path

import pytest

from paddock.web.kernel.assets import as_served
from tests.conftest import REPOSITORY

TSC = shutil.which("tsc")
SCRIPTS = REPOSITORY / "service" / "paddock" / "web" / "jsconfig.json"


@pytest.mark.skipif(TSC is None, reason="TypeScript is not installed: npm install --global typescript@7.0.2")
def test_types() -> None:
    run = subprocess.run(
        [str(TSC), "--project", str(SCRIPTS), "--pretty", "false"], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr


def test_browsers_get_scripts_without_types_line_by_line(tmp_path: Path) -> None:
    script = tmp_path / "words.js"
    script.write_text("""// Sizes in words.
/**
 * Says it.
 * @param {number} bytes
 */
export function size(bytes) {
  /** @type {string[]} */
  const parts = /** @type {any} */ (bytes);
  return parts + "/** no comment */";
}
""")
    served = as_served(script).decode().split("\n")
    assert served == [
        "// Sizes in words.",
        *[""] * 4,
        "export function size(bytes) {",
        "",
        "  const parts = /** @type {any} */ (bytes);",
        '  return parts + "/** no comment */";',
        "}",
        "",
    ]
