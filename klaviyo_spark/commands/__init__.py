"""One module or folder per verb: what a run does, in order.

No click, and no display of progress. It may import all rooms but ``cli``, ``notebook`` and
``sandbox``. Begin with ``sync.pipeline``, the run that all others are parts of.
"""
