"""How often a photo's palette holds the colour that its shop states: the fashion set's `baseColour` by named colours.

    python benchmarks/palettes.py --fashion ZIP [--photos N] [--seed S]

Only odd ids are measured: the tones of the named colours were chosen by looking mostly at even ones. Labels such as Multi and
Metallic, which name no colour, are left out; which names a label may have is the table below.
"""

from __future__ import annotations

import argparse
import csv
import io
import random
import sys
import zipfile
from collections import Counter
from pathlib import Path
from time import process_time

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

import benchmarks.configured  # noqa: F401
from search.colour.bins import bins_of
from search.colour.palette import SIDE_PX, photo_palette
from search.images import decode_image

ACCEPTED = {
    "Black": "black charcoal", "White": "white silver cream", "Blue": "blue light-blue navy", "Brown": "brown",
    "Grey": "grey charcoal silver", "Red": "red maroon", "Green": "green olive", "Navy Blue": "navy",
    "Purple": "purple lavender", "Pink": "pink magenta peach", "Silver": "silver grey white", "Yellow": "yellow",
    "Beige": "beige cream", "Gold": "yellow beige brown", "Maroon": "maroon", "Orange": "orange", "Olive": "olive",
    "Cream": "cream white beige", "Steel": "silver grey charcoal white", "Off White": "cream white",
    "Charcoal": "charcoal", "Khaki": "olive beige brown", "Peach": "peach", "Lavender": "lavender", "Teal": "teal",
    "Magenta": "magenta", "Tan": "brown beige", "Mustard": "yellow", "Bronze": "brown", "Copper": "brown orange",
    "Turquoise Blue": "turquoise", "Rust": "orange brown", "Grey Melange": "grey silver charcoal",
    "Coffee Brown": "brown", "Burgundy": "maroon", "Sea Green": "turquoise green teal", "Mushroom Brown": "brown beige",
    "Mauve": "lavender purple pink", "Taupe": "brown grey beige", "Fluorescent Green": "green yellow",
    "Nude": "beige peach", "Lime Green": "green yellow", "Rose": "pink", "Skin": "beige peach",
}  # fmt: skip
SHOWN = 15


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fashion", type=Path, required=True)
    parser.add_argument("--photos", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    seen, first, among, spent = Counter[str](), Counter[str](), Counter[str](), []
    with zipfile.ZipFile(options.fashion) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("products.csv").decode("utf-8"))))
        rows = [row for row in rows if row["baseColour"] in ACCEPTED and int(row["id"]) % 2]
        random.Random(options.seed).shuffle(rows)
        for row in rows[: options.photos]:
            photo = decode_image(archive.read(row["image"]), max_side=SIDE_PX)
            began = process_time()
            names = [found.name for found in bins_of(photo_palette(photo))]
            spent.append((process_time() - began) * 1000)
            label, accepted = row["baseColour"], ACCEPTED[row["baseColour"]].split()
            seen[label] += 1
            first[label] += names[0] in accepted
            among[label] += bool(set(names[:3]) & set(accepted))
    print("| label | photos | first | among three |\n|---|---:|---:|---:|")
    for label, count in [("all", seen.total()), *seen.most_common(SHOWN)]:
        hits = [found.total() if label == "all" else found[label] for found in (first, among)]
        print(f"| {label} | {count} | {hits[0] / count:.3f} | {hits[1] / count:.3f} |")
    print(f"\n{np.median(spent):.1f} ms of processor a photo (p95 {np.percentile(spent, 95):.1f})")


if __name__ == "__main__":
    main()
