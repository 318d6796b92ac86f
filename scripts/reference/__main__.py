"""Write every page of the reference."""

from scripts.reference.pages import PAGES

for file, as_markdown in PAGES.items():
    file.write_text(as_markdown(), encoding="utf-8")
