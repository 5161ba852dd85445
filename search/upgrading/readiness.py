"""What belongs to an encoder beside its vectors: each store's calibration, fitted attributes, learned ranking weights.

All are kept by the encoder's fingerprint, so they can be made for a version that is not live yet. Palettes, twins, words and
popularity belong to photos and products and serve any version; rules' reference photos are encoded anew when first met.
"""

from __future__ import annotations

from dataclasses import dataclass

from catalog.models import Store
from search.attributes.learning import fit_store
from search.calibration.stores import CalibrationFailed, calibrate_store
from search.models import FittedAttribute, IndexVersion, StoreCalibration, VersionState
from search.ranking.records import RankingWeights


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that the live version's encoder has for a store, and another version's has not."""

    kind: str
    store: Store
    names: tuple[str, ...] = ()

    def __str__(self) -> str:
        what = f" ({', '.join(self.names)})" if self.names else ""
        return f"{self.kind}{what} of the store {self.store.slug}"

    def fix(self, version: IndexVersion) -> str:
        """The command that makes it."""
        if self.kind == "ranking weights":
            return f"manage.py tune_ranking --store {self.store.slug} --set SET --index-version {version.pk}"
        return f"manage.py index_versions prepare {version.pk}"


def lacking(version: IndexVersion) -> list[Lack]:
    """What stores have for the live version's encoder and not for this one's; nothing where both are the same."""
    live = IndexVersion.objects.filter(state=VersionState.LIVE).first()
    if live is None or live.fingerprint == version.fingerprint:
        return []
    calibrated = StoreCalibration.objects.filter(fingerprint=live.fingerprint)
    missing = calibrated.exclude(
        store__in=StoreCalibration.objects.filter(fingerprint=version.fingerprint).values("store")
    )
    found = [Lack("calibration", row.store) for row in missing.select_related("store").order_by("store")]
    for store in Store.objects.filter(pk__in=FittedAttribute.objects.values("store")).order_by("pk"):
        names = sorted(_fitted(store, live.fingerprint) - _fitted(store, version.fingerprint))
        if names:
            found.append(Lack("attributes", store, tuple(names)))
    weighted = RankingWeights.objects.filter(fingerprint=live.fingerprint).exclude(
        store__in=RankingWeights.objects.filter(fingerprint=version.fingerprint).values("store")
    )
    return found + [Lack("ranking weights", row.store) for row in weighted.select_related("store").order_by("store")]


def prepare(version: IndexVersion) -> list[str]:
    """Calibrate and fit what is lacking; what could not be, in words. Ranking weights need judged queries and stay.

    Each store is kept as it is done, so a killed run loses one store's work at most.
    Raises `IndexUnavailable`, `EncoderUnavailable`.
    """
    failed = []
    for lack in lacking(version):
        if lack.kind == "calibration":
            try:
                calibrate_store(lack.store, version=version)
            except CalibrationFailed as error:
                failed.append(str(error))
        elif lack.kind == "attributes":
            for name, outcome in fit_store(lack.store, names=lack.names, version=version):
                if isinstance(outcome, str):
                    failed.append(f"{name} of {lack.store.slug}: {outcome}")
    return failed


def _fitted(store: Store, fingerprint: str) -> set[str]:
    rows = FittedAttribute.objects.filter(store=store, fingerprint=fingerprint).select_related("attribute")
    return {row.attribute.code if row.attribute else "category" for row in rows}
