"""Talking to Klaviyo: the only HTTP of the product. No Spark here.

``walks`` reads listings side by side through ``client``; the other modules are pure.
"""
