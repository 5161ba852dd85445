"""The words that shoppers use for the kinds, groups and colours of the training sets; data, no logic.

A kind is the finest type ("casual shoes"), a group its parent ("shoes"). The first word of each is the one used in prompts.
"""

from __future__ import annotations

# Kinds whose group is not told by the data, or whose everyday words differ from the data's label: kind -> (group, words).
KINDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "tshirts": ("topwear", ("t-shirt", "tshirt", "tee", "t shirt")),
    "shirts": ("topwear", ("shirt", "button shirt")),
    "polos": ("topwear", ("polo shirt", "polo", "polo t-shirt")),
    "longsleeves": ("topwear", ("long sleeve top", "longsleeve", "long sleeve t-shirt")),
    "undershirts": ("topwear", ("undershirt", "tank top", "sleeveless undershirt", "singlet")),
    "bodysuits": ("topwear", ("bodysuit", "body", "baby bodysuit")),
    "hoodies": ("topwear", ("hoodie", "hooded sweatshirt")),
    "blouses": ("topwear", ("blouse",)),
    "outerwear": ("topwear", ("outerwear", "coat or jacket", "outwear")),
    "coats": ("topwear", ("coat", "overcoat")),
    "suits": ("topwear", ("suit",)),
    "vests": ("topwear", ("vest", "waistcoat")),
    "capes": ("topwear", ("cape",)),
    "cardigans": ("topwear", ("cardigan",)),
    "tops": ("topwear", ("top",)),
    "kurtas": ("topwear", ("kurta",)),
    "kurtis": ("topwear", ("kurti",)),
    "tunics": ("topwear", ("tunic",)),
    "sweatshirts": ("topwear", ("sweatshirt",)),
    "sweaters": ("topwear", ("sweater", "jumper", "pullover")),
    "jackets": ("topwear", ("jacket",)),
    "blazers": ("topwear", ("blazer",)),
    "trousers": ("bottomwear", ("trousers", "pants", "pair of trousers")),
    "jeans": ("bottomwear", ("jeans", "denim jeans", "pair of jeans")),
    "shorts": ("bottomwear", ("shorts", "pair of shorts")),
    "skirts": ("bottomwear", ("skirt",)),
    "track pants": ("bottomwear", ("track pants", "jogging trousers", "sweatpants")),
    "leggings": ("bottomwear", ("leggings",)),
    "capris": ("bottomwear", ("capris", "capri trousers")),
    "dresses": ("dress", ("dress", "frock")),
    "sarees": ("saree", ("saree", "sari")),
    "casual shoes": ("shoes", ("casual shoes", "sneakers", "casual shoe")),
    "sports shoes": ("shoes", ("sports shoes", "trainers", "running shoes")),
    "formal shoes": ("shoes", ("formal shoes", "dress shoes", "leather shoes")),
    "heels": ("shoes", ("heels", "high heels", "heeled shoes")),
    "flats": ("shoes", ("flats", "flat shoes", "ballerinas")),
    "boots": ("shoes", ("boots", "ankle boots")),
    "sandals": ("sandal", ("sandals", "sandal")),
    "flip flops": ("flip flops", ("flip flops", "slippers", "flip-flops")),
    "handbags": ("bags", ("handbag", "bag", "purse")),
    "tote bags": ("bags", ("tote bag", "tote", "shopper")),
    "loafers": ("shoes", ("loafers", "moccasins")),
    "chairs": ("furniture", ("chair",)),
    "armchairs": ("furniture", ("armchair", "easy chair")),
    "sofas": ("furniture", ("sofa", "couch")),
    "tables": ("furniture", ("table",)),
    "shelves": ("furniture", ("shelf", "bookcase", "shelves")),
    "cabinets": ("furniture", ("cabinet", "cupboard", "sideboard")),
    "table lamps": ("lamps", ("table lamp", "desk lamp")),
    "floor lamps": ("lamps", ("floor lamp", "standing lamp")),
    "pendant lamps": ("lamps", ("pendant lamp", "ceiling lamp", "hanging lamp")),
    "rugs": ("home textiles", ("rug", "carpet")),
    "cushions": ("home textiles", ("cushion", "pillow")),
    "backpacks": ("bags", ("backpack", "rucksack")),
    "clutches": ("bags", ("clutch", "clutch bag")),
    "duffel bag": ("bags", ("duffel bag", "sports bag", "travel bag")),
    "wallets": ("wallets", ("wallet",)),
    "watches": ("watches", ("watch", "wrist watch")),
    "sunglasses": ("eyewear", ("sunglasses", "shades")),
    "belts": ("belts", ("belt",)),
    "socks": ("socks", ("socks", "pair of socks")),
    "stockings": ("socks", ("stockings",)),
    "earrings": ("jewellery", ("earrings", "ear rings")),
    "pendant": ("jewellery", ("pendant",)),
    "ring": ("jewellery", ("ring", "finger ring")),
    "bracelet": ("jewellery", ("bracelet",)),
    "necklace and chains": ("jewellery", ("necklace", "chain")),
    "caps": ("headwear", ("cap", "baseball cap")),
    "hats": ("headwear", ("hat",)),
    "ties": ("ties", ("tie", "necktie")),
    "scarves": ("scarves", ("scarf",)),
    "gloves": ("gloves", ("gloves",)),
}

