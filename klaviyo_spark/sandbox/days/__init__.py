"""What happens in the sample account from one day to the next.

It imports ``content`` and what that does. Begin with ``day``.
"""
