"""Text vectorizers keep an address in themselves; equal ones are equal bytes all the same."""

from support.attempts import Steps

MAKE = """\
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
words = [TfidfVectorizer(stop_words=["the"]).fit(["the cat", "a dog"]), CountVectorizer()]
words[0].transform(["the dog"])"""


def digests(attempt):
    return [artifact.digest for artifact in attempt.manifest.artifacts]


def test_equal_vectorizers_of_two_processes_are_equal_bytes(steps: Steps) -> None:
    first = steps.ok(MAKE, outputs=("words",))
    second = steps.ok("filler = [object() for _ in range(99)]\n" + MAKE, outputs=("words",))

    assert digests(first) == digests(second)


def test_a_vectorizer_knows_its_stop_words_again(steps: Steps) -> None:
    made = steps.ok(MAKE, outputs=("words",))

    read = steps.ok(
        "print(words[0]._stop_words_id == id(words[0].stop_words), sorted(words[0].vocabulary_))",
        inputs=((made, "words"),),
    )

    assert read.stdout == "True ['cat', 'dog']\n"
