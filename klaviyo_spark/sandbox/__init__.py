"""A sample Klaviyo account to try things on, served over HTTP on loopback.

It imports nothing of the package outside itself, so that its truth is told by other code than that
which it judges; the verbs ``sandbox`` and ``demo`` alone know it. Begin with ``app``, which answers
requests; ``content`` and ``days`` make the account, ``render`` the answers, ``truth`` the rows.
"""

from klaviyo_spark.sandbox.account import Account
from klaviyo_spark.sandbox.process import serve
from klaviyo_spark.sandbox.server import Sandbox

__all__ = ["Account", "Sandbox", "serve"]
