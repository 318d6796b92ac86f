"""What commands did, as values: for Python programs, and as JSON of the command line.

``results`` holds the values, ``summaries`` makes them of what commands say of themselves. Begin
with ``results``.
"""
