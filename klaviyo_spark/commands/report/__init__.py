"""A page that a person opens after a run: is it complete, is it fresh, what changed.

questions (SQL) -> ``lake.readers`` -> figures (pure) -> page (pure) -> one HTML file. Begin
with ``verb``.
"""
