"""The photos of a batch's products: kept as files first, then compared with the rows and written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from catalog.importing.records import ImageSource, Record
from catalog.models import Product, ProductImage
from catalog.photos import InvalidPhoto, inspect_photo, keep_photo


@dataclass(frozen=True, slots=True)
class KeptPhoto:
    """A photo that lies in the storage, one known by its address alone, or the `problem` that kept it out."""

    kind: str
    position: int
    file: str = ""
    sha256: str = ""
    width: int = 0
    height: int = 0
    url: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Gallery:
    """All photos that a product shall have."""

    product: Product
    photos: Sequence[KeptPhoto]


@dataclass(frozen=True, slots=True)
class GalleryChange:
    added: int
    removed: int
    moved: int

    @property
    def is_any(self) -> bool:
        return bool(self.added or self.removed or self.moved)


def keep_photos(
    records: Sequence[Record], *, store_id: int, read_photo: Callable[[str], bytes], is_dry_run: bool
) -> list[list[KeptPhoto]]:
    """Keep the photos of each record, one at a time in memory, those that the products have already left alone."""
    skus = [record.sku for record in records if any(image.file for image in record.images)]
    rows = ProductImage.objects.filter(product__store=store_id, product__sku__in=skus).exclude(sha256="")
    known = dict(rows.values_list("sha256", "file")) if skus else {}
    kept: list[list[KeptPhoto]] = []
    for record in records:
        photos: list[KeptPhoto] = []
        for index, image in enumerate(record.images):
            position = index if image.position is None else image.position
            if image.url:
                photos.append(KeptPhoto(image.kind, position, url=image.url))
            else:
                photos.append(
                    _keep(image, position, store_id=store_id, read_photo=read_photo, known=known, is_dry_run=is_dry_run)
                )
        kept.append(photos)
    return kept


def change_galleries(galleries: Sequence[Gallery]) -> dict[int, GalleryChange]:
    """Make each product's photos what its gallery says, and count by product id.

    Photos are the same when their bytes or their address are. Where one of a gallery's photos could not be kept,
    nothing is removed: the missing one may be the one that is there.
    """
    present: dict[int, list[ProductImage]] = {gallery.product.pk: [] for gallery in galleries}
    for image in ProductImage.objects.filter(product__in=present).order_by("position", "id"):
        present[image.product_id].append(image)
    added: list[ProductImage] = []
    moved: list[ProductImage] = []
    removed: list[int] = []
    changes: dict[int, GalleryChange] = {}
    for gallery in galleries:
        before = len(added), len(removed), len(moved)
        left = _compare(gallery, present[gallery.product.pk], added=added, moved=moved)
        if not any(photo.problem for photo in gallery.photos):
            removed += [image.pk for image in left]
        changes[gallery.product.pk] = GalleryChange(
            len(added) - before[0], len(removed) - before[1], len(moved) - before[2]
        )
    ProductImage.objects.bulk_create(added)
    if moved:
        ProductImage.objects.bulk_update(moved, ["kind", "position"])
    if removed:
        ProductImage.objects.filter(pk__in=removed).delete()
    return changes


def _keep(
    image: ImageSource,
    position: int,
    *,
    store_id: int,
    read_photo: Callable[[str], bytes],
    known: dict[str, str],
    is_dry_run: bool,
) -> KeptPhoto:
    try:
        data = read_photo(image.file)
        photo = inspect_photo(data)
    except InvalidPhoto as error:
        return KeptPhoto(image.kind, position, problem=f"{image.file}: {error}")
    name = known.get(photo.sha256)
    if name is None:
        name = photo.name_in(store_id) if is_dry_run else keep_photo(photo, store_id=store_id)
        known[photo.sha256] = name
    return KeptPhoto(image.kind, position, name, photo.sha256, photo.width, photo.height)


def _compare(
    gallery: Gallery, present: Sequence[ProductImage], *, added: list[ProductImage], moved: list[ProductImage]
) -> list[ProductImage]:
    """Enter what is new and what changed its place or kind; return the images that the gallery does not name."""
    by_hash = {image.sha256: image for image in reversed(present) if image.sha256}
    by_url = {image.source_url: image for image in reversed(present) if image.source_url}
    named: set[int] = set()
    seen: set[str] = set()
    for photo in gallery.photos:
        key = photo.sha256 or photo.url
        if photo.problem or key in seen:
            continue
        seen.add(key)
        image = by_hash.get(photo.sha256) if photo.sha256 else by_url.get(photo.url)
        if image is None:
            added.append(_new_image(gallery.product, photo))
            continue
        named.add(image.pk)
        if (image.kind, image.position) != (photo.kind, photo.position):
            image.kind, image.position = photo.kind, photo.position
            moved.append(image)
    return [image for image in present if image.pk not in named]


def _new_image(product: Product, photo: KeptPhoto) -> ProductImage:
    return ProductImage(
        product=product,
        file=photo.file,
        sha256=photo.sha256,
        width=photo.width,
        height=photo.height,
        kind=photo.kind,
        position=photo.position,
        source_url=photo.url,
    )
