"""What a browser sends for a form that nobody touched, read from its HTML."""

from __future__ import annotations

from html.parser import HTMLParser


class _Form(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.fields: dict[str, list[str]] = {}
        self._area, self._select, self._chosen = "", "", False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name") or ""
        if tag in {"input", "textarea", "select"} and "disabled" in given:
            return
        if tag == "input" and name:
            is_box = given.get("type") in {"checkbox", "radio"}
            if not is_box or "checked" in given:
                self.fields.setdefault(name, []).append(given.get("value") or "on" * is_box)
        elif tag == "textarea":
            self._area = name
            self.fields[name] = [""]
        elif tag == "select":
            self._select, self._chosen = name, False
        elif tag == "option" and self._select and not self._chosen:
            # Without a chosen option, the first is sent.
            self.fields.setdefault(self._select, [given.get("value") or ""])
            if "selected" in given:
                self.fields[self._select], self._chosen = [given.get("value") or ""], True

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea" and self._area:
            # The first line break is not part of the value.
            self.fields[self._area] = [self.fields[self._area][0].removeprefix("\n")]
            self._area = ""
        elif tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._area:
            self.fields[self._area][0] += data


def sent(html: str) -> dict[str, list[str]]:
    """Return the values of each field that a browser sends, by name."""
    form = _Form()
    form.feed(html)
    return form.fields
