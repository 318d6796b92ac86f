"""What delta-rs does, here or on a store, quicker than Spark: pages landed, tables made.

``features`` says which tables it can be trusted with; all others are Spark's.
"""
