"""A product's photos inside its form: thumbnails, uploads that are checked, places in the row."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminImageSmallFieldWidget

from catalog.admin.decorators import display
from catalog.models import ProductImage
from catalog.photos import InvalidPhoto, Photo, inspect_photo, keep_photo

ACCEPTED_TYPES = "image/jpeg,image/png,image/webp,image/gif,image/bmp,image/tiff,image/avif"


class PhotoForm(forms.ModelForm):  # type: ignore[type-arg]
    """A photo by file, or by an address from which it is fetched soon after."""

    class Meta:
        model = ProductImage
        fields = ["file", "kind", "position", "source_url"]
        widgets = {"file": UnfoldAdminImageSmallFieldWidget(attrs={"accept": ACCEPTED_TYPES})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A photo is replaced or deleted; emptying its file alone would leave a row that shows nothing.
        field = self.fields["file"]
        field.required = field.widget.is_required = bool(self.instance.file)
        self.fields["source_url"].label = "Or its address"
        self._photo: Photo | None = None

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if isinstance(file, UploadedFile):
            try:
                self._photo = inspect_photo(file.read())
            except InvalidPhoto as error:
                raise forms.ValidationError(
                    "%(name)s: %(error)s.", params={"name": file.name, "error": error}
                ) from error
        return file

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.errors and not cleaned.get("file") and not cleaned.get("source_url"):
            raise forms.ValidationError("Choose a file, or give the photo's address.")
        return cleaned

    def save(self, commit: bool = True) -> ProductImage:
        """Keep an uploaded photo under the hash of its bytes; a new address is fetched again."""
        image: ProductImage = self.instance
        if self._photo is not None:
            image.file = keep_photo(self._photo, store_id=image.product.store_id)
            image.sha256, image.width, image.height = self._photo.sha256, self._photo.width, self._photo.height
        elif not image.file and "source_url" in self.changed_data:
            image.fetch_after, image.fetch_attempts, image.fetch_error = None, 0, ""
        return super().save(commit)  # type: ignore[no-any-return]


class PhotoInline(TabularInline):  # type: ignore[misc]
    model = ProductImage
    form = PhotoForm
    fields = ["shown_thumbnail", "file", "kind", "position", "source_url", "shown_state"]
    readonly_fields = ["shown_thumbnail", "shown_state"]
    extra = 0
    verbose_name = "photo"
    verbose_name_plural = "photos"
    ordering = ["position", "id"]
    ordering_field = "position"
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProductImage]:
        rows: QuerySet[ProductImage] = super().get_queryset(request)
        return rows.select_related("product")

    @display(description="")
    def shown_thumbnail(self, image: ProductImage) -> SafeString:
        url = image.file.url if image.pk and image.file else ""
        picture = thumbnail(url, size_px=88)
        return format_html('<a href="{}" target="_blank">{}</a>', url, picture) if url else picture

    @display(description="state")
    def shown_state(self, image: ProductImage) -> str:
        return photo_state(image)


def thumbnail(url: str, *, size_px: int) -> SafeString:
    """A photo, whole, in a white square; an empty square where there is none."""
    style = f"width: {size_px}px; height: {size_px}px"
    if not url:
        return format_html(
            '<span class="border border-base-200 rounded-default flex items-center justify-center text-base-400 shrink-0 '
            'dark:border-base-700" style="{}"><span class="material-symbols-outlined">image</span></span>',
            style,
        )
    return format_html(
        '<img src="{}" alt="" loading="lazy" class="border border-base-200 rounded-default object-contain bg-white '
        'shrink-0 max-w-none dark:border-base-700" style="{}">',
        url,
        style,
    )


def photo_state(image: ProductImage) -> str:
    """The photo's size, or what has become of fetching it."""
    if not image.pk:
        return "-"
    if image.file:
        return f"{image.width} × {image.height}"
    return f"Not fetched: {image.fetch_error}" if image.fetch_error else "Waits to be fetched"
