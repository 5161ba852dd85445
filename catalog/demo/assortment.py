"""Draws the assortment: which styles exist, in which colours, at which prices."""

from __future__ import annotations

import hashlib
import random

from catalog.demo.kinds import Form, Kind
from catalog.demo.kinds_clothes import CLOTHES
from catalog.demo.kinds_things import THINGS
from catalog.demo.look import Look
from catalog.demo.materials import Finish
from catalog.demo.palette import METALS, PARTNERS, WOODS, darker, lighter, mix, rgb, tone
from catalog.demo.patterns import pattern_value
from catalog.demo.product import DemoProduct
from catalog.demo.words import BRANDS, description, material_values, title

KINDS: dict[str, Kind] = {kind.name: kind for kind in (*CLOTHES, *THINGS)}
DEFAULT_COUNT = 640
# Patterns that show their second colour as much as the first.
BOLD = ("stripes", "gingham", "colorblock", "geometric", "diamonds", "argyle", "spots", "houndstooth")
# How often a kind's styles are patterned where their form has patterns.
PATTERNED = {
    "cushion": 0.75,
    "rug": 0.7,
    "dress": 0.55,
    "shirt": 0.55,
    "tote": 0.55,
    "heels": 0.25,
    "armchair": 0.3,
    "knit": 0.5,
}
WOOD_COLORS = {"oak": "brown", "walnut": "brown", "ash": "beige", "white": "white", "black": "black"}


def demo_products(seed: int, count: int) -> list[DemoProduct]:
    """`count` products, always the same for a seed, in a mixed order; every kind gets its share."""
    total = sum(kind.share for kind in KINDS.values())
    products: list[DemoProduct] = []
    passed = 0.0
    for kind in KINDS.values():
        passed += kind.share
        wanted = round(count * passed / total) - len(products)
        products += _of_kind(kind, seed, wanted)
    random.Random(f"{seed}:order").shuffle(products)
    return products


def _of_kind(kind: Kind, seed: int, wanted: int) -> list[DemoProduct]:
    products: list[DemoProduct] = []
    generator = random.Random(f"{seed}:{kind.name}")
    number = 0
    while len(products) < wanted:
        form = kind.forms[(number + seed) % len(kind.forms)]
        products += _style(kind, form, seed, number, generator)
        number += 1
    return products[:wanted]


def _style(kind: Kind, form: Form, seed: int, number: int, generator: random.Random) -> list[DemoProduct]:
    """One style in one to four colours."""
    cut = dict(form.cut)
    for name, choices in form.options.items():
        choice = generator.choice(choices)
        if choice:
            cut[name] = choice
    material = generator.choice(form.materials)
    pattern = (
        generator.choice(form.patterns)
        if form.patterns and generator.random() < PATTERNED.get(kind.name, 0.42)
        else "plain"
    )
    if form.noun.startswith("Nordic"):
        pattern = "nordic"
    if material in ("leather", "patent", "suede", "velvet", "satin", "straw", "corduroy") and pattern not in (
        "leopard",
        "botanical",
        "floral",
    ):
        pattern = "plain"
    distinct = list(dict.fromkeys(form.colors)) if material != "marble" else ["white"]
    colors = generator.sample(distinct, min(len(distinct), generator.choice((1, 1, 2, 2, 3, 3, 4))))
    code = f"{_letters(kind.name)}{hashlib.sha256(f'{seed}:{kind.name}:{number}'.encode()).hexdigest()[:5].upper()}"
    low, high = form.price
    price = low + (high - low) * generator.random() ** 1.4
    brand = generator.choice(BRANDS[kind.category.split(" > ")[0]])
    look_seed = generator.randrange(1 << 30)
    return [
        _product(
            kind,
            form,
            (color, material, pattern),
            cut,
            code=code,
            price=price,
            brand=brand,
            seed=look_seed,
            draw=random.Random(f"{seed}:{code}:{color}"),
        )
        for color in colors
    ]


def _letters(name: str) -> str:
    return "".join(letter for letter in name.upper() if letter.isalpha())[:3]


def _product(
    kind: Kind,
    form: Form,
    surface: tuple[str, str, str],
    cut: dict[str, str],
    *,
    code: str,
    price: float,
    brand: str,
    seed: int,
    draw: random.Random,
) -> DemoProduct:
    named, material, pattern = surface
    finish, color, material, accent = _finish(named, material, pattern, draw, seed)
    trim = _trim(form.trim, finish, random.Random(f"{seed}:trim"))
    attributes = _attributes(kind, form, (color, material, pattern), cut, accent, draw)
    name = title(form, color, material, pattern, cut)
    amount = (
        None if draw.random() < 0.012 else f"{round(price / 5) * 5 - 0.05 if price > 30 else round(price) - 0.1:.2f}"
    )
    return DemoProduct(
        sku=f"{code}-{color.replace('-', '').upper()[:6]}{'' if named == color else named[0].upper()}",
        title=name,
        description=description(kind, name, form.noun, attributes["material"], attributes["style"], draw),
        category=kind.category,
        brand=brand,
        price=amount,
        quantity=0 if draw.random() < 0.07 else draw.randint(1, 60),
        attributes=attributes,
        style_code=code,
        is_published=draw.random() > 0.012,
        kind=kind.name,
        look=Look(finish, trim, cut, seed),
        photo_count=2 if draw.random() < 0.36 else 1,
    )


