"""The colours of products: seen on their photos, kept beside them, filtered, sorted and counted by."""
