"""What earlier runs left: watermarks, resume points, load history, algebra of time intervals.

Pure functions, and the queries that feed them. It may import ``client``, ``lake`` and what is
below; bronze and silver both ask it. Begin with ``store``.
"""
