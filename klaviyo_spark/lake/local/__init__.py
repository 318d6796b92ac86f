"""What delta-rs does in a folder of this machine, quicker than Spark: pages landed, tables made.

``features`` says which tables it can be trusted with; all others are Spark's.
"""
