"""Words that must not come back into what people read: British spellings, and riddles."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
#: What to write instead is a plain verb: appears, is checked, fix, continues, automatically.
RIDDLES = (
    r"stands? (?:here|beside|in the list|on its page|behind)",
    r"(?:is|are) asked (?!whether|for|to|how|which|about)",
    r"(?:goes|go|gone) on\b(?! the)",
    r"nobody is called|(?:any|some)body else",
    r"any more",
    r"is taken|are taken|was taken",
    r"says so|said so",
    r"put right",
    r"of those that|those that there are",
    r"lets? calls go on",
    r"by itself",
    r"is no more",
    r"is like that",
    r"made by",
    r"signs? along",
    r"(?:takes|took|taken) (?:none|nothing|the key)",
    r"says the provider",
    r"(?:stands|stood) (?:twice|at the top)",
    r"broke the answer off|leads on and on",
    r"over already|exists already",
    r"lives at your",
    r"work(?:ed)? it out|worked out",
    r"nobody|somebody|anybody|anew",
    r"blank: (?:never|no limit|every|the default|the first|detected)",
)
BRITISH = (
    r"dialled|dialling|cancelled|cancelling|labelled|travelled",
    r"colour|favour|behaviour|honour|neighbour",
    r"centre|organis\w+|recognis\w+|authoris\w+|licence|learnt|whilst",
)
_BANNED = re.compile(rf"\b(?:{'|'.join((*RIDDLES, *BRITISH))})\b", re.IGNORECASE)
_COMMENT = re.compile(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}|<!--.*?-->", re.DOTALL)
_CODE = re.compile(r"```.*?```|`[^`]*`", re.DOTALL)
#: Words of a provider's answers, and of people on the phone, which are what they are.
FOREIGN = {
    "batchcalls/voice/bland/calls.py",
    "campaigns/opt_outs_heard.py",
    # A code of the API: “nobody”.
    "campaigns/vocabulary.py",
}

#: Guides for people who use and run the product.
GUIDES = (
    "README.md",
    "SECURITY.md",
    "config/README.md",
    "config/deploy/README.md",
    "batchcalls/lists/README.md",
    "batchcalls/voice/README.md",
    "batchcalls/webhooks/README.md",
    "campaigns/places/README.md",
    "campaigns/rules/README.md",
)


def banned(text: str) -> list[str]:
    """Return the words of a text that must not come back."""
    return _BANNED.findall(" ".join(text.split()))


def shown_by_template(path: Path) -> Iterator[str]:
    yield _COMMENT.sub("", path.read_text("utf-8"))


def shown_by_code(path: Path) -> Iterator[str]:
    """Yield a module's strings, except docstrings."""
    tree = ast.parse(path.read_text("utf-8"))
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
            body[0].value = ast.Constant(None)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def sources() -> Iterator[tuple[Path, Iterator[str]]]:
    for path in sorted((ROOT / "templates").rglob("*.html")):
        yield path, shown_by_template(path)
    for name in GUIDES:
        yield ROOT / name, iter([_CODE.sub("", (ROOT / name).read_text("utf-8"))])
    for room in ("batchcalls", "campaigns", "config"):
        for path in sorted((ROOT / room).rglob("*.py")):
            if "migrations" not in path.parts and str(path.relative_to(ROOT)) not in FOREIGN:
                yield path, shown_by_code(path)


def test_nothing_that_people_read_has_a_banned_word() -> None:
    texts_of = {path: list(texts) for path, texts in sources()}
    assert len(texts_of) > 400
    found = [
        f"{path.relative_to(ROOT)}: “{word}”"
        for path, texts in texts_of.items()
        for text in texts
        for word in banned(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    "text",
    [
        "Each call stands\n here.",
        "Cancelled",
        "the Colour of it",
        "It is not used any more.",
        "The former one signs along.",
        "Nobody is dialed.",
        "Blank: the default.",
    ],
)
def test_a_banned_word_is_found(text: str) -> None:
    assert banned(text)


@pytest.mark.parametrize("text", ["Canceled", "a standby", "it outputs right away"])
def test_other_words_are_not(text: str) -> None:
    assert banned(text) == []
