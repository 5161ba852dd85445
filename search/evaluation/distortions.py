"""What happens to a product's photo before it comes back as a query: seven distortions, each mild and strong.

A distorted photo must still find its own product, so self-retrieval needs no labels.
"""

from __future__ import annotations

import io
import random
from collections.abc import Callable
from functools import partial
from types import MappingProxyType

from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

Color = tuple[int, int, int]
# Sum of the three channels' differences up to which a pixel belongs to the plain background that touches the corners.
BACKGROUND_REACH = 36
# The background is looked for at this size: a flood fill of a large photo takes seconds.
MASK_SIDE_PX = 160
WALLS: tuple[Color, ...] = (
    (214, 201, 180),
    (176, 190, 197),
    (120, 98, 78),
    (92, 110, 92),
    (205, 170, 160),
    (70, 72, 84),
)


def crop(image: Image.Image, generator: random.Random, *, kept: float) -> Image.Image:
    """A window that keeps this share of each side, anywhere in the photo."""
    width, height = (max(1, round(side * kept)) for side in image.size)
    left = generator.randint(0, image.width - width)
    top = generator.randint(0, image.height - height)
    return image.crop((left, top, left + width, top + height))


def rotate(image: Image.Image, generator: random.Random, *, degrees: float) -> Image.Image:
    """Tilted between half and all of the angle, either way, on the border's own colour; the corners are cut off."""
    angle = generator.choice((-1, 1)) * generator.uniform(degrees / 2, degrees)
    return image.rotate(angle, Image.Resampling.BICUBIC, fillcolor=_border_color(image))


def darken(image: Image.Image, generator: random.Random, *, light: float) -> Image.Image:
    """This share of the light, with a slightly warm cast, as indoors in the evening."""
    dark = ImageEnhance.Brightness(image).enhance(light * generator.uniform(0.95, 1.05))
    red, green, blue = dark.split()
    return Image.merge("RGB", (red, green.point(lambda v: int(v * 0.97)), blue.point(lambda v: int(v * 0.9))))


def blur(image: Image.Image, generator: random.Random, *, radius: float) -> Image.Image:
    """Out of focus; the radius is a share of the longer side."""
    return image.filter(ImageFilter.GaussianBlur(radius * max(image.size) * generator.uniform(0.9, 1.1)))


