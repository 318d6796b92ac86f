"""A long history in steps of some months, each a run of its own; and what it will cost.

It may import what ``commands`` may. Begin with ``run``; ``estimate`` is its dry run.
"""
