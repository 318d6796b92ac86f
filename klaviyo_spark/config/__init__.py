"""Conf files, environment and secrets become one checked ``Settings``.

No Spark and no HTTP. It may import ``resources`` and what is below, since conf names resources,
checks and classes of personal data. Begin with ``models``, which has a field for each setting;
``loader`` fills them.
"""
