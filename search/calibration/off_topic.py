"""What no shop of things can answer: texts and pictures whose hits are all wrong, for fitting and for measuring apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Two lists without a word in common: one fits, the other measures (docs/evaluation.md).
FITTING_TEXTS: tuple[str, ...] = (
    "motorbike", "airplane", "train station", "dog", "horse", "goldfish", "pizza", "salad bowl", "strawberry jam",
    "mountain landscape", "sunset over the sea", "city skyline at night", "laptop computer", "phone charger",
    "washing machine", "electric guitar", "football match", "swimming pool", "garden hose", "engine oil", "bicycle tyre",
    "medieval castle", "space rocket", "tax return form", "hotel booking", "weather tomorrow", "how to cook rice",
    "car insurance", "dentist near me", "birthday party ideas", "second world war", "chess opening", "stock prices",
    "moon", "volcano", "elephant", "tomato seeds", "concrete mixer", "fishing boat", "traffic light", "violin lesson",
    "fahrradreifen", "machine à laver", "coche rojo", "perro grande", "manzana verde", "книга", "自行车", "おはよう",
    "asdf ghjkl", "qwerty uiop", "xzcvbn", "lkjhgf dsa", "zzzzzz", "12345 67890", "!!!???", "aaaa bbbb cccc", "0xdeadbeef",

    "sports bike", "lorry", "tram stop", "airline ticket", "ferry port", "railway bridge", "petrol station", "parking garage",
    "puppy", "kitten in a box", "tropical fish", "honey bee", "spider web", "dinosaur bones", "snake", "frog", "owl", "whale",
    "roast chicken", "tomato sauce", "sushi rolls", "fried eggs", "ice cream", "apple pie", "banana", "cheese platter",
    "green tea", "red wine", "orange juice", "breakfast cereal", "olive oil", "sourdough", "vegetable curry", "pasta recipe",
    "rocky coast", "snowy mountains", "river valley", "rain clouds", "starry sky", "sand dunes", "tropical island", "glacier",
    "office building", "church tower", "wooden bridge", "football stadium", "hospital corridor", "school classroom",
    "public library", "farm house", "factory chimney", "underground station", "shopping mall", "swimming lesson",
    "gaming computer", "wireless router", "computer mouse", "printer ink", "memory card", "television screen", "hard disk",
    "fridge freezer", "microwave oven", "vacuum cleaner", "electric drill", "screwdriver set", "circular saw", "paint roller",
    "ladder", "garden fence", "flower seeds", "wheelbarrow", "barbecue grill", "power plug", "light bulb", "water pump",
    "car battery", "brake pads", "exhaust pipe", "spark plug", "motor oil", "truck tyre", "bicycle chain", "boat engine",
    "saxophone", "trumpet", "microphone stand", "opera tickets", "jazz concert", "movie trailer", "video game", "board game",
    "jigsaw puzzle", "playing cards", "rugby match", "golf course", "ski slope", "marathon results", "boxing champion",
    "income tax", "bank account", "credit card", "house for sale", "apartment rent", "job interview", "travel insurance",
    "visa application", "passport renewal", "court case", "prime minister", "climate change", "world history", "roman empire",
    "solar system", "black hole", "chemistry lesson", "algebra homework", "spanish course", "python programming", "database",
    "operating system", "password reset", "email login", "news today", "horoscope", "lottery numbers", "traffic jam",
    "flu symptoms", "headache", "blood pressure", "vitamin tablets", "toothbrush", "cough syrup", "wheelchair", "x-ray",
    "nappies", "baby formula", "dog food", "cat litter", "aquarium", "bird cage", "hamster wheel", "horse saddle",
    "cement", "bricks", "roof tiles", "copper pipe", "kitchen sink", "toilet seat", "shower head", "door handle", "window glass",
    "stapler", "pencil sharpener", "copy paper", "calculator", "whiteboard", "envelope", "postage stamp", "fountain",
    "flugzeug", "hund", "wetterbericht", "kartoffelsalat", "autobahn", "chien", "pain au chocolat", "avion", "ordinateur",
    "playa", "comida rápida", "noticias", "casa en venta", "cane", "macchina", "ristorante", "погода", "поезд", "ресторан",
    "飞机", "天气", "狗", "ラーメン", "電車", "날씨", "강아지", "مرحبا", "सब्ज़ी", "qazwsx edc", "plm okn ijb", "trewq", "gfdsa",
    "yuiop", "ghjkl", "vbnm", "wsxedc", "rfvtgb", "aaaaaaa", "xxxxxx", "qqqq", "1111", "2024", "777 888", "%%%", "...", "@@@ ###",
)  # fmt: skip
MEASURING_TEXTS: tuple[str, ...] = (
    "a car", "bus", "helicopter", "airport", "cat", "cow", "parrot", "hamburger and fries", "noodle soup", "chocolate cake",
    "forest path", "desert", "waterfall", "skyscraper", "keyboard and monitor", "usb cable", "dishwasher", "grand piano",
    "tennis tournament", "lawn mower", "hammer and nails", "windscreen wiper", "lighthouse", "satellite", "mortgage rates",
    "weekly rota", "pregnancy calendar", "how to learn french", "quantum physics", "election polls", "thunderstorm",
    "crocodile", "potatoes", "excavator", "submarine", "roundabout", "drum kit", "waschmaschine", "voiture rouge", "gato negro",
    "pomme de terre", "собака", "汽车", "ありがとう", "bnvc hgtr", "fdsa rewq", "mnbvcx", "kkkkkkk", "98765 43210", "???!!!",
    "dddd eeee ffff", "lorem ipsum dolor sit amet",
)  # fmt: skip
SIDE_PX = 96
Pixels = NDArray[Any]


def off_topic_image(photo: Image.Image, number: int) -> Image.Image:
    """Noise, blocks, a gradient, a landscape of bands, or `photo` cut into squares and shuffled, by turns of `number`."""
    drawn = np.random.default_rng(number)
    draw = (_noise, _blocks, _gradient, _bands)
    kind = number % (len(draw) + 1)
    pixels = _shuffled(photo, drawn) if kind == len(draw) else draw[kind](drawn)
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def _noise(drawn: np.random.Generator) -> Pixels:
    return drawn.integers(0, 256, (SIDE_PX, SIDE_PX, 3))


def _blocks(drawn: np.random.Generator) -> Pixels:
    return np.kron(drawn.integers(0, 256, (4, 4, 3)), np.ones((SIDE_PX // 4, SIDE_PX // 4, 1)))


def _gradient(drawn: np.random.Generator) -> Pixels:
    first, last = drawn.integers(0, 256, (2, 3))
    along = np.linspace(0, 1, SIDE_PX)[:, None, None] * np.ones((1, SIDE_PX, 1))
    ramp = along if drawn.random() < 0.5 else along.transpose(1, 0, 2)
    return np.asarray(first + (last - first) * ramp)


def _bands(drawn: np.random.Generator) -> Pixels:
    """Sky, hills and ground, each with a little noise."""
    heights = np.sort(drawn.integers(20, SIDE_PX - 10, 2))
    rows = np.arange(SIDE_PX)[:, None] + 6 * np.sin(np.arange(SIDE_PX)[None, :] / drawn.uniform(5, 20))
    band = (rows > heights[0]).astype(int) + (rows > heights[1])
    colours = np.array([(150, 190, 240), (70, 120, 80), (160, 140, 90)]) + drawn.integers(-40, 40, (3, 3))
    return np.asarray(colours[band] + drawn.normal(0, 8, (SIDE_PX, SIDE_PX, 3)))


def _shuffled(photo: Image.Image, drawn: np.random.Generator) -> Pixels:
    pixels = np.asarray(photo.convert("RGB").resize((SIDE_PX, SIDE_PX)))
    step = SIDE_PX // 6
    blocks = [pixels[y : y + step, x : x + step] for y in range(0, SIDE_PX, step) for x in range(0, SIDE_PX, step)]
    order = drawn.permutation(len(blocks))
    rows = [np.concatenate([blocks[i] for i in order[start : start + 6]], axis=1) for start in range(0, 36, 6)]
    return np.concatenate(rows)
