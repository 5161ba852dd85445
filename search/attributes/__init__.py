"""Attributes seen on photos: zero-shot and trained, calibrated, suggested to merchandisers and never written by themselves."""
