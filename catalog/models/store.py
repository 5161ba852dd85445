"""The tenant: every product, key and index row belongs to one store, and no query crosses stores."""

from __future__ import annotations

from typing import TYPE_CHECKING
from zoneinfo import available_timezones

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import models

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractBaseUser, AnonymousUser

# ISO 4217: currencies whose minor unit is not a hundredth.
MINOR_UNIT_DIGITS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(), 0),  # noqa: SIM905
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),  # noqa: SIM905
}

# Text search configurations that every PostgreSQL ships.
LANGUAGES = [
    "simple",
    "arabic",
    "danish",
    "dutch",
    "english",
    "finnish",
    "french",
    "german",
    "greek",
    "hungarian",
    "indonesian",
    "irish",
    "italian",
    "lithuanian",
    "norwegian",
    "portuguese",
    "romanian",
    "russian",
    "spanish",
    "swedish",
    "tamil",
    "turkish",
]


def check_time_zone(name: str) -> None:
    """Raise `ValidationError` for what is no IANA time zone."""
    if name not in available_timezones():
        raise ValidationError(f"“{name[:60]}” is no time zone: give a name such as Europe/Berlin.")


class StoreQuerySet(models.QuerySet["Store"]):
    def visible_to(self, user: AbstractBaseUser | AnonymousUser) -> StoreQuerySet:
        """The stores whose data this staff user may see: all for a superuser, else those they are a member of."""
        if getattr(user, "is_superuser", False):
            return self
        return self.filter(members=user.pk) if user.pk else self.none()


class Store(models.Model):  # type: ignore[django-manager-missing]  # Category is untyped (treebeard)
    """A shop. Its currency gives the minor unit of its prices, its language the stemming of its words."""

    slug = models.SlugField(unique=True)
    name = models.CharField(max_length=120)
    currency = models.CharField(
        max_length=3,
        default="EUR",
        validators=[RegexValidator(r"^[A-Z]{3}$", "Give an ISO 4217 code such as EUR.")],
    )
    language = models.CharField(max_length=20, default="english", choices=[(name, name) for name in LANGUAGES])
    time_zone = models.CharField(
        max_length=60,
        default="UTC",
        validators=[check_time_zone],
        help_text="Such as Europe/Berlin. Weekdays and hours of rules are told by it.",
    )
    members = models.ManyToManyField(settings.AUTH_USER_MODEL, blank=True, related_name="stores")
    created_at = models.DateTimeField(auto_now_add=True)

    objects = StoreQuerySet.as_manager()

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    @property
    def minor_unit_digits(self) -> int:
        """Decimal digits of the currency's minor unit: 2 for EUR, 0 for JPY, 3 for KWD."""
        return MINOR_UNIT_DIGITS.get(self.currency, 2)
