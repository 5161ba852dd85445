"""Judged query sets as rows, which merchandisers edit in the admin. Django finds these models through `search.models`."""

from __future__ import annotations

from django.core.validators import MaxValueValidator, RegexValidator
from django.db import models

from catalog.models import Store

MAX_GAIN = 1000


class JudgedSetRow(models.Model):
    """A store's set of judged queries, by a name that `manage.py evaluate --set` takes."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(
        max_length=80,
        validators=[RegexValidator(r"^[\w-]+$", "Use letters, digits, - and _: commands name the set by it.")],
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = "judged set"
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["store", "name"], name="judged_set_unique_in_store")]

    def __str__(self) -> str:
        return self.name


class JudgedQueryRow(models.Model):
    """One query of a set; the fields are those of `search.evaluation.sets.JudgedQuery`, `key` its id."""

    judged_set = models.ForeignKey(JudgedSetRow, on_delete=models.CASCADE, related_name="queries", verbose_name="set")
    key = models.CharField("id", max_length=200)
    position = models.PositiveIntegerField(default=0, editable=False)
    text = models.CharField(max_length=1000, blank=True)
    product = models.CharField(max_length=120, blank=True, help_text="A SKU: asks for what looks like this product.")
    photo_of = models.CharField(max_length=120, blank=True, help_text="A SKU: asks by the pixels of its first photo.")
    image = models.FileField(upload_to="evaluation", max_length=300, blank=True)
    region = models.JSONField(null=True, blank=True, help_text="[left, top, right, bottom] of the photo, from 0 to 1.")
    distortion = models.CharField(max_length=60, blank=True)
    seed = models.PositiveIntegerField(default=0)
    filters = models.JSONField(default=dict, blank=True, help_text='Such as {"category": ["shoes"], "in_stock": true}.')
    mode = models.CharField(max_length=20, blank=True, help_text="words, lexical or semantic; empty: as shoppers ask.")
    text_weight = models.FloatField(default=1.0)
    image_weight = models.FloatField(default=1.0)
    slices = models.JSONField(
        default=dict, blank=True, help_text='Such as {"kind": "colour"}: figures come by slice too.'
    )

    class Meta:
        verbose_name = "judged query"
        verbose_name_plural = "judged queries"
        ordering = ["judged_set", "position", "pk"]
        constraints = [models.UniqueConstraint(fields=["judged_set", "key"], name="judged_query_unique_in_set")]

    def __str__(self) -> str:
        return self.key


class JudgmentRow(models.Model):
    """How right a product is for a query: above 0 is right, and the more the better. By SKU, so it outlives the product."""

    query = models.ForeignKey(JudgedQueryRow, on_delete=models.CASCADE, related_name="judgments")
    sku = models.CharField("SKU", max_length=120)
    gain = models.PositiveIntegerField(default=1, validators=[MaxValueValidator(MAX_GAIN)])

    class Meta:
        verbose_name = "judgment"
        ordering = ["-gain", "sku"]
        constraints = [models.UniqueConstraint(fields=["query", "sku"], name="judgment_unique_in_query")]

    def __str__(self) -> str:
        return f"{self.sku}: {self.gain}"
