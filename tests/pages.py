"""The pages of the documentation: their headings, links and blocks of code."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.places import ROOT

DOCS = ROOT / "docs"
# Pages whose blocks a reader copies.
GUIDES = sorted([*DOCS.glob("tutorial/*.md"), *DOCS.glob("how-to/*.md")])
ROOT_PAGES = [ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "CHANGELOG", "SECURITY")]
_FENCE = re.compile(
    r"^( *)(?:<!-- (not run[^>]*?) -->\n\1)?```([\w{}]*)\n(.*?)^\1```$", re.M | re.S
)


@dataclass(frozen=True)
class Block:
    """A block of code of a page; ``reason``: why no test runs it, empty where one does."""

    page: str
    language: str
    text: str
    reason: str

    def __str__(self) -> str:
        return f"{self.page}: {self.text.splitlines()[0][:40]}"


def blocks(*languages: str) -> list[Block]:
    """All blocks of the guides in one of ``languages``, page by page."""
    return [
        Block(page.relative_to(DOCS).as_posix(), language, textwrap.dedent(text), reason or "")
        for page in GUIDES
        for _, reason, language, text in _FENCE.findall(page.read_text(encoding="utf-8"))
        if language in languages
    ]


def tokens(page: Path) -> list[Token]:
    """The page as markdown-it reads it."""
    return MarkdownIt("commonmark").enable("table").parse(page.read_text(encoding="utf-8"))


def anchors(page: Path) -> set[str]:
    """What a link may name on the page: its headings, as a forge names them."""
    found: dict[str, int] = {}
    slugs = set()
    parts = tokens(page)
    for heading, inline in pairwise(parts):
        if heading.type == "heading_open":
            slug = re.sub(r"[^\w\- ]", "", inline.content.replace("`", "").lower()).replace(
                " ", "-"
            )
            times = found[slug] = found.get(slug, -1) + 1
            slugs.add(f"{slug}-{times}" if times else slug)
    return slugs


def links(page: Path) -> set[str]:
    """Where the links and pictures of the page lead to, but for other hosts."""
    inline = [child for token in tokens(page) for child in token.children or ()]
    found = {str(one.attrs.get("href") or one.attrs.get("src") or "") for one in inline}
    return {link for link in found if link and not re.match(r"https?:", link)}


def dead_links(page: Path) -> list[str]:
    """Links to a file or heading that is not there."""
    dead = []
    for link in sorted(links(page)):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            dead.append(link)
    return dead
