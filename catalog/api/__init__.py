"""The catalogue over REST: products one by one, and many by NDJSON."""
