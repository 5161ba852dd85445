# ruff: noqa: E501 - a table of data, one form a line
# fmt: off
"""What the demo shop sells to wear: tops, dresses, trousers, jackets."""

from __future__ import annotations

from catalog.demo.bottoms import draw_trousers
from catalog.demo.dresses import draw_dress, draw_skirt
from catalog.demo.kinds import EARTHY, LEATHERS, Form, Kind
from catalog.demo.outerwear import draw_jacket
from catalog.demo.tops import draw_knit, draw_shirt, draw_tshirt

LETTERS = ("xs", "s", "m", "l", "xl")
WARM, COLD, ALL = ("spring", "summer"), ("autumn", "winter"), ("spring", "summer", "autumn", "winter")
FIT = {"fit": ("slim", "regular", "regular", "relaxed", "oversized", "boxy")}
DENIM = ("blue", "blue", "navy", "light-blue", "black", "grey", "white")

TSHIRTS = (
    Form("T-shirt", ("cotton", "cotton", "linen"), (15, 39), {"sleeve": "short"}, {**FIT, "neck": ("crew", "crew", "v", "scoop"), "pocket": ("", "", "yes")}, ("stripes", "breton", "dots"), seasons=WARM),
    Form("printed T-shirt", ("cotton",), (19, 39), {"sleeve": "short", "neck": "crew"}, {**FIT, "motif": ("circle", "bars", "sun")}, seasons=WARM, styles=("casual", "street")),
    Form("ringer T-shirt", ("cotton",), (19, 35), {"sleeve": "short", "neck": "crew", "ringer": "yes", "fit": "regular"}, trim="accent", styles=("casual", "vintage"), seasons=WARM),
    Form("long-sleeve top", ("cotton", "viscose"), (22, 45), {"sleeve": "long"}, {"fit": ("slim", "regular", "boxy"), "neck": ("crew", "boat", "henley", "scoop")}, ("breton", "stripes"), seasons=ALL),
    Form("polo shirt", ("cotton",), (29, 59), {"sleeve": "short", "neck": "polo"}, {"fit": ("slim", "regular", "relaxed")}, ("stripes", "breton"), styles=("casual", "preppy"), seasons=WARM),
    Form("cropped T-shirt", ("cotton",), (15, 32), {"sleeve": "short", "length": "cropped", "fit": "boxy"}, {"neck": ("crew", "scoop")}, ("stripes", "colorblock"), styles=("casual", "street"), seasons=WARM),
    Form("tank top", ("cotton", "linen"), (14, 29), {"sleeve": "none", "fit": "slim"}, {"neck": ("scoop", "crew", "v")}, ("stripes",), styles=("casual", "sporty"), seasons=("summer",)),
)
SHIRTS = (
    Form("shirt", ("cotton", "cotton", "linen"), (39, 89), {"sleeve": "long", "neck": "crew"}, {"fit": ("slim", "regular", "relaxed"), "hem": ("curved", "", ""), "pocket": ("", "one")}, ("vertical", "pinstripe", "gingham", "windowpane", "dots"), styles=("smart", "classic"), seasons=ALL),
    Form("flannel shirt", ("wool",), (45, 79), {"sleeve": "long", "neck": "crew", "pocket": "two", "hem": "curved"}, {"fit": ("regular", "relaxed", "oversized")}, ("tartan", "tartan", "gingham"), ("red", "green", "navy", "grey", "brown", "olive", "burgundy", "yellow"), styles=("casual", "outdoor"), seasons=COLD),
    Form("camp-collar shirt", ("viscose", "linen", "cotton"), (39, 75), {"sleeve": "short", "neck": "v", "collar": "camp"}, {"fit": ("relaxed", "boxy")}, ("floral", "botanical", "vertical", "geometric", "botanical"), styles=("casual", "resort"), seasons=("summer",)),
    Form("grandad shirt", ("linen", "cotton"), (45, 79), {"sleeve": "long", "neck": "crew", "collar": "band"}, {"fit": ("regular", "relaxed"), "hem": ("curved", "")}, ("vertical", "pinstripe"), styles=("casual", "minimal"), seasons=WARM),
    Form("denim shirt", ("denim",), (49, 89), {"sleeve": "long", "neck": "crew", "pocket": "two", "hem": "curved"}, {"fit": ("regular", "relaxed")}, (), ("blue", "light-blue", "navy", "black"), styles=("casual", "western"), seasons=ALL),
    Form("blouse", ("silk", "viscose", "satin"), (49, 119), {"neck": "v", "collar": "camp", "fit": "regular"}, {"sleeve": ("balloon", "puff", "long")}, ("floral", "dots", "leopard"), styles=("romantic", "smart"), seasons=ALL),
)
KNITWEAR = (
    Form("jumper", ("knit", "cashmere", "wool"), (49, 149), {"sleeve": "long"}, {"fit": ("slim", "regular", "relaxed", "oversized"), "neck": ("crew", "crew", "v")}, ("breton", "stripes", "argyle", "colorblock"), styles=("casual", "classic"), seasons=COLD),
    Form("cable-knit jumper", ("cable",), (69, 159), {"sleeve": "long"}, {"fit": ("regular", "relaxed", "oversized"), "neck": ("crew", "mock", "roll")}, (), EARTHY, styles=("classic", "country"), seasons=COLD),
    Form("Nordic jumper", ("knit",), (79, 139), {"sleeve": "long", "neck": "crew"}, {"fit": ("regular", "relaxed")}, ("nordic", "nordic", "nordic"), ("navy", "red", "grey", "green", "burgundy", "blue", "brown"), styles=("country", "casual"), seasons=("winter",)),
    Form("roll-neck jumper", ("knit", "rib", "cashmere"), (55, 149), {"sleeve": "long", "neck": "roll"}, {"fit": ("slim", "regular", "relaxed")}, ("stripes",), styles=("minimal", "classic"), seasons=COLD),
    Form("cardigan", ("knit", "cashmere", "rib", "cable"), (59, 159), {"sleeve": "long", "front": "cardigan", "neck": "v"}, {"fit": ("regular", "relaxed", "boxy"), "pocket": ("", "yes"), "length": ("", "", "cropped")}, ("stripes",), styles=("casual", "vintage"), seasons=("spring", "autumn", "winter")),
    Form("hoodie", ("cotton",), (39, 89), {"sleeve": "long", "neck": "hood"}, {"fit": ("regular", "relaxed", "oversized")}, ("colorblock",), styles=("sporty", "street"), seasons=("spring", "autumn", "winter")),
    Form("sweatshirt", ("cotton",), (35, 75), {"sleeve": "long", "neck": "crew"}, {"fit": ("regular", "relaxed", "oversized")}, ("colorblock", "stripes"), styles=("sporty", "casual"), seasons=("spring", "autumn", "winter")),
    Form("knitted vest", ("knit", "wool"), (39, 85), {"sleeve": "none", "neck": "v"}, {"fit": ("regular", "boxy"), "length": ("", "cropped")}, ("argyle", "argyle", "houndstooth"), styles=("preppy", "vintage"), seasons=("spring", "autumn")),
)
DRESSES = (
    Form("dress", ("viscose", "cotton", "linen"), (49, 129), {"shape": "a-line"}, {"neck": ("crew", "v", "scoop", "square"), "sleeve": ("short", "cap", "elbow", "puff", "none"), "length": ("mini", "knee", "midi"), "belt": ("", "tie", "yes")}, ("floral", "dots", "botanical", "gingham", "stripes"), styles=("romantic", "casual"), seasons=WARM),
    Form("slip dress", ("satin", "silk"), (69, 149), {"shape": "fitted", "neck": "strap", "sleeve": "none"}, {"length": ("midi", "midi", "maxi", "mini")}, (), styles=("evening", "minimal"), seasons=("summer", "autumn")),
    Form("wrap dress", ("viscose", "silk"), (69, 149), {"shape": "wrap", "neck": "deep-v", "belt": "tie"}, {"sleeve": ("long", "elbow", "short"), "length": ("knee", "midi")}, ("floral", "leopard", "botanical", "dots"), styles=("smart", "romantic"), seasons=ALL),
    Form("shirt dress", ("cotton", "linen", "denim"), (59, 119), {"shape": "shirt", "neck": "crew"}, {"sleeve": ("elbow", "long", "short"), "length": ("knee", "midi", "mini"), "belt": ("yes", "tie", "")}, ("vertical", "gingham", "pinstripe", "windowpane"), styles=("casual", "smart"), seasons=WARM, colors=("white", "light-blue", "blue", "navy", "beige", "olive", "pink", "black", "red", "green")),
    Form("tiered dress", ("cotton", "linen", "viscose"), (65, 139), {"shape": "tiered"}, {"neck": ("square", "v", "strap", "crew"), "sleeve": ("puff", "short", "elbow"), "length": ("midi", "maxi")}, ("floral", "gingham", "dots", "botanical"), styles=("bohemian", "romantic"), seasons=WARM),
    Form("knitted dress", ("rib", "knit"), (59, 119), {"shape": "straight", "sleeve": "long"}, {"neck": ("crew", "mock", "v"), "length": ("knee", "midi")}, ("stripes",), (*EARTHY, "black"), styles=("casual", "minimal"), seasons=COLD),
    Form("evening dress", ("satin", "velvet", "silk"), (99, 249), {"shape": "flared", "neck": "sweetheart", "sleeve": "none"}, {"length": ("maxi", "midi", "knee")}, (), ("black", "navy", "red", "burgundy", "green", "purple", "pink"), styles=("evening",), seasons=ALL),
)
SKIRTS = (
    Form("skirt", ("cotton", "linen", "viscose"), (35, 79), {"shape": "a-line"}, {"length": ("mini", "knee", "midi"), "front": ("", "buttons", "wrap"), "waist": ("", "elastic")}, ("floral", "dots", "gingham", "botanical"), styles=("casual", "romantic"), seasons=WARM),
    Form("pencil skirt", ("wool", "leather", "cotton"), (45, 119), {"shape": "pencil"}, {"length": ("knee", "midi"), "slit": ("yes", "")}, ("houndstooth", "pinstripe", "windowpane", "herringbone"), ("black", "grey", "navy", "brown", "burgundy", "beige", "red", "cream"), styles=("smart",), seasons=COLD),
    Form("pleated skirt", ("viscose", "satin"), (49, 99), {"shape": "pleated"}, {"length": ("midi", "knee", "mini")}, ("tartan",), styles=("smart", "preppy"), seasons=ALL),
    Form("satin skirt", ("satin",), (55, 109), {"shape": "a-line", "waist": "elastic"}, {"length": ("midi", "maxi")}, ("leopard",), styles=("evening", "minimal"), seasons=ALL),
    Form("denim skirt", ("denim",), (35, 69), {"shape": "a-line", "front": "jeans"}, {"length": ("mini", "knee", "midi")}, (), DENIM, styles=("casual",), seasons=WARM),
    Form("tiered skirt", ("cotton", "viscose"), (45, 89), {"shape": "tiered", "waist": "elastic"}, {"length": ("midi", "maxi")}, ("floral", "botanical", "dots"), styles=("bohemian",), seasons=WARM),
)
TROUSERS = (
    Form("trousers", ("linen", "cotton", "viscose"), (49, 109), {}, {"fit": ("wide-leg", "wide-leg", "straight", "relaxed", "tapered", "flared"), "front": ("", "pleat"), "waist": ("", "elastic"), "length": ("", "", "cropped")}, ("vertical", "pinstripe"), styles=("casual", "minimal"), seasons=WARM),
    Form("tailored trousers", ("wool",), (69, 149), {"front": "crease"}, {"fit": ("slim", "straight", "tapered", "wide-leg"), "cuff": ("", "yes")}, ("windowpane", "houndstooth", "pinstripe", "herringbone"), ("black", "grey", "navy", "brown", "beige", "burgundy", "cream", "olive"), styles=("smart", "classic"), seasons=COLD),
    Form("chinos", ("cotton",), (45, 85), {}, {"fit": ("slim", "straight", "tapered"), "cuff": ("", "", "yes")}, (), (*EARTHY, "light-blue", "black"), styles=("casual", "smart"), seasons=ALL),
    Form("cargo trousers", ("cotton", "canvas"), (49, 95), {"pocket": "cargo"}, {"fit": ("relaxed", "straight", "tapered")}, (), ("olive", "black", "beige", "grey", "navy", "brown"), styles=("street", "outdoor"), seasons=ALL),
    Form("joggers", ("cotton",), (35, 65), {"waist": "elastic", "cuff": "rib", "fit": "tapered"}, {}, (), styles=("sporty",), seasons=ALL),
    Form("corduroy trousers", ("corduroy",), (55, 99), {}, {"fit": ("straight", "relaxed", "flared")}, (), EARTHY, styles=("casual", "vintage"), seasons=COLD),
)
JEANS = (
    Form("jeans", ("denim",), (49, 119), {}, {"fit": ("skinny", "slim", "straight", "tapered", "relaxed", "wide-leg", "flared"), "wash": ("faded", "faded", ""), "cuff": ("", "", "yes"), "length": ("", "", "", "cropped")}, (), DENIM, trim="copper", seasons=ALL),
    Form("ripped jeans", ("denim",), (49, 99), {"knee": "ripped", "wash": "faded"}, {"fit": ("slim", "straight", "relaxed")}, (), ("blue", "light-blue", "black"), trim="copper", styles=("street",), seasons=ALL),
)
SHORTS = (
    Form("shorts", ("linen", "cotton"), (29, 59), {}, {"fit": ("straight", "relaxed", "wide-leg"), "length": ("short", "bermuda"), "waist": ("", "elastic"), "cuff": ("", "yes")}, ("gingham", "vertical", "botanical"), seasons=("summer",)),
    Form("denim shorts", ("denim",), (29, 55), {}, {"fit": ("slim", "relaxed"), "length": ("short", "bermuda"), "cuff": ("", "yes"), "wash": ("faded", "")}, (), DENIM, trim="copper", seasons=("summer",)),
    Form("cargo shorts", ("cotton",), (35, 65), {"pocket": "cargo", "length": "bermuda", "fit": "relaxed"}, {}, (), ("olive", "beige", "black", "grey", "navy"), styles=("outdoor", "casual"), seasons=("summer",)),
    Form("sweat shorts", ("cotton",), (25, 45), {"waist": "elastic", "fit": "relaxed"}, {"length": ("short", "bermuda")}, ("colorblock",), styles=("sporty",), seasons=("summer",)),
)
JACKETS = (
    Form("blazer", ("wool", "linen", "velvet"), (99, 249), {"sleeve": "long", "style": "blazer", "neck": "deep-v"}, {"fit": ("slim", "regular", "relaxed"), "length": ("hip", "hip", "thigh"), "front": ("", "", "double")}, ("pinstripe", "windowpane", "herringbone", "houndstooth"), styles=("smart", "classic"), seasons=ALL),
    Form("denim jacket", ("denim",), (69, 129), {"sleeve": "long", "style": "denim", "length": "short"}, {"fit": ("regular", "relaxed", "boxy")}, (), DENIM, trim="copper", seasons=("spring", "autumn")),
    Form("bomber jacket", ("nylon", "satin", "suede"), (79, 169), {"sleeve": "long", "style": "bomber", "length": "short"}, {"fit": ("regular", "relaxed", "oversized")}, (), ("black", "olive", "navy", "green", "burgundy", "orange", "beige", "grey"), trim="steel", styles=("street", "casual"), seasons=("spring", "autumn")),
    Form("biker jacket", ("leather", "leather", "suede"), (179, 399), {"sleeve": "long", "style": "biker", "length": "short", "fit": "slim"}, {}, (), LEATHERS, trim="steel", styles=("rock", "street"), seasons=("spring", "autumn")),
    Form("chore jacket", ("cotton", "canvas", "corduroy"), (69, 149), {"sleeve": "long", "style": "chore", "length": "hip"}, {"fit": ("regular", "boxy", "relaxed")}, (), (*EARTHY, "blue"), styles=("workwear", "casual"), seasons=("spring", "autumn")),
    Form("puffer jacket", ("nylon", "nylon", "satin"), (99, 229), {"sleeve": "long", "style": "puffer"}, {"fit": ("regular", "relaxed"), "length": ("short", "hip")}, (), trim="steel", styles=("sporty", "outdoor"), seasons=("winter",)),
)
COATS = (
    Form("wool coat", ("wool", "wool", "cashmere"), (159, 379), {"sleeve": "long", "style": "coat", "neck": "deep-v"}, {"fit": ("regular", "relaxed", "oversized"), "length": ("knee", "long"), "front": ("", "double")}, ("herringbone", "houndstooth", "windowpane"), styles=("classic", "smart"), seasons=COLD),
    Form("trench coat", ("cotton", "cotton", "leather"), (139, 289), {"sleeve": "long", "style": "trench"}, {"fit": ("regular", "relaxed"), "length": ("knee", "long")}, (), ("beige", "beige", "navy", "black", "olive", "cream", "brown", "grey"), trim="horn", styles=("classic",), seasons=("spring", "autumn")),
    Form("duffle coat", ("wool",), (149, 279), {"sleeve": "long", "style": "duffle"}, {"fit": ("regular", "relaxed"), "length": ("thigh", "knee")}, ("tartan",), ("navy", "beige", "brown", "green", "grey", "burgundy", "black", "red"), trim="wood", styles=("classic", "country"), seasons=("winter",)),
    Form("puffer coat", ("nylon",), (149, 299), {"sleeve": "long", "style": "puffer"}, {"fit": ("regular", "relaxed"), "length": ("thigh", "knee")}, (), trim="steel", styles=("outdoor", "sporty"), seasons=("winter",)),
)
BACK = ("back", "detail")
CLOTHES = (
    Kind("tshirt", "Clothes > T-shirts", draw_tshirt, TSHIRTS, LETTERS, 1.25, 1.22, BACK),
    Kind("shirt", "Clothes > Shirts", draw_shirt, SHIRTS, LETTERS, 1.15, 1.14, BACK),
    Kind("knit", "Clothes > Knitwear", draw_knit, KNITWEAR, LETTERS, 1.25, 1.16, BACK),
    Kind("dress", "Clothes > Dresses", draw_dress, DRESSES, LETTERS, 1.25, 0.98, BACK),
    Kind("skirt", "Clothes > Skirts", draw_skirt, SKIRTS, LETTERS, 0.95, 1.0, ("detail",)),
    Kind("trousers", "Clothes > Trousers", draw_trousers, TROUSERS, LETTERS, 1.15, 1.04, BACK),
    Kind("jeans", "Clothes > Jeans", draw_trousers, JEANS, LETTERS, 0.9, 1.04, BACK),
    Kind("shorts", "Clothes > Shorts", draw_trousers, SHORTS, LETTERS, 0.8, 1.2, BACK),
    Kind("jacket", "Clothes > Jackets", draw_jacket, JACKETS, LETTERS, 1.15, 1.16, BACK),
    Kind("coat", "Clothes > Coats", draw_jacket, COATS, LETTERS, 0.85, 1.0, BACK),
)
