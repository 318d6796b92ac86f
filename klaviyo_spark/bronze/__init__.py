"""Klaviyo to bronze: which listings to request, requesting them, landing the pages.

It may import ``state`` and what is below, never ``silver``. Begin with ``ingest``; ``planner``
decides what is due.
"""
