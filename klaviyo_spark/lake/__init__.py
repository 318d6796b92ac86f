"""The only storage: Delta tables, locks, maintenance, and reading a lake without Spark.

Only this room imports delta-rs. It may import ``config`` and what is below, never ``client``. Begin
with ``lake``; ``spark`` starts the session, ``readers`` answers questions about a lake.
"""