GROUP_WORDS: dict[str, tuple[str, ...]] = {
    "topwear": ("topwear", "upper body clothing"),
    "bottomwear": ("bottomwear", "lower body clothing"),
    "shoes": ("shoes", "footwear", "pair of shoes", "shoe"),
    "bags": ("bag", "bags"),
    "jewellery": ("jewellery", "jewelry"),
    "headwear": ("headwear", "hat or cap"),
    "eyewear": ("eyewear", "glasses"),
    "dress": ("dress",),
    "sandal": ("sandals",),
    "lamps": ("lamp", "light", "lamps"),
    "furniture": ("furniture", "piece of furniture"),
}

COLOR_WORDS: dict[str, tuple[str, ...]] = {
    "navy blue": ("navy blue", "navy", "dark blue"),
    "grey": ("grey", "gray"),
    "grey melange": ("grey melange", "melange grey"),
    "multi": ("multicoloured", "multicolor", "colourful"),
    "off white": ("off white", "off-white", "ivory"),
    "gold": ("gold", "golden"),
    "turquoise blue": ("turquoise", "turquoise blue"),
    "light blue": ("light blue", "sky blue", "pale blue"),
    "beige": ("beige", "sand"),
    "burgundy": ("burgundy", "wine red"),
    "coffee brown": ("coffee brown", "dark brown"),
}

GENDER_WORDS: dict[str, tuple[str, ...]] = {
    "men": ("men", "man", "mens"),
    "women": ("women", "woman", "ladies", "womens"),
    "boys": ("boys", "boy", "kids"),
    "girls": ("girls", "girl", "kids"),
    "unisex": ("unisex",),
    "kids": ("kids", "children"),
}

PATTERN_WORDS: dict[str, tuple[str, ...]] = {
    "plain": ("plain", "solid"),
    "striped": ("striped", "stripes"),
    "checked": ("checked", "check", "plaid"),
    "dotted": ("polka dot", "dotted", "spotted"),
    "animal": ("leopard print", "animal print"),
    "botanical": ("leaf print", "botanical"),
    "floral": ("floral", "flowered"),
}

MATERIAL_WORDS: dict[str, tuple[str, ...]] = {
    "wood": ("wooden", "wood"),
    "wool": ("wool", "woollen", "knitted"),
    "boucle": ("boucle", "bouclé"),
}

# What a title says by the way: a pattern of letters -> the value. Titles that say nothing leave it unknown.
TITLE_PATTERNS: tuple[tuple[str, str], ...] = (
    (r"strip", "striped"),
    (r"check", "checked"),
    (r"polka", "dotted"),
    (r"floral|flower", "floral"),
    (r"print", "printed"),
    (r"solid", "plain"),
)
TITLE_MATERIALS = (
    "leather", "denim", "cotton", "silk", "wool", "linen", "canvas", "suede", "velvet", "satin", "nylon", "fleece",
)  # fmt: skip

# The home photos' 17 labels and the street outfits' labels -> kind; a label that names a group only is in LABEL_GROUPS.
LABEL_KINDS: dict[str, str] = {
    "t-shirt": "tshirts", "pants": "trousers", "longsleeve": "longsleeves", "dress": "dresses", "shorts": "shorts",
    "shirt": "shirts", "outwear": "outerwear", "skirt": "skirts", "polo": "polos", "undershirt": "undershirts",
    "hat": "hats", "body": "bodysuits", "bodysuit": "bodysuits", "hoodie": "hoodies", "blazer": "blazers", "top": "tops",
    "blouse": "blouses", "coat": "coats", "belt": "belts", "jeans": "jeans", "sweater": "sweaters", "jumper": "sweaters",
    "suit": "suits", "stockings": "stockings", "tights": "stockings", "scarf": "scarves", "jacket": "jackets",
    "vest": "vests", "sandals": "sandals", "boots": "boots", "socks": "socks", "leggings": "leggings",
    "bracelet": "bracelet", "sweatshirt": "sweatshirts", "cape": "capes", "loafers": "casual shoes",
    "tie": "ties", "wallet": "wallets", "necklace": "necklace and chains", "heels": "heels", "pumps": "heels",
    "sneakers": "casual shoes", "cardigan": "cardigans", "gloves": "gloves", "flats": "flats", "watch": "watches",
    "sunglasses": "sunglasses", "purse": "handbags", "wedges": "heels",
}  # fmt: skip
LABEL_GROUPS: dict[str, str] = {"shoes": "shoes", "bag": "bags", "glasses": "eyewear"}


def kind_words(kind: str) -> tuple[str, ...]:
    """The shopper's words for a kind; an unknown kind is its own word."""
    return KINDS[kind][1] if kind in KINDS else (kind,)


def group_words(group: str) -> tuple[str, ...]:
    return GROUP_WORDS.get(group, (group,))


def color_words(color: str) -> tuple[str, ...]:
    return COLOR_WORDS.get(color, (color,))


def gender_words(gender: str) -> tuple[str, ...]:
    return GENDER_WORDS.get(gender, (gender,))


# Words of shops beyond the training sets: the tokenizer learns them whole, so that later fine-tuning need not spell them.
SHOP_WORDS = (
    "sofa couch armchair chair stool bench table desk lamp chandelier pendant lamp floor lamp table lamp wall lamp shelf bookcase "
    "cabinet sideboard wardrobe dresser bed nightstand ottoman rug mirror cushion vase furniture lighting lampshade "
    "linen cotton wool silk leather suede denim velvet satin knit knitted tweed corduroy canvas nylon polyester cashmere fleece "
    "metal brass chrome steel wooden wood oak walnut pine birch ash marble glass ceramic rattan wicker plastic fabric straw "
    "striped stripes checked check plaid tartan dotted polka dots floral flowers printed print plain solid herringbone "
    "geometric paisley animal leopard zigzag chevron gingham camouflage tie-dye quilted ribbed embroidered "
    "crimson scarlet burgundy coral salmon terracotta ochre mustard lemon lime mint emerald forest teal turquoise aqua cyan "
    "sky navy cobalt indigo violet lilac lavender plum mauve fuchsia magenta rose blush ivory cream beige sand taupe camel "
    "chocolate charcoal silver gold copper bronze light dark pale bright deep pastel "
    "slim loose oversized cropped long short sleeve sleeveless hooded v-neck crew neck collar button zip pocket belted pleated "
    "mini midi maxi high waist wide leg straight tapered flared summer winter spring autumn formal casual party sports travel "
    "crossbody shoulder tote bucket satchel messenger trainer sneaker loafer oxford derby brogue boot ankle heel pump mule clog "
    "with without and for of the a an in on to my similar like"
)


def pattern_words(pattern: str) -> tuple[str, ...]:
    return PATTERN_WORDS.get(pattern, (pattern,))


def material_words(material: str) -> tuple[str, ...]:
    return MATERIAL_WORDS.get(material, (material,))
