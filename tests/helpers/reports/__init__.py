"""The lake that a report is tried on: it has all that one shows."""
