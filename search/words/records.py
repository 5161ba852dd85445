"""The tables of a store's own words: rebuilt from its published products by `vocabulary`, read by requests."""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import F

from catalog.models import Store


class VocabularyState(models.Model):
    """Of what state of its catalogue a store's vocabulary is. Another `fingerprint` means: refresh it."""

    store = models.OneToOneField(Store, on_delete=models.CASCADE, primary_key=True, related_name="+")
    fingerprint = models.CharField(max_length=200)
    refreshed_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"vocabulary of store {self.store_id}"


class VocabularyWord(models.Model):
    """A word of the store's titles, brands, categories and labels, as people write it, with how many products have it.

    `folded` is the word without accents, `stem` what the store's language makes of it. `keys` are numbers for the word
    and what is left of it when one or two letters go (`deletions.deletion_keys`); empty where nothing is corrected to it.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    word = models.CharField(max_length=60)
    folded = models.CharField(max_length=80)
    stem = models.CharField(max_length=80)
    count = models.PositiveIntegerField()
    keys = ArrayField(models.IntegerField(), default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["store", "folded"], name="vocabulary_word_unique")]
        indexes = [
            models.Index(F("store"), OpClass(F("folded"), "text_pattern_ops"), name="vocabulary_word_prefix"),
            models.Index(fields=["store", "stem"], name="vocabulary_word_stem"),
            GinIndex(fields=["keys"], name="vocabulary_word_keys", fastupdate=False),
        ]

    def __str__(self) -> str:
        return f"{self.word} ({self.count})"


class VocabularyLabel(models.Model):
    """A category's or brand's name or an attribute value's label, a row for each word that it can be found from.

    `field` and `value` are what `filter_by` takes, `key` the stems of the folded label in order, `start` the folded label from
    its word number `place` on, `count` the published products that have it (of a category: with those below it).
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    field = models.CharField(max_length=60)
    value = models.CharField(max_length=160)
    label = models.CharField(max_length=120)
    key = models.CharField(max_length=200)
    start = models.CharField(max_length=160)
    place = models.PositiveSmallIntegerField()
    count = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["store", "field", "value", "place"], name="vocabulary_label_unique")
        ]
        indexes = [
            models.Index(F("store"), OpClass(F("start"), "text_pattern_ops"), name="vocabulary_label_prefix"),
            models.Index(fields=["store", "key"], condition=models.Q(place=0), name="vocabulary_label_key"),
        ]

    def __str__(self) -> str:
        return f"{self.field}: {self.label} ({self.count})"
