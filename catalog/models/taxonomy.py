"""How a store describes its products: the category tree, brands, attributes and their values."""

from __future__ import annotations

from django.core.validators import RegexValidator
from django.db import models
from treebeard.mp_tree import MP_Node

from catalog.models.store import Store

code_validator = RegexValidator(
    r"^[a-z0-9][a-z0-9_-]*$", "Use lower-case letters, digits, - and _, beginning with a letter or digit."
)


class Category(MP_Node):  # type: ignore[misc]  # treebeard has no types
    """A node of a store's category tree. `slug` is unique in the store; filters name it."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="categories")
    name = models.CharField(max_length=120)
    slug = models.CharField(max_length=160, validators=[code_validator])

    class Meta:
        verbose_name_plural = "categories"
        constraints = [models.UniqueConstraint(fields=["store", "slug"], name="category_slug_unique_in_store")]

    def __str__(self) -> str:
        return self.name


class Brand(models.Model):
    """A maker's name within a store."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="brands")
    name = models.CharField(max_length=120)
    slug = models.CharField(max_length=160, validators=[code_validator])

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["store", "slug"], name="brand_slug_unique_in_store")]

    def __str__(self) -> str:
        return self.name


class Attribute(models.Model):
    """One axis of the store's taxonomy (colour, material ...). `prompt` is its zero-shot template; {} is the label."""

    store = models.ForeignKey(Store, on_delete=models.CASCADE, related_name="attributes")
    code = models.CharField(max_length=60, validators=[code_validator])
    label = models.CharField(max_length=120)
    prompt = models.CharField(max_length=200, default="a photo of a {} product")
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["position", "code"]
        constraints = [models.UniqueConstraint(fields=["store", "code"], name="attribute_code_unique_in_store")]

    def __str__(self) -> str:
        return self.label


class AttributeValue(models.Model):
    """A value of an attribute. Products hold its `code`, the index its id, people see its `label`."""

    attribute = models.ForeignKey(Attribute, on_delete=models.CASCADE, related_name="values")
    code = models.CharField(max_length=80, validators=[code_validator])
    label = models.CharField(max_length=120)

    class Meta:
        ordering = ["label"]
        constraints = [models.UniqueConstraint(fields=["attribute", "code"], name="value_code_unique_in_attribute")]

    def __str__(self) -> str:
        return self.label
