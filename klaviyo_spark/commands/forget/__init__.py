"""Somebody taken out of the whole lake: silver, quarantine, bronze, and what all held before.

What is left is a receipt without the data. Klaviyo is asked nothing: as long as it still has the
person, later runs bring back what they read of them.

``person`` and ``bodies`` are pure; ``finding`` reads; ``removing`` and ``pages`` write; ``run`` is
the verb.
"""
