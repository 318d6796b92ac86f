"""A sample Klaviyo account to try things on, served over HTTP on loopback."""

from klaviyo_spark.sandbox.account import Account
from klaviyo_spark.sandbox.process import serve
from klaviyo_spark.sandbox.server import Sandbox

__all__ = ["Account", "Sandbox", "serve"]
