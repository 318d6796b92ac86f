"""What the sample account holds on its first day: campaigns, flows, groups, profiles, events.

It imports ``model``, ``ids`` and ``times`` of the sandbox. Begin with ``campaigns``.
"""
