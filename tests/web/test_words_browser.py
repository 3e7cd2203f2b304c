"""What scripts put into words reads as what the server puts into words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from paddock.domain.words import size
from tests.web.browsing import needs_chromium, open_page, served

pytestmark = needs_chromium


def test_sizes_are_said_alike(browser: Any, tmp_path: Path) -> None:
    powers = [10**power for power in range(14)]
    sizes = sorted(
        {0, 1250, 100_500, *(near for p in powers for k in (1, 2.5, 9.95, 9.994, 99.95) for near in _near(p * k))}
    )
    with served(tmp_path, with_worker=False) as site, open_page(browser) as page:
        page.goto(f"{site.url}/upload")
        said = page.evaluate(
            """async (sizes) => {
                const { size } = await import("/static/kernel/words.js");
                return sizes.map(size);
            }""",
            sizes,
        )
    assert said == [size(each) for each in sizes]


def _near(value: float) -> tuple[int, ...]:
    return (max(0, int(value) - 1), int(value), int(value) + 1)
