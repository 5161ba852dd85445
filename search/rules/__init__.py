"""What merchandisers say about searching: rules (when, and what then), synonyms, and named sets of parameters."""
