# ruff: noqa: E501 - a table of data, one form a line
# fmt: off
"""What the demo shop sells besides clothes: shoes, bags, hats, furniture, lamps, textiles."""

from __future__ import annotations

from catalog.demo.bags import draw_backpack, draw_handbag, draw_tote
from catalog.demo.boots import draw_boots
from catalog.demo.hats import draw_hat
from catalog.demo.heels import draw_heels, draw_sandals
from catalog.demo.kinds import EARTHY, EVERY, LEATHERS, Form, Kind
from catalog.demo.lamps import draw_floor_lamp, draw_pendant, draw_table_lamp
from catalog.demo.seating import draw_armchair, draw_chair, draw_sofa
from catalog.demo.shoes import draw_loafers, draw_sneakers
from catalog.demo.tables import draw_cabinet, draw_shelf, draw_table
from catalog.demo.textiles import draw_cushion, draw_rug

EU = ("36", "37", "38", "39", "40", "41", "42", "43")
WARM, COLD, ALL = ("spring", "summer"), ("autumn", "winter"), ("spring", "summer", "autumn", "winter")

SNEAKERS = (
    Form("sneakers", ("leather", "leather", "suede"), (69, 139), {"style": "court"}, {"sole": ("", "", "platform")}, colors=("white", "white", "black", "cream", "navy", "grey", "green", "red", "beige", "pink", "light-blue"), trim="sole", seasons=ALL),
    Form("canvas sneakers", ("canvas",), (45, 79), {"style": "canvas"}, {"shaft": ("low", "high"), "sole": ("", "platform")}, ("gingham", "floral", "leopard"), trim="sole", seasons=WARM),
    Form("running shoes", ("nylon",), (79, 159), {"style": "runner"}, {}, trim="sole", styles=("sporty",), seasons=ALL),
    Form("slip-on sneakers", ("canvas", "suede", "leather"), (45, 89), {"style": "slip-on"}, {"sole": ("", "platform")}, ("houndstooth", "leopard", "stripes"), trim="sole", styles=("casual", "minimal"), seasons=WARM),
    Form("high-top sneakers", ("leather", "suede"), (79, 149), {"style": "court", "shaft": "high"}, {}, trim="sole", styles=("street",), seasons=ALL),
)
LOAFERS = (
    Form("penny loafers", ("leather", "suede", "patent"), (89, 179), {"style": "penny"}, {"sole": ("", "cream")}, colors=LEATHERS, trim="brass", styles=("smart", "preppy"), seasons=ALL),
    Form("horsebit loafers", ("leather", "patent", "suede"), (109, 199), {"style": "horsebit"}, {}, colors=LEATHERS, trim="brass", styles=("smart",), seasons=ALL),
    Form("tassel loafers", ("leather", "suede"), (99, 179), {"style": "tassel"}, {"sole": ("", "cream")}, colors=LEATHERS, trim="brass", styles=("classic",), seasons=ALL),
    Form("derby shoes", ("leather", "patent", "suede"), (99, 189), {"style": "derby"}, {"sole": ("", "cream")}, colors=LEATHERS, trim="brass", styles=("smart", "classic"), seasons=ALL),
)
BOOTS = (
    Form("Chelsea boots", ("leather", "suede"), (99, 199), {"style": "chelsea"}, {"sole": ("", "lug", "cream"), "shaft": ("ankle", "mid")}, colors=LEATHERS, trim="brass", styles=("classic", "casual"), seasons=COLD),
    Form("lace-up boots", ("leather", "suede"), (109, 219), {"style": "lace"}, {"sole": ("lug", "lug", "gum"), "shaft": ("ankle", "mid")}, colors=LEATHERS, trim="lace", styles=("outdoor", "workwear"), seasons=COLD),
    Form("ankle boots", ("leather", "suede", "patent"), (99, 199), {"style": "buckle"}, {"heel": ("block", "stiletto", "flat")}, colors=LEATHERS, trim="brass", styles=("smart", "rock"), seasons=COLD),
    Form("knee-high boots", ("leather", "suede"), (149, 289), {"style": "zip", "shaft": "tall"}, {"heel": ("block", "flat", "stiletto")}, colors=LEATHERS, trim="brass", styles=("smart",), seasons=COLD),
)
HEELS = (
    Form("pumps", ("leather", "patent", "suede", "satin"), (79, 169), {"style": "pump"}, {"heel": ("stiletto", "kitten", "block"), "toe": ("pointed", "round"), "bow": ("", "", "yes")}, ("leopard",), trim="brass", styles=("smart", "evening"), seasons=ALL),
    Form("slingbacks", ("leather", "patent", "suede"), (85, 169), {"style": "slingback"}, {"heel": ("kitten", "block", "stiletto"), "toe": ("pointed", "round"), "bow": ("", "", "yes")}, ("houndstooth",), trim="brass", styles=("smart",), seasons=WARM),
    Form("ankle-strap heels", ("leather", "satin", "velvet"), (85, 179), {"style": "ankle"}, {"heel": ("stiletto", "block"), "toe": ("pointed", "round")}, (), trim="brass", styles=("evening",), seasons=ALL),
    Form("Mary Janes", ("leather", "patent", "velvet"), (79, 159), {"style": "mary-jane"}, {"heel": ("block", "kitten"), "toe": ("round",)}, (), trim="brass", styles=("vintage", "romantic"), seasons=ALL),
)
SANDALS = (
    Form("two-strap sandals", ("leather", "suede"), (49, 99), {"style": "two-strap", "sole": "cork"}, {}, colors=LEATHERS, trim="brass", seasons=("summer",)),
    Form("slides", ("leather", "suede", "rubber"), (29, 79), {"style": "slide"}, {"sole": ("cork", "flat")}, trim="leather", seasons=("summer",)),
    Form("gladiator sandals", ("leather",), (49, 99), {"style": "gladiator"}, {"sole": ("flat",)}, colors=LEATHERS, trim="leather", styles=("bohemian",), seasons=("summer",)),
    Form("platform sandals", ("leather", "suede", "satin"), (59, 119), {"style": "cross", "sole": "platform"}, {}, trim="leather", styles=("vintage", "evening"), seasons=("summer",)),
    Form("T-bar sandals", ("leather", "patent"), (45, 89), {"style": "t-bar"}, {"sole": ("flat", "cork")}, colors=LEATHERS, trim="leather", styles=("classic",), seasons=("summer",)),
)
HANDBAGS = (
    Form("satchel", ("leather", "suede", "patent"), (119, 289), {"shape": "satchel"}, {"strap": ("", "long")}, colors=LEATHERS, trim="brass", styles=("classic", "smart")),
    Form("bucket bag", ("leather", "suede", "canvas"), (99, 229), {"shape": "bucket"}, {}, colors=LEATHERS, trim="brass", styles=("casual", "bohemian")),
    Form("shoulder bag", ("leather", "patent", "satin"), (89, 199), {"shape": "baguette"}, {"quilt": ("", "yes")}, colors=(*LEATHERS, "purple", "light-blue"), trim="brass", styles=("smart", "vintage")),
    Form("saddle bag", ("leather", "suede"), (99, 219), {"shape": "saddle"}, {}, colors=LEATHERS, trim="brass", styles=("bohemian", "casual")),
    Form("clutch", ("velvet", "satin", "silk"), (59, 149), {"shape": "frame"}, {}, ("floral", "leopard"), trim="brass", styles=("evening", "vintage")),
)
TOTES = (
    Form("tote bag", ("canvas", "canvas", "linen"), (25, 69), {}, {"shape": ("wide", "classic", "tall"), "strap": ("", "long"), "handles": ("", "leather"), "base": ("", "contrast"), "pocket": ("", "yes")}, ("stripes", "breton", "botanical", "geometric", "spots", "gingham"), trim="leather", styles=("casual",)),
    Form("leather tote", ("leather", "suede"), (129, 289), {}, {"shape": ("wide", "classic", "tall"), "strap": ("", "long")}, (), LEATHERS, trim="leather", styles=("smart", "minimal")),
    Form("straw bag", ("straw",), (35, 89), {"handles": "leather"}, {"shape": ("wide", "classic")}, ("stripes",), ("beige", "cream", "brown", "beige"), trim="leather", styles=("resort", "bohemian"), seasons=("summer",)),
)
BACKPACKS = (
    Form("backpack", ("nylon", "canvas"), (49, 129), {"style": "zip"}, {}, ("botanical", "geometric"), trim="steel", styles=("sporty", "casual")),
    Form("flap backpack", ("canvas", "leather", "suede"), (69, 189), {"style": "flap"}, {}, (), (*EARTHY, "black"), trim="leather", styles=("vintage", "outdoor")),
    Form("roll-top backpack", ("canvas", "nylon"), (69, 149), {"style": "roll"}, {}, ("colorblock",), trim="leather", styles=("outdoor", "street")),
)
HATS = (
    Form("baseball cap", ("cotton", "corduroy", "denim"), (19, 39), {"style": "cap"}, {"peak": ("", "contrast")}, ("gingham",), styles=("sporty", "street"), seasons=WARM),
    Form("beanie", ("knit", "rib", "cashmere", "cable"), (19, 59), {"style": "beanie"}, {"pompom": ("", "yes")}, ("stripes", "nordic"), styles=("casual", "outdoor"), seasons=("winter",)),
    Form("bucket hat", ("cotton", "denim", "linen"), (19, 45), {"style": "bucket"}, {}, ("floral", "gingham", "botanical", "leopard"), styles=("street", "casual"), seasons=("summer",)),
    Form("fedora", ("wool",), (39, 99), {"style": "fedora"}, {}, ("herringbone",), ("brown", "black", "grey", "beige", "burgundy", "navy", "olive", "cream"), trim="leather", styles=("classic",), seasons=COLD),
    Form("straw hat", ("straw",), (29, 79), {}, {"style": ("straw", "floppy")}, (), ("beige", "cream", "brown"), trim="ribbon", styles=("resort",), seasons=("summer",)),
)
WOODEN = ("oak", "walnut", "ash", "white", "black")
CHAIRS = (
    Form("dining chair", ("velvet", "linen", "leather", "boucle"), (99, 249), {}, {"back": ("upholstered", "channel")}, ("herringbone",), trim="wood", styles=("modern", "scandinavian")),
    Form("spindle chair", ("wood",), (89, 199), {"back": "spindle"}, {}, (), WOODEN, trim="same", styles=("scandinavian", "country")),
    Form("ladder-back chair", ("wood",), (89, 179), {"back": "ladder"}, {}, (), WOODEN, trim="same", styles=("country",)),
    Form("cane chair", ("linen", "velvet", "leather"), (129, 269), {"back": "cane"}, {}, (), (*EARTHY, "black"), trim="wood", styles=("vintage", "bohemian")),
    Form("shell chair", ("plastic",), (59, 149), {"back": "shell"}, {}, (), EVERY, trim="wood", styles=("modern", "scandinavian")),
    Form("wishbone chair", ("linen", "leather"), (149, 329), {"back": "wishbone"}, {}, (), (*EARTHY, "black"), trim="wood", styles=("scandinavian",)),
    Form("bar stool", ("leather", "velvet", "linen"), (79, 189), {"back": "stool"}, {}, (), (*EARTHY, "black"), trim="legs", styles=("industrial", "modern")),
)
UPHOLSTERY = ("velvet", "linen", "wool", "boucle", "corduroy")
ARMCHAIRS = (
    Form("armchair", UPHOLSTERY, (299, 699), {}, {"arm": ("round", "square", "low"), "back": ("mid", "mid", "high", "channel"), "legs": ("tall", "short")}, ("botanical", "floral", "herringbone"), trim="wood", styles=("modern", "classic")),
    Form("leather armchair", ("leather",), (399, 899), {}, {"arm": ("round", "square"), "back": ("tufted", "mid"), "legs": ("tall", "short")}, (), ("brown", "black", "burgundy", "beige", "olive", "navy"), trim="wood", styles=("classic", "vintage")),
    Form("lounge chair", ("boucle", "linen", "leather", "velvet"), (249, 599), {"arm": "wood"}, {"back": ("high", "mid")}, (), (*EARTHY, "black"), trim="wood", styles=("scandinavian", "modern")),
)
SOFAS = (
    Form("two-seater sofa", UPHOLSTERY, (599, 1299), {"seats": "two"}, {"arm": ("round", "square", "low"), "back": ("mid", "low", "channel"), "legs": ("tall", "short"), "pillows": ("", "yes")}, (), trim="wood", styles=("modern", "scandinavian")),
    Form("three-seater sofa", UPHOLSTERY, (799, 1799), {"seats": "three"}, {"arm": ("round", "square", "low"), "back": ("mid", "low"), "legs": ("tall", "short"), "pillows": ("", "yes")}, (), trim="wood", styles=("modern", "classic")),
    Form("chaise sofa", UPHOLSTERY, (999, 1999), {"seats": "chaise"}, {"arm": ("square", "low"), "back": ("mid", "low"), "legs": ("short",), "pillows": ("", "yes")}, (), EARTHY, trim="wood", styles=("modern",)),
    Form("leather sofa", ("leather",), (999, 2199), {}, {"seats": ("two", "three"), "arm": ("round", "square"), "back": ("tufted", "mid"), "legs": ("tall", "short")}, (), ("brown", "black", "burgundy", "beige", "olive"), trim="wood", styles=("classic", "industrial")),
)
TABLES = (
    Form("dining table", ("wood",), (349, 999), {"kind": "dining"}, {"legs": ("tapered", "trestle", "square", "panel")}, (), WOODEN, trim="same", styles=("scandinavian", "country")),
    Form("round dining table", ("wood", "marble"), (349, 1099), {"kind": "dining", "shape": "round"}, {"legs": ("pedestal", "tapered")}, (), WOODEN, trim="legs", styles=("modern", "scandinavian")),
    Form("coffee table", ("wood", "wood", "marble"), (149, 449), {"kind": "coffee"}, {"legs": ("tapered", "hairpin", "panel"), "shape": ("", "", "round"), "shelf": ("", "yes")}, (), WOODEN, trim="legs", styles=("modern", "industrial")),
    Form("side table", ("wood", "marble"), (79, 229), {"kind": "side"}, {"legs": ("tapered", "pedestal"), "shape": ("round", "round", ""), "drawer": ("", "yes")}, (), WOODEN, trim="legs", styles=("modern",)),
    Form("desk", ("wood",), (199, 549), {"kind": "desk"}, {"legs": ("tapered", "square", "hairpin")}, (), WOODEN, trim="legs", styles=("scandinavian", "minimal")),
    Form("console table", ("wood",), (149, 399), {"kind": "console"}, {"legs": ("tapered", "square", "hairpin"), "shelf": ("", "yes")}, (), WOODEN, trim="legs", styles=("classic", "modern")),
)
SHELVES = (
    Form("bookcase", ("wood",), (149, 449), {"kind": "open"}, {"filled": ("yes", "")}, (), WOODEN, trim="same", styles=("scandinavian", "classic")),
    Form("ladder shelf", ("wood",), (129, 349), {"kind": "ladder"}, {"filled": ("yes", "")}, (), WOODEN, trim="iron", styles=("industrial",)),
    Form("cube shelf", ("wood",), (99, 249), {"kind": "cube"}, {"filled": ("yes", "")}, (), WOODEN, trim="same", styles=("minimal", "modern")),
    Form("low shelf", ("wood",), (119, 279), {"kind": "low"}, {"filled": ("yes", "")}, (), WOODEN, trim="same", styles=("scandinavian", "minimal")),
)
PAINTED = (*WOODEN, "oak", "walnut", "green", "navy", "light-blue", "grey", "pink", "cream")
CABINETS = (
    Form("sideboard", ("wood",), (349, 899), {"kind": "sideboard"}, {"front": ("", "reeded", "cane"), "handles": ("knob", "none", "bar")}, (), PAINTED, trim="legs", styles=("modern", "vintage")),
    Form("chest of drawers", ("wood",), (249, 599), {"kind": "dresser"}, {"handles": ("knob", "bar")}, (), PAINTED, trim="legs", styles=("classic", "scandinavian")),
    Form("nightstand", ("wood",), (89, 219), {"kind": "nightstand"}, {"handles": ("knob", "bar"), "front": ("", "reeded")}, (), PAINTED, trim="legs", styles=("modern",)),
    Form("wardrobe", ("wood",), (449, 1199), {"kind": "wardrobe"}, {"handles": ("bar", "knob"), "front": ("", "cane", "reeded")}, (), PAINTED, trim="legs", styles=("classic", "minimal")),
    Form("highboard", ("wood",), (299, 749), {"kind": "tall"}, {"handles": ("bar", "knob"), "front": ("", "cane", "reeded")}, (), PAINTED, trim="legs", styles=("modern", "vintage")),
)
SHADES = ("cream", "white", "beige", "green", "navy", "pink", "yellow", "orange", "light-blue", "grey", "black", "burgundy")
TABLE_LAMPS = (
    Form("table lamp", ("shade",), (49, 149), {"style": "ceramic"}, {"base": ("gourd", "column", "jar", "cone", "ball"), "shade": ("", "pleated")}, ("vertical", "floral", "gingham"), SHADES, trim="ceramic", styles=("classic", "country")),
    Form("mushroom lamp", ("lacquer",), (59, 159), {"style": "mushroom"}, {}, (), EVERY, trim="same", styles=("vintage", "modern")),
    Form("desk lamp", ("lacquer",), (39, 119), {"style": "desk"}, {}, (), EVERY, trim="metal", styles=("industrial", "modern")),
    Form("globe table lamp", ("glass",), (59, 139), {"style": "globe"}, {}, (), ("white",), trim="metal", styles=("modern", "minimal")),
)
FLOOR_LAMPS = (
    Form("floor lamp", ("shade",), (89, 229), {"style": "straight"}, {"shade": ("", "pleated")}, ("vertical",), SHADES, trim="metal", styles=("classic", "modern")),
    Form("tripod floor lamp", ("shade",), (99, 249), {"style": "tripod"}, {"shade": ("", "pleated")}, (), SHADES, trim="wood", styles=("scandinavian",)),
    Form("arc floor lamp", ("lacquer",), (129, 299), {"style": "arc"}, {"base": ("", "marble")}, (), ("black", "white", "green", "yellow", "orange", "red", "grey", "navy"), trim="metal", styles=("modern", "vintage")),
    Form("globe floor lamp", ("glass",), (119, 259), {"style": "globe"}, {"balls": ("", "two")}, (), ("white",), trim="metal", styles=("modern", "minimal")),
)
PENDANTS = (
    Form("dome pendant", ("lacquer",), (59, 189), {"style": "dome"}, {"shade": ("", "cone")}, (), EVERY, trim="metal", styles=("industrial", "modern")),
    Form("rattan pendant", ("rattan",), (49, 149), {"style": "rattan"}, {"form": ("", "ball")}, (), ("beige", "brown", "cream", "black"), trim="metal", styles=("bohemian",)),
    Form("paper lantern", ("paper",), (19, 69), {"style": "paper"}, {"form": ("ball", "ball", "")}, (), ("white", "cream", "pink", "light-blue", "yellow"), trim="metal", styles=("minimal", "scandinavian")),
    Form("globe pendant", ("glass",), (59, 169), {"style": "globe"}, {}, (), ("white",), trim="metal", styles=("modern", "minimal")),
    Form("cluster pendant", ("glass",), (129, 299), {"style": "cluster"}, {}, (), ("white",), trim="metal", styles=("modern",)),
)
RUGS = (
    Form("rug", ("pile",), (79, 349), {}, {"shape": ("rectangle", "rectangle", "runner"), "edge": ("fringe", "border", ""), "center": ("", "", "medallion")}, ("diamonds", "geometric", "stripes", "herringbone", "diamonds"), styles=("modern", "bohemian")),
    Form("arch rug", ("pile",), (99, 249), {"center": "arches", "edge": "fringe"}, {}, (), ("cream", "beige", "white", "pink", "grey", "light-blue"), styles=("modern", "vintage")),
    Form("jute rug", ("jute",), (59, 199), {}, {"shape": ("round", "rectangle", "runner"), "edge": ("", "border", "fringe")}, ("stripes",), ("beige", "brown", "cream", "grey"), styles=("bohemian", "scandinavian")),
    Form("round rug", ("pile",), (79, 229), {"shape": "round"}, {"edge": ("", "border")}, ("geometric", "diamonds", "stripes"), styles=("modern",)),
)
CUSHIONS = (
    Form("cushion", ("linen", "cotton", "velvet"), (19, 59), {}, {"shape": ("square", "square", "long"), "edge": ("", "piping", "fringe", "tassel")}, ("botanical", "floral", "stripes", "geometric", "gingham", "spots", "leopard", "diamonds"), styles=("modern", "bohemian")),
    Form("knitted cushion", ("cable", "knit"), (29, 65), {}, {"shape": ("square", "long"), "front": ("", "buttons")}, ("nordic",), EARTHY, styles=("country", "scandinavian")),
    Form("round cushion", ("velvet", "linen", "corduroy"), (25, 59), {"shape": "round"}, {}, (), styles=("vintage", "modern")),
)
THINGS = (
    Kind("sneakers", "Shoes > Sneakers", draw_sneakers, SNEAKERS, EU, 1.1, 1.13, ("back",), True),
    Kind("loafers", "Shoes > Loafers", draw_loafers, LOAFERS, EU, 0.75, 1.13, ("back",), True),
    Kind("boots", "Shoes > Boots", draw_boots, BOOTS, EU, 1.0, 1.13, ("back",), True),
    Kind("heels", "Shoes > Heels", draw_heels, HEELS, EU, 0.95, 1.13, ("back",), True),
    Kind("sandals", "Shoes > Sandals", draw_sandals, SANDALS, EU, 0.8, 1.13, ("back",), True),
    Kind("handbag", "Bags > Handbags", draw_handbag, HANDBAGS, (), 1.05, 1.12, ("detail", "tilted"), True),
    Kind("tote", "Bags > Totes", draw_tote, TOTES, (), 0.85, 1.12, ("detail", "tilted"), True),
    Kind("backpack", "Bags > Backpacks", draw_backpack, BACKPACKS, (), 0.8, 1.1, ("detail", "tilted"), True),
    Kind("hat", "Accessories > Hats", draw_hat, HATS, ("s-m", "l-xl"), 0.9, 1.08, ("tilted",), False),
    Kind("chair", "Furniture > Chairs", draw_chair, CHAIRS, (), 1.0, 1.08, ("back", "detail"), True, ("dining-room",)),
    Kind("armchair", "Furniture > Armchairs", draw_armchair, ARMCHAIRS, (), 0.85, 1.05, ("back", "detail"), True, ("living-room",)),
    Kind("sofa", "Furniture > Sofas", draw_sofa, SOFAS, (), 0.85, 1.0, ("back", "detail"), True, ("living-room",)),
    Kind("table", "Furniture > Tables", draw_table, TABLES, (), 0.95, 1.05, ("back", "detail"), True, ("dining-room", "living-room")),
    Kind("shelf", "Furniture > Shelves", draw_shelf, SHELVES, (), 0.6, 1.08, ("back",), True, ("living-room", "office")),
    Kind("cabinet", "Furniture > Cabinets", draw_cabinet, CABINETS, (), 0.85, 1.05, ("back", "detail"), True, ("living-room", "bedroom")),
    Kind("table-lamp", "Lamps > Table lamps", draw_table_lamp, TABLE_LAMPS, (), 0.85, 1.06, ("detail",), True, ("bedroom", "living-room")),
    Kind("floor-lamp", "Lamps > Floor lamps", draw_floor_lamp, FLOOR_LAMPS, (), 0.75, 1.0, ("detail",), True, ("living-room",)),
    Kind("pendant", "Lamps > Pendants", draw_pendant, PENDANTS, (), 0.8, 1.06, ("detail",), False, ("dining-room",)),
    Kind("rug", "Home textiles > Rugs", draw_rug, RUGS, (), 0.85, 1.02, ("detail",), False, ("living-room", "bedroom")),
    Kind("cushion", "Home textiles > Cushions", draw_cushion, CUSHIONS, (), 0.85, 1.08, ("back", "detail"), False, ("living-room", "bedroom")),
)
