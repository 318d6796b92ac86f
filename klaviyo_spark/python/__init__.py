"""What a Python program calls: the commands as methods, their summaries as values.

Public by the names that the package's top gives it. It may import all rooms but ``notebook`` and
``sandbox``; of ``cli`` it takes the display of progress alone. Begin with ``pipeline``.
"""
