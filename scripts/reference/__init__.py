"""Makes ``docs/reference/`` from code: ``python -m scripts.reference``, or ``make docs``.

One module per page, each with a function ``as_markdown``; ``pages`` lists them.
"""
