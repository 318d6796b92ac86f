"""Benchmarks, run by hand with `make bench`; no test looks at a clock."""
