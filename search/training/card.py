"""The model card that a training run writes beside the weights."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from search.training.loop import Trainer

SOURCES = {
    "fashion": "shop photos of fashion products with titles and attributes, 60x80 pixels (metadata MIT, photos for research use)",
    "home": "clothes photographed at home, one label each (CC0 1.0)",
    "street": "crops of outfits in street photos, one label each (Apache-2.0)",
    "catalogue": "photos of a shop's own products with titles, categories and attributes",
    "folder": "labelled photos of a folder",
    "demo": "drawings of this project's own generator, with other seeds than the shipped demo's",
}


def write_card(folder: Path, *, trainer: Trainer, figures: Mapping[str, float], start_from: str | None = None) -> None:
    """Writes README.md into the model's folder: data, time, figures, limits, licence."""
    side_px = trainer.preprocessing.side_px
    parameters = sum(p.numel() for p in trainer.model.parameters())
    counts = Counter(s.source for s in trainer.samples if not s.is_validation)
    held_out = Counter(s.source for s in trainer.samples if s.is_validation)
    data = [
        f"- {n:,} photos: {SOURCES.get(source, source)}; {held_out[source]:,} more held out."
        for source, n in counts.items()
    ]
    table = [f"| {name} | {value:.4f} |" for name, value in figures.items()]
    seen = trainer.step * trainer.plan.batch
    minutes = trainer.trained_s / 60
    machine = "a GPU" if trainer.device.type == "cuda" else f"{trainer.threads} CPU thread{'s'[: trainer.threads > 1]}"
    lines = [
        "---",
        "license: apache-2.0",
        "library_name: sentence-transformers",
        "tags: [clip, product-search]",
        "---",
        f"# {folder.name}",
        "",
        "A compact CLIP for product search: photos and English words of clothes, shoes, bags and accessories, and of the",
        "demo catalogue's furniture and lamps, in one space. It is what a fresh checkout searches with, without a network",
        "and without a GPU; a shop with other goods or languages wants a bigger model (`ENCODER_MODEL`).",
        "",
        f"{parameters / 1e6:.1f} M parameters, fp16. Photos are squashed to {side_px} x {side_px} pixels; words are lower-cased;",
        f"{trainer.model.get_embedding_dimension()} dimensions, cosine. sentence-transformers loads the folder unaided.",
        "",
        "## Trained on",
        "",
        *data,
        "",
        f"{trainer.step:,} steps of {trainer.plan.batch} photos ({seen:,} photos seen) in this run of {minutes:.0f} minutes,",
        f"from {f'the weights of {Path(start_from).name}' if start_from else 'random weights'},",
        f"on {machine}, bf16 where it helps, EMA weights.",
        "`manage.py train_encoder` made it; photos of the sets are not part of this repository.",
        "",
        "## Figures, on held-out ids and senders",
        "",
        "| figure | value |",
        "|---|---|",
        *table,
        "",
        "## Limits",
        "",
        "English shop words only; fine prints, logos and brands are hardly seen at this resolution; people, places and goods",
        "outside the training sets are embedded all the same, so scores need a floor. Photos of the fashion set come from one",
        "Indian shop: its kinds and genders are that shop's.",
        "",
        "## Licence",
        "",
        "Apache-2.0 for the weights, the tokenizer and this card.",
        "",
    ]
    (folder / "README.md").write_text("\n".join(lines), encoding="utf-8")
