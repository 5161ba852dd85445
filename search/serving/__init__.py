"""How a web process takes requests: how many at once, which it refuses, until when they may work, and how it stops."""
