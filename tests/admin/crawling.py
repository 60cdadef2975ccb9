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
    """Where a page leads: its links, what it fetches by itself, and where its forms go."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.posts: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        name = {"a": "href", "form": "action", "button": "formaction"}.get(tag, "data-live")
        is_post = tag == "button" or (found.get("method") or "").lower() == "post"
        for link in filter(None, {found.get(name), found.get("data-live")}):
            (self.posts if is_post else self.links).append(link)


@dataclass
class Walk:
    """What was found: each address with its status, and the page that led there."""

    statuses: dict[str, int] = field(default_factory=dict)
    led_by: dict[str, str] = field(default_factory=dict)
    only_posts: set[str] = field(default_factory=set)

    def answered(self, status: int) -> list[str]:
        """Name the addresses that answered so, each with the page that offered it."""
        return [
            f"{address} (on {self.led_by[address]})"
            for address, answer in self.statuses.items()
            if answer == status
        ]

    def missing(self) -> list[str]:
        """Name the links that lead nowhere; a form's address need not be a page."""
        return [
            named for named in self.answered(404) if named.split(" (on ")[0] not in self.only_posts
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
        ways = Ways(body.decode() if html else "")
        to = [answer["Location"]] if answer.has_header("Location") else []
        for link in [*to, *ways.links, *ways.posts]:
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
                if link in ways.posts and link not in ways.links:
                    found.only_posts.add(way)
                waiting.append(way)
    assert not waiting, f"There are more than {MOST_PAGES} pages."
    return found


def _kind(address: str) -> tuple[str, frozenset[str]]:
    parts = urlsplit(address)
    return parts.path, frozenset(name for name, _ in parse_qsl(parts.query))
