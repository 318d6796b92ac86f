"""For ``make docs``: write ``docs/errors.md`` anew."""

from scripts.messages import README, as_markdown

README.write_text(as_markdown(), encoding="utf-8")
