"""What a store's words are and what a shopper's words mean: vocabulary, spelling, interpretation, suggestions as one types."""

from search.words.refresh import refresh_stale_words
from search.words.vocabulary import refresh_vocabularies, refresh_vocabulary

__all__ = ["refresh_stale_words", "refresh_vocabularies", "refresh_vocabulary"]
