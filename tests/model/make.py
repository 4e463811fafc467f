"""Makes the demonstration model: ``python -m tests.model.make STEP …``; README.md here says what each step needs.

Steps import their own libraries: the graph can be built without those for training.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path

from tests.model.layout import read_phones, write_phones


def _print_all(news: Iterable[str]) -> None:
    for line in news:
        print(line, flush=True)


def phones(_: argparse.Namespace) -> None:
    from tests.model.corpus import phones_of_lexicon

    write_phones(phones_of_lexicon())


def corpus(asked: argparse.Namespace) -> None:
    from tests.model.corpus import make

    _print_all(make(asked.corpus, read_phones(), train=asked.train, test=asked.test))


def train(asked: argparse.Namespace) -> None:
    from tests.model.network import train

    _print_all(train(asked.corpus, read_phones(), asked.corpus / "weights.pt", steps=asked.steps))


def export(asked: argparse.Namespace) -> None:
    from tests.model.acoustic import export

    export(read_phones(), asked.corpus / "weights.pt", asked.model)


def graph(asked: argparse.Namespace) -> None:
    from tests.model.graph import build

    print(build(read_phones(), asked.model))


def check(asked: argparse.Namespace) -> None:
    from tests.model.check import check

    _print_all(check(asked.model, asked.corpus))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.model.make", description=__doc__)
    steps = parser.add_subparsers(required=True, metavar="STEP")
    for step, what in (
        (phones, "the phones of every word of lexicon.txt, into phones.json (then train again)"),
        (corpus, "speech to train on and to test with, into CORPUS"),
        (train, "the network, from CORPUS into CORPUS/weights.pt"),
        (export, "am/ and conf/ of MODEL, from CORPUS/weights.pt"),
        (graph, "graph/ of MODEL, from lexicon.txt, grammar.txt and phones.json"),
        (check, "how well MODEL understands CORPUS's held-out files"),
    ):
        sub = steps.add_parser(step.__name__, help=what, description=what)
        sub.set_defaults(step=step)
        if step in (corpus, train, export, check):
            sub.add_argument("corpus", type=Path, metavar="CORPUS")
        if step in (export, graph, check):
            sub.add_argument("model", type=Path, metavar="MODEL")
        if step is corpus:
            sub.add_argument(
                "--train", type=int, default=10_000, help="sentences, each over two telephone lines (default %(default)s)"
            )
            sub.add_argument(
                "--test", type=int, default=100, help="held-out sentences, each in a known and a new voice (default %(default)s)"
            )
        if step is train:
            sub.add_argument("--steps", type=int, default=5_000, help="default %(default)s")
    asked = parser.parse_args()
    asked.step(asked)


if __name__ == "__main__":
    main()
