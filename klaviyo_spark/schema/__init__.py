"""The vocabulary: tables, columns, endpoints, checks, and the columns of bronze and ops tables.

Values and pure functions: no I/O, no Spark, no HTTP. It may import ``errors`` and ``clock`` and
nothing else of the package. Begin with ``table``; ``endpoint`` describes what Klaviyo is asked.
"""
