"""Is the lake complete? Its rows beside Klaviyo's own counts and listings.

It may import what ``commands`` may. Begin with ``run``, the verb; ``asking``, ``children``,
``comparing``, ``days``, ``healing``, ``listings``, ``profiles`` and ``tables`` are pure.
"""

from klaviyo_spark.commands.verify.run import Verified, VerifyRequest, verify

__all__ = ["Verified", "VerifyRequest", "verify"]
