"""Servers of our own for benchmarks and tests: started here, ended with us."""
