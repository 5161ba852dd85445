"""Queries that no clothes shop can answer, as words and as pictures; material for floors and confidence."""

from __future__ import annotations

import random
import string
import warnings
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from search.errors import InvalidImage
from search.images import decode_image

THINGS = (
    "a car", "red sports car", "second hand truck", "electric bicycle", "motorcycle helmet visor", "train timetable", "airplane",
    "a landscape", "mountains at sunset", "a beach with palm trees", "snowy forest", "city skyline at night", "a waterfall",
    "pizza margherita", "fresh strawberries", "chocolate cake recipe", "cup of coffee", "bananas", "grilled chicken", "red wine",
    "a dog", "cute kitten", "elephant in the savanna", "goldfish", "a horse", "parrot", "butterfly on a flower",
    "laptop computer", "gaming keyboard", "smartphone with two cameras", "usb cable", "graphics card", "washing machine",
    "refrigerator", "cordless drill", "garden hose", "lawn mower", "bag of cement", "car tyres", "engine oil", "spark plugs",
    "portrait of an old man", "football match", "chess board", "guitar", "grand piano", "violin lesson", "concert tickets",
    "history of rome", "quantum physics textbook", "tax return form", "weather tomorrow", "train to paris", "hotel in berlin",
    "mortgage calculator", "python tutorial", "who won the election", "how do I reset my password", "where is my order",
    "customer service phone number", "delivery to norway", "return policy", "opening hours", "gift voucher balance", "job offers",
    "diapers", "baby food", "dog food", "toothpaste", "paracetamol", "printer paper", "ballpoint pen", "aquarium", "tent pegs",
)  # fmt: skip
OTHER_LANGUAGES = (
    "rotes kleid mit ärmeln", "schwarze lederschuhe herren", "grüne winterjacke", "hemd mit streifen", "gummistiefel",
    "zapatos rojos de mujer", "camisa azul de hombre", "vestido largo de verano", "pantalones negros", "bolso marrón",
    "chemise blanche homme", "robe d'été à fleurs", "chaussures noires", "sac à main rouge", "pull en laine",
    "scarpe da donna", "giacca di pelle", "gonna corta", "czerwona sukienka", "buty męskie czarne", "punainen mekko",
    "siyah ayakkabı", "đầm đỏ", "gaun merah", "röd klänning", "красное платье", "чёрные туфли", "синяя рубашка",
    "κόκκινο φόρεμα", "שמלה אדומה", "فستان أحمر", "حذاء أسود", "लाल पोशाक", "नीली कमीज", "赤いドレス", "黒い靴",
    "红色连衣裙", "蓝色衬衫", "빨간 드레스", "검은 신발", "ชุดสีแดง",
)  # fmt: skip
KEYBOARD_ROWS = ("qwertyuiop", "asdfghjkl", "zxcvbnm")
SIDE_PX = 160
SUFFIXES = (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp")


def keyboard_noise(count: int, *, seed: int = 0) -> list[str]:
    """Fingers on a keyboard: neighbouring keys, random letters, digits and signs."""
    generator = random.Random(seed)
    texts = []
    for i in range(count):
        row = generator.choice(KEYBOARD_ROWS)
        keys = (row, string.ascii_lowercase, string.ascii_lowercase + string.digits, string.punctuation)[i % 4]
        texts.append("".join(generator.choices(keys, k=generator.randint(4, 14))))
    return texts


def off_catalogue_texts() -> dict[str, list[str]]:
    """By what they are: things that are not sold, other languages, keyboard noise."""
    return {
        "things not sold": list(THINGS),
        "other languages": list(OTHER_LANGUAGES),
        "keyboard noise": keyboard_noise(60),
    }


def drawn_images(count: int, *, seed: int = 0) -> Iterator[Image.Image]:
    """Landscapes, cars, noise, gradients, chequers and pages of text, drawn; the same for the same seed."""
    painters: tuple[Callable[[random.Random], Image.Image], ...] = (
        _landscape,
        _car,
        _noise,
        _gradient,
        _checkers,
        _page,
    )
    for i in range(count):
        yield painters[i % len(painters)](random.Random(seed * 1009 + i))


def odd_images(archive: Path) -> Iterator[Image.Image]:
    """The pictures in a zip that can be decoded, each look once: test cards, portraits, flowers, glyphs."""
    seen = set()
    with zipfile.ZipFile(archive) as files, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the pictures are odd on purpose
        # libtiff writes to the terminal by itself: its files are left to the tests of decoding.
        for name in (name for name in sorted(files.namelist()) if name.lower().endswith(SUFFIXES)):
            try:
                image = decode_image(files.read(name), max_side=512)
            except InvalidImage:
                continue
            look = (np.asarray(image.resize((6, 6)), dtype=np.uint8) // 24).tobytes()
            if look not in seen and min(image.size) >= 16:
                seen.add(look)
                yield image


def _color(generator: random.Random, low: int = 0, high: int = 255) -> tuple[int, int, int]:
    return generator.randint(low, high), generator.randint(low, high), generator.randint(low, high)


def _landscape(generator: random.Random) -> Image.Image:
    """A sky, a sun, hills one behind the other, a field or the sea."""
    image = Image.new("RGB", (SIDE_PX, SIDE_PX))
    draw = ImageDraw.Draw(image)
    for y in range(SIDE_PX):
        draw.line((0, y, SIDE_PX, y), fill=(90 + y // 2, 140 + y // 3, 235 - y // 4))
    x = generator.randint(10, 140)
    draw.ellipse((x, 15, x + 22, 37), fill=(255, 236, 160))
    for depth in range(3):
        base = 70 + 22 * depth
        points = [
            (-10, SIDE_PX),
            *((px, base + generator.randint(-18, 18)) for px in range(-10, 190, 28)),
            (190, SIDE_PX),
        ]
        draw.polygon(points, fill=(40 + 10 * depth, generator.randint(80, 150), 50 + 15 * depth))
    return image.filter(ImageFilter.GaussianBlur(1))


def _car(generator: random.Random) -> Image.Image:
    """A body, a cabin with windows and two wheels on a road."""
    image = Image.new("RGB", (SIDE_PX, SIDE_PX), _color(generator, 170, 235))
    draw = ImageDraw.Draw(image)
    paint = _color(generator, 20, 220)
    draw.rectangle((0, 112, SIDE_PX, SIDE_PX), fill=(95, 95, 98))
    draw.polygon([(42, 82), (58, 58), (108, 58), (126, 82)], fill=paint)
    draw.polygon([(52, 80), (63, 63), (82, 63), (82, 80)], fill=(190, 215, 230))
    draw.polygon([(86, 80), (86, 63), (104, 63), (116, 80)], fill=(190, 215, 230))
    draw.rounded_rectangle((14, 80, 148, 110), 8, fill=paint)
    for x in (32, 108):
        draw.ellipse((x, 96, x + 26, 122), fill=(25, 25, 25))
        draw.ellipse((x + 8, 104, x + 18, 114), fill=(170, 170, 170))
    return image


def _noise(generator: random.Random) -> Image.Image:
    pixels = np.random.default_rng(generator.randint(0, 2**31)).integers(0, 256, (SIDE_PX, SIDE_PX, 3))
    return Image.fromarray(pixels.astype(np.uint8)).filter(ImageFilter.GaussianBlur(generator.choice((0, 1, 4))))


def _gradient(generator: random.Random) -> Image.Image:
    corners = Image.new("RGB", (2, 2))
    for place in ((0, 0), (0, 1), (1, 0), (1, 1)):
        corners.putpixel(place, _color(generator))
    return corners.resize((SIDE_PX, SIDE_PX), Image.Resampling.BICUBIC)


def _checkers(generator: random.Random) -> Image.Image:
    image = Image.new("RGB", (SIDE_PX, SIDE_PX), _color(generator))
    draw = ImageDraw.Draw(image)
    step, ink = generator.randint(8, 40), _color(generator)
    for x in range(0, SIDE_PX, step):
        for y in range(x // step % 2 * step, SIDE_PX, 2 * step):
            draw.rectangle((x, y, x + step - 1, y + step - 1), fill=ink)
    return image


def _page(generator: random.Random) -> Image.Image:
    image = Image.new("RGB", (SIDE_PX, SIDE_PX), (250, 249, 245))
    draw = ImageDraw.Draw(image)
    for y in range(12, 150, 7):
        words = " ".join(
            "".join(generator.choices(string.ascii_lowercase, k=generator.randint(2, 9))) for _ in range(5)
        )
        draw.text((10, y), words[: generator.randint(8, 26)], fill=(30, 30, 30), font_size=7)
    return image