def replace_background(image: Image.Image, generator: random.Random, *, is_cluttered: bool) -> Image.Image:
    """The product on a plain wall, or before clutter; a photo without a plain background shrinks into the scene."""
    scene = Image.new("RGB", image.size, generator.choice(WALLS))
    if is_cluttered:
        _clutter(scene, generator)
    mask = _product_mask(image)
    if _share(mask) > 0.97:
        small = image.resize((max(1, image.width * 4 // 5), max(1, image.height * 4 // 5)), Image.Resampling.BICUBIC)
        scene.paste(small, (image.width // 10, image.height // 10))
        return scene
    return Image.composite(image, scene, mask)


def screenshot(image: Image.Image, generator: random.Random, *, size: float) -> Image.Image:
    """The photo on a phone's page between a status bar and lines of text, taking this share of the page's width."""
    width = round(image.width / size)
    height = round(image.height / size * generator.uniform(1.0, 1.15))
    page: Color = generator.choice(((255, 255, 255), (247, 247, 250), (24, 24, 28)))
    ink: Color = (60, 60, 66) if page[0] > 128 else (210, 210, 214)
    screen = Image.new("RGB", (width, height), page)
    draw = ImageDraw.Draw(screen)
    top, left = (height - image.height) // 2, (width - image.width) // 2
    draw.rectangle((0, 0, width, max(1, top // 3)), fill=ink)
    line = max(1, height // 60)
    for y in range(top + image.height + 2 * line, height - line, 3 * line):
        draw.rectangle((left, y, left + round(image.width * generator.uniform(0.4, 0.95)), y + line), fill=ink)
    screen.paste(image, (left, top))
    return screen


def recompress(image: Image.Image, generator: random.Random, *, quality: int) -> Image.Image:
    """JPEG once more, at about this quality, as messengers do."""
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality + generator.randint(-2, 2))
    with Image.open(out) as again:
        return again.convert("RGB")


DISTORTIONS: MappingProxyType[str, Callable[[Image.Image, random.Random], Image.Image]] = MappingProxyType(
    {
        "crop-mild": partial(crop, kept=0.9),
        "crop-strong": partial(crop, kept=0.65),
        "rotate-mild": partial(rotate, degrees=8),
        "rotate-strong": partial(rotate, degrees=25),
        "darken-mild": partial(darken, light=0.75),
        "darken-strong": partial(darken, light=0.45),
        "blur-mild": partial(blur, radius=0.01),
        "blur-strong": partial(blur, radius=0.03),
        "background-mild": partial(replace_background, is_cluttered=False),
        "background-strong": partial(replace_background, is_cluttered=True),
        "screenshot-mild": partial(screenshot, size=0.85),
        "screenshot-strong": partial(screenshot, size=0.6),
        "recompress-mild": partial(recompress, quality=45),
        "recompress-strong": partial(recompress, quality=15),
    }
)
MILD = tuple(name for name in DISTORTIONS if name.endswith("-mild"))
STRONG = tuple(name for name in DISTORTIONS if name.endswith("-strong"))


def distort(image: Image.Image, name: str, *, seed: int) -> Image.Image:
    """An RGB image changed by the distortion of that name, the same for the same seed; its size may change.

    Raises: ValueError, for a name that is not in `DISTORTIONS`.
    """
    if name not in DISTORTIONS:
        raise ValueError(f"No distortion {name!r}. Known are: {', '.join(DISTORTIONS)}.")
    return DISTORTIONS[name](image, random.Random(f"{name} {seed}"))


def _border_color(image: Image.Image) -> Color:
    """The middle colour of the four corners, channel by channel."""
    right, bottom = image.width - 1, image.height - 1
    corners = [_pixel(image, x, y) for x in (0, right) for y in (0, bottom)]
    red, green, blue = (sorted(corner[channel] for corner in corners)[1] for channel in range(3))
    return red, green, blue


def _pixel(image: Image.Image, x: int, y: int) -> Color:
    value = image.getpixel((x, y))
    if not isinstance(value, tuple) or len(value) != 3:
        raise ValueError(f"The image's mode is {image.mode}; distortions take RGB. Convert it first.")
    return int(value[0]), int(value[1]), int(value[2])


def _product_mask(image: Image.Image) -> Image.Image:
    """255 where the product is: all but the plain region that is reached from the corners. Size and mode L."""
    small = image.copy()
    small.thumbnail((MASK_SIDE_PX, MASK_SIDE_PX), Image.Resampling.BICUBIC)
    marker = (1, 254, 2)
    for x in (0, small.width - 1):
        for y in (0, small.height - 1):
            if _pixel(small, x, y) != marker:
                ImageDraw.floodfill(small, (x, y), marker, thresh=BACKGROUND_REACH)
    is_marked = [
        channel.point([255 if v == m else 0 for v in range(256)])
        for channel, m in zip(small.split(), marker, strict=True)
    ]
    reached = Image.merge("RGB", is_marked).convert("L").point([255 if v == 255 else 0 for v in range(256)])
    product = reached.point([255 - v for v in range(256)])
    # JPEG leaves lone grey pixels around a product.
    return product.filter(ImageFilter.MedianFilter(3)).resize(image.size, Image.Resampling.BILINEAR)


def _share(mask: Image.Image) -> float:
    histogram = mask.histogram()
    return sum(histogram[128:]) / sum(histogram)


def _clutter(scene: Image.Image, generator: random.Random) -> None:
    """Boxes and discs in furniture's colours, softened: a room behind the product."""
    draw = ImageDraw.Draw(scene)
    side = max(scene.size)
    for _ in range(9):
        x, y = generator.uniform(-0.2, 1) * scene.width, generator.uniform(-0.2, 1) * scene.height
        box = (x, y, x + generator.uniform(0.1, 0.5) * side, y + generator.uniform(0.1, 0.5) * side)
        color = tuple(generator.randint(30, 230) for _ in range(3))
        shape = generator.choice((draw.rectangle, draw.ellipse))
        shape(box, fill=color)
    scene.paste(scene.filter(ImageFilter.GaussianBlur(side * 0.01)))
