"""How a lake is: rows, freshness, last runs, what waits. It only looks.

No run is started, no lock taken, no table made. A reader (``lake.readers``) gives plain values,
``facts`` says what is asked of it, ``summing`` puts the answers together, ``words`` prints them.
Begin with ``facts``.
"""

from klaviyo_spark.commands.status.facts import Facts, facts
from klaviyo_spark.commands.status.summing import Status, summed
from klaviyo_spark.lake.readers.reader import Reader

__all__ = ["Facts", "Reader", "Status", "facts", "summed"]
