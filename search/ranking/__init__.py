"""From what matched to the order it is shown in: one module a stage, put together in `stages`."""
