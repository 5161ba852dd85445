"""How many labelled products a value needs before a trained head helps: macro-F1 on the fashion set by products a value.

    python benchmarks/attribute_labels.py --fashion ZIP --cache FOLDER [--encoder FOLDER] [--draws N]

Learns from a few training ids of each value, drawn `--draws` times, and measures on the held-out ids. Only values with at
least 40 training products take part. The photos' vectors are kept in `--cache`, where `fit_attributes --fashion` has them.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

import benchmarks.configured  # noqa: F401
from search.attributes.calibration import FloatArray, fit_temperature
from search.attributes.fashion import FIELDS, labelled, read_vectors
from search.attributes.fitting import REGULARISATION, Examples, macro_f1
from search.attributes.prompts import prompt_vectors
from search.attributes.scoring import averaged, train_head, zero_shot
from search.encoder import get_encoder

COUNTS = (3, 5, 10, 20, 40)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--fashion", type=Path, required=True)
    parser.add_argument("--cache", type=Path, required=True)
    parser.add_argument("--encoder")
    parser.add_argument("--draws", type=int, default=3)
    options = parser.parse_args()
    encoder = get_encoder(options.encoder)
    samples, vectors = read_vectors(options.fashion, encoder=encoder, cache=options.cache)
    print("| attribute | values | zero-shot |", *(f"head, {n} | both, {n} |" for n in COUNTS))
    print("|---" * (3 + 2 * len(COUNTS)) + "|")
    for name, field in FIELDS.items():
        vocabulary, known, unseen = labelled(field, samples, vectors, at_least=max(COUNTS))
        prompts = prompt_vectors(encoder, name, vocabulary)
        temperature = fit_temperature(zero_shot(known.vectors, prompts), known.truth)
        words = zero_shot(unseen.vectors, prompts, temperature=temperature)
        cells = [f"{value:.3f}" for n in COUNTS for value in learned(known, unseen, words, n, draws=options.draws)]
        print(
            f"| {name} | {len(vocabulary)} | {macro_f1(words, unseen.truth):.3f} |", " | ".join(cells), "|", flush=True
        )


def learned(known: Examples, unseen: Examples, words: FloatArray, count: int, *, draws: int) -> tuple[float, float]:
    """Macro-F1 of a head trained on `count` products of each value, and of its average with the words; mean of the draws."""
    found = []
    for seed in range(draws):
        order = np.random.default_rng(seed).permutation(len(known.truth))
        rows = np.concatenate([order[known.truth[order] == place][:count] for place in np.unique(known.truth)])
        head = train_head(known.vectors[rows], known.truth[rows], regularisation=REGULARISATION)
        scores = head.log_probabilities(unseen.vectors, values=words.shape[1])
        found.append((macro_f1(scores, unseen.truth), macro_f1(averaged(words, scores), unseen.truth)))
    alone, both = np.mean(found, axis=0)
    return float(alone), float(both)


if __name__ == "__main__":
    main()
