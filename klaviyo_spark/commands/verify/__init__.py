"""Is the lake complete? Its rows beside Klaviyo's own counts and listings.

It may import what ``commands`` may. Begin with ``run``, the verb; ``days``, ``asking``,
``comparing``, ``healing`` and ``listings`` are pure.
"""

from klaviyo_spark.commands.verify.run import Verified, verify

__all__ = ["Verified", "verify"]
