"""One page of JSON becomes rows of typed columns: explode, read, cast.

SQL and expressions over a DataFrame of pages; nothing is stored or compared here. It may import
what ``silver`` may, and nothing of ``silver`` beside itself. Begin with ``project``.
"""
