"""What Vitrine says of itself while it works: figures, traces, and log lines that belong together. Knows no other package."""
