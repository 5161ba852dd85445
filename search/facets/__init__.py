"""Facet counts over a match set, in Postgres: one narrow row a product (`records`), one statement a set (`statement`)."""
