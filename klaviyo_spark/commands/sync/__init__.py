"""The run itself: bronze, then silver, for one account or several side by side.

It may import what ``commands`` may. Begin with ``pipeline``.
"""
