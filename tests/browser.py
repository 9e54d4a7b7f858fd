"""A real Chromium for the tests of pages, where the machine has one."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

DESKTOP = (1280, 900)
PHONE = (390, 844)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start Debian's Chromium, or skip the test where there is none."""
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("needs a Chromium: apt-get install chromium")
    with sync_playwright() as playwright:
        # In containers there is often no sandbox and little /dev/shm.
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=program, args=arguments)
        try:
            yield browser
        finally:
            browser.close()


class Visit:
    """A page open in the browser, with what went wrong in it.

    Attributes:
        page: The page, as Playwright has it.
        problems: Errors of its console and its scripts, and requests that left this machine.
    """

    def __init__(self, browser: Browser, size: tuple[int, int], dark: bool) -> None:
        width, height = size
        self.page: Page = browser.new_page(
            viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
        )
        self.problems: list[str] = []
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on(
            "console",
            lambda message: (
                self.problems.append(message.text) if message.type == "error" else None
            ),
        )
        self.page.on("request", self._look_at_request)

    def _look_at_request(self, request: Request) -> None:
        if not request.url.startswith(("file:", "data:", "blob:", "http://127.0.0.1:")):
            self.problems.append(f"request to {request.url}")

    def overflow(self) -> int:
        """Say by how many pixels the page is wider than the window."""
        return int(
            self.page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )
