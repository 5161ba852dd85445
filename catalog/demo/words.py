"""The demo catalogue's words: titles, descriptions, labels of attribute values, brand names."""

from __future__ import annotations

import random

from catalog.demo.kinds import Form, Kind
from catalog.demo.palette import COLORS
from catalog.demo.patterns import PATTERNS

# Invented names, each for one part of the shop.
BRANDS: dict[str, tuple[str, ...]] = {
    "Clothes": ("Aldermoor", "Fennwick & Lode", "Maretta Solv", "Havnmere Atelier", "Pell & Quarry", "Tilda Brook"),
    "Shoes": ("Cobbleyard", "Skoverud", "Pell & Quarry"),
    "Bags": ("Saltern Goods", "Ostravelle", "Cobbleyard"),
    "Accessories": ("Saltern Goods", "Tilda Brook"),
    "Furniture": ("Holt & Kindling", "Lumvara", "Studio Almvik"),
    "Lamps": ("Lumvara", "Glimmergard"),
    "Home textiles": ("Weftlane", "Studio Almvik"),
}

# Words of a cut for the title, by (cut, choice).
CUT_WORDS: dict[tuple[str, str], str] = {
    ("fit", "slim"): "slim",
    ("fit", "oversized"): "oversized",
    ("fit", "boxy"): "boxy",
    ("fit", "relaxed"): "relaxed",
    ("fit", "wide-leg"): "wide-leg",
    ("fit", "flared"): "flared",
    ("fit", "tapered"): "tapered",
    ("fit", "skinny"): "skinny",
    ("fit", "straight"): "straight",
    ("neck", "v"): "V-neck",
    ("neck", "scoop"): "scoop-neck",
    ("neck", "boat"): "boat-neck",
    ("neck", "henley"): "henley",
    ("neck", "square"): "square-neck",
    ("neck", "mock"): "mock-neck",
    ("sleeve", "puff"): "puff-sleeve",
    ("sleeve", "balloon"): "balloon-sleeve",
    ("length", "mini"): "mini",
    ("length", "midi"): "midi",
    ("length", "maxi"): "maxi",
    ("length", "cropped"): "cropped",
    ("length", "bermuda"): "Bermuda",
    ("length", "long"): "long",
    ("front", "buttons"): "button-front",
    ("front", "double"): "double-breasted",
    ("front", "wrap"): "wrap",
    ("shaft", "high"): "high-top",
    ("sole", "platform"): "platform",
    ("heel", "block"): "block-heel",
    ("heel", "stiletto"): "stiletto",
    ("heel", "kitten"): "kitten-heel",
    ("toe", "pointed"): "pointed",
    ("quilt", "yes"): "quilted",
    ("strap", "long"): "long-strap",
    ("shape", "round"): "round",
    ("shape", "runner"): "runner",
    ("shape", "long"): "long",
    ("back", "channel"): "channelled",
    ("back", "tufted"): "tufted",
    ("back", "high"): "high-back",
    ("front", "reeded"): "reeded",
    ("front", "cane"): "cane-front",
    ("legs", "hairpin"): "hairpin",
    ("legs", "trestle"): "trestle",
    ("legs", "pedestal"): "pedestal",
    ("shade", "pleated"): "pleated",
    ("shade", "cone"): "cone",
    ("pompom", "yes"): "pompom",
    ("edge", "fringe"): "fringed",
    ("edge", "piping"): "piped",
    ("edge", "tassel"): "tasselled",
    ("style", "floppy"): "floppy",
    ("wash", "faded"): "faded",
    ("bow", "yes"): "bow",
    ("arm", "round"): "round-arm",
}

# The material a drawing's surface stands for: (attribute values, word in the title).
MATERIAL_WORDS: dict[str, tuple[tuple[str, ...], str]] = {
    "knit": (("wool",), "wool"),
    "rib": (("wool",), "ribbed wool"),
    "cable": (("wool",), "wool"),
    "patent": (("leather",), "patent leather"),
    "shade": (("linen",), "linen"),
    "pile": (("wool",), "wool"),
    "lacquer": (("metal",), "metal"),
    "oak": (("wood", "oak"), "oak"),
    "walnut": (("wood", "walnut"), "walnut"),
    "ash": (("wood", "ash"), "ash"),
    "painted": (("wood",), "wooden"),
    "boucle": (("boucle",), "bouclé"),
}

PATTERN_WORDS: dict[str, str] = {
    "striped": "striped",
    "checked": "checked",
    "dotted": "polka-dot",
    "floral": "floral",
    "botanical": "leaf-print",
    "geometric": "geometric",
    "herringbone": "herringbone",
    "houndstooth": "houndstooth",
    "argyle": "argyle",
    "nordic": "Nordic",
    "colour-block": "colour-block",
    "animal": "leopard-print",
}


def material_values(material: str) -> list[str]:
    """The attribute values of a drawn material."""
    return list(MATERIAL_WORDS[material][0]) if material in MATERIAL_WORDS else [material]


def title(form: Form, color: str, material: str, pattern: str, cut: dict[str, str]) -> str:
    """A natural title: colour, pattern, material, at most two words of the cut, the noun."""
    # A wood is its own colour: "Walnut cube shelf".
    words = [] if material in ("oak", "walnut", "ash") else [COLORS[color][0]]
    stated = PATTERNS[pattern][0] if pattern in PATTERNS else "plain"
    if stated in PATTERN_WORDS and PATTERN_WORDS[stated].lower() not in form.noun.lower():
        words.append(
            {"tartan": "tartan", "gingham": "gingham", "pinstripe": "pinstripe"}.get(pattern, PATTERN_WORDS[stated])
        )
    word = MATERIAL_WORDS[material][1] if material in MATERIAL_WORDS else material
    if word.split()[-1] not in form.noun.lower() and material != "denim":
        words.append(word)
    cuts = [CUT_WORDS[item] for item in cut.items() if item in CUT_WORDS and item not in form.cut.items()]
    said = [word for word in cuts if word.lower() not in form.noun.lower()]
    text = " ".join([*words, *said[:2], form.noun])
    return text[0].upper() + text[1:]


_CARE = {
    "linen": "The linen softens with every wash.",
    "wool": "Wool keeps its shape; air it rather than wash it.",
    "cotton": "Wash at 30 °C with like colours.",
    "leather": "The leather gains a deeper tone as it is used.",
    "denim": "Wash it rarely and inside out.",
    "silk": "Hand wash, or leave it to a dry cleaner.",
    "velvet": "Brush the velvet with the pile.",
    "oak": "The oak is oiled and can be oiled again.",
    "walnut": "The walnut is oiled by hand.",
    "glass": "Takes an E14 bulb, not included.",
    "suede": "Protect the suede with a spray before the first rain.",
    "cashmere": "Cashmere likes a cool hand wash.",
    "metal": "Wipe with a soft, dry cloth.",
    "rattan": "Woven by hand, so no two are quite alike.",
    "jute": "Jute sheds a little at first.",
}
_OPENERS: dict[str, tuple[str, ...]] = {
    "Clothes": (
        "{a} with {detail}, cut to be worn often.",
        "{a} with {detail}; easy to wear on its own or layered.",
        "Our {noun} with {detail}, made in small runs.",
    ),
    "Shoes": ("{a} with {detail}, comfortable from the first day.", "Made on a roomy last: {a_low} with {detail}."),
    "Bags": ("{a} with {detail} and room for the day.", "A roomy {noun} with {detail}, lined inside."),
    "Accessories": ("{a} with {detail}, light enough to take along.", "{a} that finishes an outfit, with {detail}."),
    "Furniture": (
        "{a} with {detail}, built to last for decades.",
        "Calm lines and {detail} make this {noun} easy to live with.",
    ),
    "Lamps": (
        "{a} with {detail} that gives a warm, soft light.",
        "A gentle light and {detail}: {a_low} for the evening.",
    ),
    "Home textiles": ("{a} with {detail} that warms up a room.", "{a} in a dense quality with {detail}."),
}
_DETAILS: dict[str, tuple[str, ...]] = {
    "Clothes": ("neat seams", "a clean finish", "an easy fall", "well-made buttonholes", "a soft hand"),
    "Shoes": ("a cushioned insole", "a stitched sole", "a padded heel"),
    "Bags": ("solid fittings", "an inner pocket", "sturdy handles"),
    "Accessories": ("a soft inner band", "a neat edge"),
    "Furniture": ("solid joints", "slender legs", "soft edges", "a sturdy frame"),
    "Lamps": ("a textile cable", "a dimmable fitting", "a weighted foot"),
    "Home textiles": ("a firm weave", "finished edges"),
}


def description(
    kind: Kind, name: str, noun: str, materials: list[str], styles: list[str], generator: random.Random
) -> str:
    """Two or three sentences about a product."""
    part = kind.category.split(" > ")[0]
    article = "" if noun.endswith("s") and not noun.endswith("dress") else "An " if name[0].lower() in "aeiou" else "A "
    low = name[0].lower() + name[1:]
    first = generator.choice(_OPENERS[part]).format(
        a=f"{article}{low}" if article else name,
        a_low=f"{article.lower()}{low}",
        noun=noun,
        detail=generator.choice(_DETAILS[part]),
    )
    choice = generator.choice(("quiet", "favourite", "versatile", "timeless"))
    article = "an" if styles[0][0] in "aeiou" else "a"
    worn = part in ("Clothes", "Shoes", "Bags", "Accessories")
    second = f"A {choice} choice for {article} {styles[0]} {'look' if worn else 'home'}."
    care = [_CARE[material] for material in materials if material in _CARE]
    return " ".join([first[0].upper() + first[1:], second, *care[-1:]])
