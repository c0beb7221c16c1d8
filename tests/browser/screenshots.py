"""`make screenshots`: each view of the page, light and dark, as small PNGs of 1280 x 800."""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from playwright.sync_api import Page

from tests.browser.chromium import chromium
from tests.browser.conftest import Visits
from tests.browser.sites import demo_site, fab_site
from tests.browser.views import VIEWS

THEMES = ("light", "dark")
SIZE = {"width": 1280, "height": 800}
STILL = "*, *::before, *::after { transition: none !important; animation: none !important; caret-color: transparent }"


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as open_things:
        home = Path(open_things.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        (home / "demo").mkdir()
        sites = {
            "demo": open_things.enter_context(demo_site(home / "demo")),
            "fab": open_things.enter_context(fab_site(home / "fab")),
        }
        visits = Visits(open_things.enter_context(chromium()))
        for view in VIEWS:
            for theme in THEMES:
                page = visits.view(sites[view.site], view, theme=theme, viewport=SIZE)
                _write(page, folder / f"{view}-{theme}.png")
                page.context.close()


def _write(page: Page, path: Path) -> None:
    page.add_style_tag(content=STILL)
    path.write_bytes(page.screenshot())
    print(f"{path}: {path.stat().st_size // 1024} KB")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
