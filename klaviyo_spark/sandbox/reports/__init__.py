"""Klaviyo's own numbers of an account's campaigns, flows, forms and segments, and its reports."""
