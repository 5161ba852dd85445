"""Search quality in figures: judged query sets, metrics, reports, and what an encoder can do on files."""
