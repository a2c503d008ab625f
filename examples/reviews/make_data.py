"""Makes data/reviews.csv: reviews of kitchen things that nobody ever bought.

Each review is put together from phrases written for this example.

    python make_data.py
"""

from pathlib import Path

import numpy as np
import pandas as pd

PRODUCTS = {
    "kettle": ["lid", "handle", "spout", "switch", "cord"],
    "blender": ["motor", "jar", "blade", "lid", "base"],
    "frying pan": ["coating", "handle", "base", "rim", "weight"],
    "toaster": ["lever", "crumb tray", "timer", "slots", "cord"],
    "coffee grinder": ["burrs", "hopper", "motor", "lid", "container"],
    "kitchen scale": ["display", "battery", "surface", "buttons", "feet"],
}
GOOD = [
    "the {part} feels solid",
    "works exactly as described",
    "I use it every morning and it has never let me down",
    "the {part} is easy to clean",
    "far better than the one it replaced",
    "quiet, quick and simple",
    "looks lovely on the counter",
    "the {part} is well thought out",
    "worth every cent",
    "my whole family likes it",
    "arrived early and well packed",
    "even my mother, who is hard to please, is happy with the {part}",
    "after a year it still looks new",
    "I would buy this {product} again",
    "customer service was friendly and fast",
]
BAD = [
    "the {part} broke after two weeks",
    "it smells of plastic",
    "the {part} is flimsy",
    "nothing like the picture",
    "far too loud for a small kitchen",
    "I had to send it back",
    "the {part} came scratched",
    "does not do what it should",
    "a waste of money",
    "the {part} gets far too hot",
    "stopped working within a month",
    "cleaning the {part} is a nightmare",
    "customer service never answered",
    "I would not buy this {product} again",
    "the instructions are useless",
]
NEUTRAL = [
    "it is a {product}, what can I say",
    "the box was bigger than I expected",
    "bought it for the office",
    "it comes in three colours",
    "the {part} is made of metal",
    "I have had it since spring",
    "a gift for my sister",
    "it takes up some space",
]
HEDGES = ["", "", "", "to be fair, ", "honestly, ", "so far ", "sadly ", "well, "]
NOT = {
    "the {part} feels solid": "the {part} does not feel solid",
    "worth every cent": "not worth a cent",
    "it smells of plastic": "it does not smell of plastic at all",
    "the {part} is flimsy": "the {part} is not flimsy at all",
}


def sentence(rng: np.random.Generator, mood: int, product: str) -> str:
    """Return a sentence of a mood: 1 good, -1 bad, 0 neither."""
    phrases = {1: GOOD, 0: NEUTRAL, -1: BAD}[mood]
    phrase = phrases[rng.integers(len(phrases))]
    if rng.random() < 0.12:  # a phrase of the other mood, denied
        other = {1: [BAD[1], BAD[2]], -1: [GOOD[0], GOOD[8]]}.get(mood)
        if other:
            phrase = NOT[other[rng.integers(2)]]
    part = PRODUCTS[product][rng.integers(len(PRODUCTS[product]))]
    text = HEDGES[rng.integers(len(HEDGES))] + phrase.format(part=part, product=product)
    return text[0].upper() + text[1:]


def typo(rng: np.random.Generator, text: str) -> str:
    at = int(rng.integers(1, len(text) - 2))
    return text[:at] + text[at + 1] + text[at] + text[at + 2 :]


def review(rng: np.random.Generator) -> dict[str, object]:
    product = list(PRODUCTS)[rng.integers(len(PRODUCTS))]
    stars = int(rng.choice([1, 2, 3, 4, 5], p=[0.17, 0.15, 0.12, 0.22, 0.34]))
    lean = {
        1: [0.02, 0.13, 0.85],
        2: [0.15, 0.2, 0.65],
        3: [0.35, 0.3, 0.35],
        4: [0.65, 0.2, 0.15],
        5: [0.85, 0.13, 0.02],
    }[stars]
    moods = rng.choice([1, 0, -1], size=rng.integers(2, 6), p=lean)
    sentences = [sentence(rng, int(mood), product) for mood in moods]
    text = " ".join(one + rng.choice([".", ".", ".", "!", "..."]) for one in sentences)
    if rng.random() < 0.25:
        text = typo(rng, text)
    if rng.random() < 0.08:
        text = text.upper()
    if rng.random() < 0.1:
        text = text.replace(". ", ".<br /><br />", 1)
    if rng.random() < 0.05:
        text = f"  {text} \u2013 see https://example.org/{rng.integers(10_000)}"
    return {"product": product, "stars": stars, "text": text}


def reviews(count: int = 2400, seed: int = 20240817) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame([review(rng) for _ in range(count)])
    frame.insert(0, "review_id", np.arange(1, count + 1))
    frame.loc[rng.choice(count, 12, replace=False), "text"] = None
    return frame


if __name__ == "__main__":
    target = Path(__file__).with_name("data") / "reviews.csv"
    reviews().to_csv(target, index=False)
    print(f"{target}: {target.stat().st_size} bytes")
