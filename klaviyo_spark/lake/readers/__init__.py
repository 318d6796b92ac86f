"""Rows out of a lake that is only looked at: by delta-rs from a folder, by Spark elsewhere.

They make no table and take no lock. They may import what ``lake`` may. Begin with ``opening``,
which chooses the reader.
"""
