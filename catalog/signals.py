"""What the catalogue says when it has written in bulk, where Django's own signals are silent. Workers listen."""

from __future__ import annotations

from django.dispatch import Signal

# Sent inside the transaction that created or changed products or photos by the rules of an import, and after photos were
# fetched.
catalogue_written = Signal()
