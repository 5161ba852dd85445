"""Another index version beside the live one: built at a bearable pace, compared, let through its gates, promoted, taken back."""
