"""Random closed-vocabulary sentences of a telecom complaint line, from lexicon.txt and grammar.txt; cutting text into words."""

from __future__ import annotations

import random
import re
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
PAUSE = re.compile(r"[,，。！？；：、]+")


def read_lexicon() -> dict[str, str]:
    """Word -> pinyin with tone digits, in file order."""
    rows = (line.split() for line in (HERE / "lexicon.txt").read_text("utf-8").splitlines())
    return {row[0]: row[1] for row in rows if row and not row[0].startswith("#")}


def read_grammar() -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """(slot name -> choices, section name -> templates)."""
    slots: dict[str, list[str]] = {}
    sections: dict[str, list[str]] = {}
    section: list[str] | None = None
    for line in (HERE / "grammar.txt").read_text("utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]"), [])
        elif section is None:
            name, _, choices = line.partition(" =")
            slots[name] = [choice.strip() for choice in choices.split("|")]
        else:
            section.append(line)
    return slots, sections


LEXICON = read_lexicon()
SLOTS, SECTIONS = read_grammar()
LONGEST = max(map(len, LEXICON))


def split_words(text: str) -> list[str]:
    """Cut joined runs (十五, 我要投诉) into lexicon words, the fewest words possible; ValueError names what is missing.

    Fewest words by dynamic programming: taking the longest word first would leave a rest that is no word.
    """
    return [word for run in text.split() for word in _cut(run)]


def _cut(run: str) -> list[str]:
    best: list[list[str] | None] = [[]] + [None] * len(run)
    for end in range(1, len(run) + 1):
        for start in range(max(0, end - LONGEST), end):
            before = best[start]
            if before is None or run[start:end] not in LEXICON:
                continue
            so_far = best[end]
            if so_far is None or len(before) + 1 < len(so_far):
                best[end] = [*before, run[start:end]]
    words = best[-1]
    if words is None:
        raise ValueError(f"not in the demonstration model's lexicon: {run}")
    return words


def pinyin(text: str) -> list[str]:
    """Pinyin of each word of a Chinese text, ``,`` where it asks for a pause."""
    out: list[str] = []
    for part in PAUSE.split(text):
        words = split_words(part)
        if words:
            out += [",", *(LEXICON[word] for word in words)] if out else [LEXICON[word] for word in words]
    return out


def fill(text: str, rng: random.Random) -> str:
    """Replace every ``{slot}`` by one of its choices, inner ones too."""
    while "{" in text:
        start, end = text.index("{"), text.index("}")
        text = text[:start] + rng.choice(SLOTS[text[start + 1 : end]]) + text[end + 1 :]
    return text


# Mandarin syllables without tone; those that no lexicon word has make words outside the vocabulary.
SYLLABLES = """ang ao ba ban bao beng bian biao bie bin bing bo ca cai cang cao ce cen ceng chan chao che chuai chuan
chun chuo cong cou cu cuan cun cuo da dang deng dia diao die ding diu dong dou du dun e fang fen feng fo fou ga gan gang
gei gen geng gong gou gua guai guang gun ha han hang hei heng hong hu huan huang hui hun huo ji jiong juan jun ka kan
kang kao ken keng kong ku kua kuang kun kuo lan lang lao lei leng lian liang liao lie lin long luan lun lv mang mao mi
mian miao mie min miu mo mou mu nai nang nao nei nen ni niang niao nie nin niu nong nu nuan nuo ou pa pan pang pao pei
pen peng pi piao pie pin ping po pou pu qiang qiao qie qin qing qiong qiu quan que qun rang rao re reng ri rong rou rui
run ruo sa sai sang se sen seng sha shai shan shang she shu shua shuai shuan shuang shun song sou suan sui sun tan tang
tao teng tiao tie tong tuan tui tun tuo wa wai wang xian xiong xu xuan xue xun yao yong you yuan yun za zan zang zao ze
zei zen zeng zha zhai zhan zhe zhen zheng zhong zhou zhu zhua zhuai zhui zhun zhuo zou zu zuan zui zun""".split()  # noqa: SIM905 -- a table of syllables reads better than 250 quoted ones


@cache
def foreign_syllables() -> tuple[str, ...]:
    """[unk] must be trained on these only: trained on syllables of the vocabulary it swallows real words."""
    used = set(re.findall("[a-z]+", " ".join(LEXICON.values())))
    return tuple(syllable for syllable in SYLLABLES if syllable not in used)


def unknown_word(rng: random.Random) -> str:
    """Pinyin of a made-up word outside the vocabulary."""
    return "".join(rng.choice(foreign_syllables()) + rng.choice("1234") for _ in range(rng.choice([1, 2, 2, 3])))


def sentence(rng: random.Random, salad: float = 0.08) -> list[str]:
    """One sentence as words; a share are word salads, so that every word gets seen, or runs of digits."""
    if rng.random() < salad / 2:
        return [rng.choice(SLOTS["d0"]) for _ in range(rng.randint(3, 11))]
    if rng.random() < salad:
        return [rng.choice(list(LEXICON)) for _ in range(rng.randint(2, 7))]
    section = SECTIONS["caller" if rng.random() < 0.75 else "agent"]
    return split_words(fill(rng.choice(section), rng))
