"""A browser without a screen: follows a personal link and fills in forms, as a person does."""

from __future__ import annotations

import html
import re
from http.cookiejar import CookieJar
from urllib.parse import urlencode, urljoin
from urllib.request import HTTPCookieProcessor, build_opener


class Browser:
    """One person's browser. ``page`` is the HTML it shows, ``url`` where that is."""

    def __init__(self) -> None:
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))
        self.url = self.page = ""

    def sign_in(self, link: str) -> None:
        """Follow a personal link and say that it is mine; shows the page it leads to."""
        self._show(link)
        self.send("/enter/")

    def follow(self, part: str) -> None:
        """Follow the first link on the page with ``part`` in its address."""
        self._show(self._address("href", part))

    def send(self, part: str, **fields: str) -> None:
        """Fill in and send the form whose action has ``part`` in it."""
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', self.page)
        values = {name: html.unescape(value) for name, value in hidden} | fields
        self._show(self._address("action", part), urlencode(values).encode())

    def _address(self, attribute: str, part: str) -> str:
        found = re.search(rf'{attribute}="([^"]*{re.escape(part)}[^"]*)"', self.page)
        assert found, f"no {attribute} with {part} on {self.url}:\n{self.page}"
        return urljoin(self.url, html.unescape(found[1]))

    def _show(self, url: str, body: bytes | None = None) -> None:
        with self._opener.open(url, body) as answer:
            self.url, self.page = answer.geturl(), answer.read().decode()
