"""The documentation site: ``make site``. Every warning is an error there."""

from __future__ import annotations

project = "klaviyo-spark"
copyright = "the authors of klaviyo-spark, Apache-2.0"
html_title = "klaviyo-spark"
extensions = ["myst_parser"]
html_theme = "furo"
exclude_patterns = ["_build"]
# A link may name any heading, as on a forge: page.md#heading.
myst_heading_anchors = 4
nitpicky = True
html_show_sphinx = False
