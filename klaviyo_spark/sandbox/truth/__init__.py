"""The rows that a sync of the sample account must end with, told without the package.

It is read off the account's objects, through no code that reads answers. Begin with ``truth``.
"""
