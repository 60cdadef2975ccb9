"""Walking through the back office as somebody who clicks everything that is offered."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import parse_qsl, urljoin, urlsplit

from django.test import Client

#: Leaving, or not pages of ours at all.
LEFT_ALONE = ("/logout/", "/static/", "/media/")
MOST_PAGES = 400


class Ways(HTMLParser):
    """Where a page leads: its links, where its forms go, what it fetches by itself."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        wanted = {"a": ["href"], "form": ["action"], "button": ["formaction"]}.get(tag, [])
        self.links += [link for name in [*wanted, "data-live"] if (link := found.get(name))]


@dataclass
class Walk:
    """What was found: each address with its status, and the page that led there."""

    statuses: dict[str, int] = field(default_factory=dict)
    led_by: dict[str, str] = field(default_factory=dict)

    def answered(self, *statuses: int) -> list[str]:
        """Name the addresses that answered so, each with the page that offered it."""
        return [
            f"{address} (on {self.led_by[address]})"
            for address, status in self.statuses.items()
            if status in statuses
        ]


def walk(client: Client, start: str = "/") -> Walk:
    """GET every address that can be reached by what pages offer.

    Nothing is posted: of forms the address is fetched, which shows the confirmation or says that
    it takes posts only. A list is opened once for each parameter that it offers, whatever its
    value; what a filtered list offers beyond that are other combinations.
    """
    found = Walk(led_by={start: "nowhere"})
    seen = {_kind(start)}
    waiting = deque([start])
    while waiting and len(found.statuses) < MOST_PAGES:
        address = waiting.popleft()
        answer = client.get(address)
        found.statuses[address] = answer.status_code
        html = answer.get("Content-Type", "").startswith("text/html")
        # Read to its end: a stream that is not read is a page that was not fetched.
        body = b"".join(answer.streaming_content) if answer.streaming else answer.content  # type: ignore[arg-type]
        links = [answer["Location"]] if answer.has_header("Location") else []
        links += Ways(body.decode()).links if html else []
        for link in links:
            target = urljoin(address, link)
            parts = urlsplit(target)
            if parts.netloc or parts.scheme or parts.path.startswith(LEFT_ALONE):
                continue
            way = parts._replace(fragment="").geturl()
            if parts.query and urlsplit(address).query and parts.path == urlsplit(address).path:
                continue
            if _kind(way) not in seen:
                seen.add(_kind(way))
                found.led_by[way] = address
                waiting.append(way)
    assert not waiting, f"There are more than {MOST_PAGES} pages."
    return found


def _kind(address: str) -> tuple[str, frozenset[str]]:
    parts = urlsplit(address)
    return parts.path, frozenset(name for name, _ in parse_qsl(parts.query))
