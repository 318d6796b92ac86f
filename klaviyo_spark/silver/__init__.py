"""Bronze to silver: parse, cast, check, mask, compare, write; one run into one table at a time.

It may import ``state`` and what is below, never ``bronze``. Begin with ``refine``, which chooses
pages and tables, then ``load``, which takes one table through all steps.
"""
