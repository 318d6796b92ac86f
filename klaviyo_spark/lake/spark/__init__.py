"""The Spark session: Java, Delta's jars, settings, memory, log.

It may import what ``lake`` may. Begin with ``session``.
"""
