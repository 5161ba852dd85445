"""Algolia's search protocol over Vitrine's search, so that InstantSearch and its clients work as they come.

Its parameters are read in `parameters` and `conditions`, its names of values in `values`; `answers` writes its answers.
"""
