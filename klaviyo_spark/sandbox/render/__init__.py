"""The sample account as Klaviyo would send it: JSON:API documents and their pages.

It knows what was asked and nothing of who asks. Begin with ``views``.
"""
