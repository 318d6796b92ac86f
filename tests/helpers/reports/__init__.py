"""Lakes to report on: one that has all that a report shows, others of many shapes."""
