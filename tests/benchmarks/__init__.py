"""What miniprefect costs, beside a bare loop and other libraries: `python -m tests.benchmarks`."""
