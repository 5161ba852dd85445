"""Rules, synonyms and presets as rows. Django finds these models through `search.models`.

A rule's triggers and actions are rows of their own rather than JSON: a form can then offer the store's products, categories,
brands and values by name, a rename needs no edit, and what is deleted takes its actions with it.
"""

from __future__ import annotations

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q

from catalog.models import AttributeValue, Brand, Category, Product, Store
from search.rules.stating import action_errors, trigger_errors

MAX_PHRASE = 100
MAX_PHRASES = 20
MAX_POSITION = 100
MIN_FACTOR, MAX_FACTOR = 0.01, 100.0
WEEKDAYS = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class TriggerKind(models.TextChoices):
    WORDS = "words", "The words searched for"
    CATEGORY = "category", "A category is chosen"
    FILTER = "filter", "A filter is in use"
    ATTRIBUTE = "attribute", "The photo shows a value"
    COLOUR = "colour", "The photo's main colour"
    SIMILAR = "similar", "The photo looks like another"


class WordsMatch(models.TextChoices):
    ANY = "any", "any search"
    IS = "is", "are exactly"
    CONTAINS = "contains", "contain"


class ActionKind(models.TextChoices):
    PIN = "pin", "Pin a product to a place"
    BOOST = "boost", "Boost: rank higher"
    BURY = "bury", "Bury: rank lower"
    HIDE = "hide", "Hide"
    REPLACE_WORDS = "replace_words", "Replace words"
    ADD_FILTER = "add_filter", "Add a filter"
    BANNER = "banner", "Give out a banner"


class StoreValue(AttributeValue):
    """An attribute's value that says whose it is: "Colour: Red"."""

    class Meta:
        proxy = True
        verbose_name = "attribute value"

    def __str__(self) -> str:
        return f"{self.attribute.label}: {self.label}"


