"""For ``make docs``: write ``ERRORS.md`` anew."""

from klaviyo_spark.messages import README, as_markdown

README.write_text(as_markdown(), encoding="utf-8")
