"""Options in, exit code out: the only click, and the display of progress.

It may import every room but ``notebook``; ``trying`` alone imports ``sandbox``. Begin with ``app``;
``main`` is the console script.
"""

from klaviyo_spark.cli.app import main

__all__ = ["main"]
