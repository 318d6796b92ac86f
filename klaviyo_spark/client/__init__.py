"""Klaviyo over HTTP: URLs, transport, retry, rate limiter, paginator, scheduler.

It knows endpoints, and nothing of Spark or Delta. It may import ``config`` and what is below, never
``lake``. Begin with ``client``, which sends one request; ``paginator`` reads whole listings.
"""
