"""Benchmarks: ratios against a named peer measured in the same run, never absolute figures between runs.

``python -m benchmarks`` measures and writes ``results.json``; ``python -m benchmarks.page`` puts the figures
into ``docs/explanation/performance.md``. See there for what is compared and why.
"""
