"""Benchmarks, run by hand; no test looks at a clock.

`make bench` measures each stage, `python -m tests.bench.rates` how Klaviyo's limits are used.
"""