class Rule(models.Model):
    """When all its triggers hold, and the clock allows it, its actions are done. Lower priorities come first."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=120)
    is_enabled = models.BooleanField("switched on", default=True)
    priority = models.PositiveSmallIntegerField(
        default=100, help_text="Rules with lower numbers come first: of two pins to one place, theirs gets it."
    )
    starts_at = models.DateTimeField("from", null=True, blank=True)
    ends_at = models.DateTimeField("until", null=True, blank=True)
    weekdays = ArrayField(
        models.CharField(max_length=9, choices=[(day, day.capitalize()) for day in WEEKDAYS]),
        default=list,
        blank=True,
        size=7,
        help_text="None chosen: every day. Days and hours are of the store's time zone.",
    )
    from_time = models.TimeField("hours from", null=True, blank=True)
    until_time = models.TimeField(
        "hours until", null=True, blank=True, help_text="Earlier than the first: over midnight, as from 22:00 to 4:00."
    )
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["priority", "pk"]
        indexes = [models.Index(fields=["store", "priority"], condition=Q(is_enabled=True), name="rule_enabled")]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        super().clean()
        if self.starts_at and self.ends_at and self.starts_at >= self.ends_at:
            raise ValidationError({"ends_at": "The end comes before the beginning."})
        if (self.from_time is None) != (self.until_time is None):
            raise ValidationError({"until_time": "Give both hours, or neither."})
        if self.from_time is not None and self.from_time == self.until_time:
            raise ValidationError({"until_time": "Both hours are the same: leave them out for the whole day."})


class RuleTrigger(models.Model):
    """One condition; which columns count is decided by `kind` (search.rules.stating). Where what it names is deleted, it
    holds no more, so that a rule never becomes broader by itself."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="triggers")
    kind = models.CharField("when", max_length=12, choices=TriggerKind.choices, default=TriggerKind.WORDS)
    match = models.CharField("the words", max_length=10, choices=WordsMatch.choices, default=WordsMatch.CONTAINS)
    words = ArrayField(
        models.CharField(max_length=MAX_PHRASE),
        default=list,
        blank=True,
        size=MAX_PHRASES,
        help_text="Separated by commas; any of them will do.",
    )
    category = models.ForeignKey(
        Category,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="Or any category below it.",
    )
    brand = models.ForeignKey(Brand, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    value = models.ForeignKey(
        StoreValue, on_delete=models.SET_NULL, null=True, blank=True, related_name="+", verbose_name="attribute value"
    )
    field = models.CharField(
        "or any filter of",
        max_length=60,
        blank=True,
        help_text="category, brand, price, in_stock, or an attribute's code.",
    )
    colours = ArrayField(models.CharField(max_length=20), default=list, blank=True, help_text="Any of them will do.")
    threshold = models.FloatField(
        "how alike",
        default=0.85,
        validators=[MinValueValidator(0), MaxValueValidator(1)],
        help_text="0 to 1: the cosine of both photos; 1 is the same photo.",
    )
    # Of the reference: a JPEG of at most 1,024 pixels a side, and its vector by the encoder of that fingerprint.
    photo = models.BinaryField(null=True)
    photo_sha256 = models.CharField(max_length=64, blank=True, editable=False)
    vector = models.BinaryField(null=True)
    fingerprint = models.CharField(max_length=64, blank=True, editable=False)

    class Meta:
        verbose_name = "condition"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.get_kind_display()

    def clean(self) -> None:
        super().clean()
        if self.rule.store_id and (errors := trigger_errors(self, self.rule.store)):
            raise ValidationError(errors)


class RuleAction(models.Model):
    """One thing that is done. Which of the columns count is decided by `kind` (search.rules.stating)."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="actions")
    kind = models.CharField("then", max_length=16, choices=ActionKind.choices, default=ActionKind.PIN)
    position = models.PositiveSmallIntegerField(
        "place",
        default=1,
        validators=[MinValueValidator(1), MaxValueValidator(MAX_POSITION)],
        help_text="1 is the first.",
    )
    factor = models.FloatField(
        default=2.0,
        validators=[MinValueValidator(MIN_FACTOR), MaxValueValidator(MAX_FACTOR)],
        help_text="The score is multiplied by it: above 1 to boost, below 1 to bury.",
    )
    product = models.ForeignKey(Product, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    category = models.ForeignKey(
        Category,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        help_text="With all categories below it.",
    )
    brand = models.ForeignKey(Brand, on_delete=models.CASCADE, null=True, blank=True, related_name="+")
    value = models.ForeignKey(
        StoreValue, on_delete=models.CASCADE, null=True, blank=True, related_name="+", verbose_name="attribute value"
    )
    words = ArrayField(
        models.CharField(max_length=MAX_PHRASE),
        default=list,
        blank=True,
        size=MAX_PHRASES,
        verbose_name="words to replace",
        help_text="Separated by commas. Empty: all that was typed.",
    )
    text = models.CharField("by", max_length=200, blank=True, help_text="Empty: the words are taken out.")
    filter_by = models.CharField(
        "or a filter line",
        max_length=1000,
        blank=True,
        help_text="As a search's filter_by: price:[..50] && in_stock:=true",
    )
    banner = models.JSONField(
        default=dict, blank=True, help_text='What the shop page shall get, such as {"title": "Sale", "image": "..."}.'
    )

    class Meta:
        verbose_name = "action"
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.get_kind_display()

    def clean(self) -> None:
        super().clean()
        if self.rule.store_id and (errors := action_errors(self, self.rule.store)):
            raise ValidationError(errors)


class SynonymDirection(models.TextChoices):
    TWO_WAY = "two_way", "two-way: any of them finds all of them"
    ONE_WAY = "one_way", "one-way: what is typed also finds the others"


class Synonym(models.Model):
    """Phrases that find the same. Two-way: any of `phrases` finds all; one-way: `typed` finds `phrases` too.
    What is encoded gets the first of `phrases`, the canonical one. `stems` holds for each phrase that may be typed its
    lexemes in `language`, `heads` the first of each, which an index finds.
    """

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    direction = models.CharField(max_length=8, choices=SynonymDirection.choices, default=SynonymDirection.TWO_WAY)
    typed = models.CharField(
        max_length=MAX_PHRASE, blank=True, help_text="One-way only: the words that shoppers type, such as kicks."
    )
    phrases = ArrayField(
        models.CharField(max_length=MAX_PHRASE),
        size=MAX_PHRASES,
        help_text="Separated by commas: sneakers, running shoes. Photos are compared with the first of them.",
    )
    is_enabled = models.BooleanField("switched on", default=True)
    language = models.CharField(max_length=20, editable=False)
    stems = models.JSONField(default=list, editable=False)
    heads = ArrayField(models.TextField(), default=list, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["phrases", "pk"]
        indexes = [
            models.Index(fields=["store"], name="synonym_store"),
            GinIndex(fields=["heads"], condition=Q(is_enabled=True), name="synonym_heads_gin"),
        ]

    def __str__(self) -> str:
        if self.direction == SynonymDirection.ONE_WAY:
            return f"{self.typed} → {', '.join(self.phrases)}"
        return " = ".join(self.phrases)

    def clean(self) -> None:
        """Tidy the phrases, and refuse those that say nothing."""
        super().clean()
        self.typed = " ".join(self.typed.split())
        self.phrases = list(dict.fromkeys(phrase for text in self.phrases or () if (phrase := " ".join(text.split()))))
        if self.direction == SynonymDirection.TWO_WAY:
            self.typed = ""
            if len(self.phrases) < 2:
                raise ValidationError({"phrases": "Give two phrases or more, separated by commas."})
        elif not self.typed:
            raise ValidationError({"typed": "Give what shoppers type."})
        elif not self.phrases:
            raise ValidationError({"phrases": "Give what it shall find."})


class Preset(models.Model):
    """A named set of a search's parameters, by which a request may ask for them all."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(
        max_length=60,
        validators=[RegexValidator(r"^[a-z0-9][a-z0-9_-]*$", "Use lower-case letters, digits, - and _.")],
        help_text="Requests name it: preset=summer-sale.",
    )
    description = models.CharField(max_length=200, blank=True)
    parameters = models.JSONField(
        default=dict,
        blank=True,
        help_text='Fields of a search with their values, such as {"per_page": 48, "sort_by": "newest"}. '
        "What a request states itself counts before them.",
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["store", "name"], name="preset_name_unique_in_store")]

    def __str__(self) -> str:
        return self.name