def _finish(named: str, material: str, pattern: str, draw: random.Random, seed: int) -> tuple[Finish, str, str, str]:
    """The surface, its colour's name, its material as drawn and its second colour; a wood is named by its tree."""
    size = random.Random(f"{seed}:size").uniform(0.8, 1.3)
    if material == "wood":
        if named in ("oak", "walnut", "ash"):
            tint = rgb(WOODS[named])
            shift = draw.uniform(-0.06, 0.08)
            return (
                Finish(lighter(tint, shift) if shift > 0 else darker(tint, -shift), named),
                WOOD_COLORS[named],
                named,
                "",
            )
        base = rgb(WOODS[named]) if named in WOODS else tone(named, draw)
        return Finish(base, "lacquer"), named, "painted", ""
    if material == "marble":
        return Finish(rgb("#eeece8"), "marble"), "white", "marble", ""
    if material == "plastic":
        return Finish(tone(named, draw), "lacquer", accent=tone(named, draw)), named, "plastic", ""
    accent = draw.choice(PARTNERS[named])
    third = draw.choice([one for one in PARTNERS[named] if one != accent])
    color = tone(named, draw)
    if material == "denim" and named in ("blue", "navy", "light-blue"):
        color = mix(color, (0.36, 0.41, 0.5), 0.42)  # indigo is greyer than a dyed blue
    return Finish(color, material, pattern, tone(accent, draw), tone(third, draw), size), named, material, accent


def _trim(name: str, finish: Finish, draw: random.Random) -> Finish:
    """The second material of a form: buttons, soles, legs, fittings."""
    wood = draw.choice(("oak", "oak", "walnut", "walnut", "ash", "black"))
    timber = Finish(rgb(WOODS[wood]), wood if wood != "black" else "lacquer")
    metal = Finish(rgb(METALS[draw.choice(("brass", "brass", "black", "steel", "copper"))]), "metal")
    match name:
        case "same":
            return finish.plain()
        case "accent":
            return finish.plain(finish.accent).of("rib")
        case "wood":
            return timber
        case "metal":
            return metal
        case "legs":
            wooden = finish.material in ("oak", "walnut", "ash", "lacquer")
            return draw.choice((timber, metal, finish.plain() if wooden else timber))
        case "brass" | "steel" | "copper":
            return Finish(rgb(METALS[name]), "metal")
        case "iron":
            return Finish(rgb(METALS["black"]), "metal")
        case "sole":
            return Finish(rgb(draw.choice(("#f5f3ee", "#f5f3ee", "#efe6d4", "#c79a63"))), "rubber")
        case "lace":
            return Finish(rgb(draw.choice(("#2a2826", "#8a5a34", "#e9dfca"))))
        case "leather":
            return Finish(rgb(draw.choice(("#8a5a38", "#a26b42", "#5e3b28", "#2b2724"))), "leather")
        case "ribbon":
            return Finish(rgb(draw.choice(("#1f2024", "#26324f", "#8a5a38", "#c4313a"))))
        case "horn":
            return Finish(rgb("#4a3526"), "ceramic")
        case "ceramic":
            return draw.choice(
                (
                    Finish(
                        tone(draw.choice(("white", "blue", "green", "cream", "black", "orange", "light-blue")), draw),
                        "ceramic",
                    ),
                    timber,
                )
            )
    return Finish(rgb(draw.choice(("#efe9dc", "#4a3526", "#2a2a2c", "#8d8476"))), "ceramic")


def _attributes(
    kind: Kind, form: Form, surface: tuple[str, str, str], cut: dict[str, str], accent: str, draw: random.Random
) -> dict[str, list[str]]:
    color, material, pattern = surface
    part = kind.category.split(" > ")[0]
    values: dict[str, list[str]] = {
        "color": [color, accent] if pattern in BOLD and accent else [color],
        "material": material_values(material),
        "pattern": [pattern_value(pattern)],
        "style": list(form.styles),
        "season": list(form.seasons),
        "room": list(kind.room),
    }
    if part == "Clothes":
        values["fit"] = [cut["fit"]] if "fit" in cut else []
        values["length"] = [cut["length"]] if cut.get("length") in LENGTHS else []
        values["neckline"] = [NECKS[cut["neck"]]] if cut.get("neck") in NECKS else []
        values["sleeve"] = [SLEEVES[cut["sleeve"]]] if cut.get("sleeve") in SLEEVES else []
    if part == "Shoes":
        values["heel"] = [cut["heel"] if cut.get("heel") in ("block", "stiletto", "kitten") else "flat"]
    if kind.sizes:
        start = draw.randint(0, len(kind.sizes) // 3)
        end = draw.randint(len(kind.sizes) * 2 // 3, len(kind.sizes))
        values["size"] = list(kind.sizes[start:end])
    return {code: listed for code, listed in values.items() if listed}


LENGTHS = ("mini", "knee", "midi", "maxi", "cropped", "bermuda", "short", "hip", "thigh", "long")
NECKS = {
    "crew": "crew",
    "v": "v-neck",
    "deep-v": "v-neck",
    "scoop": "scoop",
    "boat": "boat",
    "square": "square",
    "roll": "roll-neck",
    "mock": "roll-neck",
    "polo": "polo",
    "hood": "hood",
    "henley": "henley",
    "strap": "straps",
    "sweetheart": "sweetheart",
}
SLEEVES = {
    "short": "short",
    "cap": "short",
    "puff": "short",
    "elbow": "elbow",
    "three-quarter": "elbow",
    "long": "long",
    "balloon": "long",
    "none": "sleeveless",
}
