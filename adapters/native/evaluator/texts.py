"""Compare a text with accepted ones: exact match, token F1, ROUGE-L, BLEU; 0-1, the best reference counts."""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence

# One token per character in scripts that are written without blanks: CJK ideographs, kana, hangul syllables.
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uac00-\ud7af"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+")
_HAS_CJK = re.compile(rf"[{_CJK}]")
_HAN = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_KANA_OR_HANGUL = re.compile("[\u3040-\u30ff\uac00-\ud7af]")
_OPTION = re.compile(r"\(?([A-Za-z])(?:\)|[.:]|$).*", re.DOTALL)
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)
_BLANKED = str.maketrans(dict.fromkeys(string.punctuation + "\u2018\u2019\u00b4", " "))


def exact_match(text: str, accepted: Sequence[str]) -> float:
    """Return 1 where the text equals an accepted one, blanks at the ends and runs of blanks aside."""
    return float(" ".join(text.split()) in {" ".join(entry.split()) for entry in accepted})


def exact_match_squad(text: str, accepted: Sequence[str]) -> float:
    """Return 1 where the text equals an accepted one after SQuAD's normalisation (case, punctuation, articles)."""
    return float(_squad_tokens(text) in [_squad_tokens(entry) for entry in accepted])


def exact_match_trivia(text: str, accepted: Sequence[str]) -> float:
    """Return 1 where the text equals an accepted one after TriviaQA's normalisation.

    As SQuAD's, but a blank stands where punctuation stood: `Jean-Paul` is `Jean Paul`, and `U.S.` is not `US`, which
    the data name beside it where they accept it. Joshi et al. 2017, arXiv:1705.03551, and their program.
    """
    return float(_trivia_words(text) in [_trivia_words(entry) for entry in accepted])


def exact_match_loose(text: str, accepted: Sequence[str]) -> float:
    """Return 1 where the text equals an accepted one, case and blanks aside; `A` and `(A) red` are option `(A)`.

    BIG-Bench Hard writes options as `(A)`, and its other answers (`Yes`, `] )`, sorted words) as they are.
    """
    return float(any(_loose(text) == _loose(entry) or _is_option(text, entry) for entry in accepted))


def f1(text: str, accepted: Sequence[str]) -> float:
    """Return the token F1 of SQuAD 1.1 (lower case, no punctuation, no articles); CJK counts per character.

    Formula: Rajpurkar et al. 2016, arXiv:1606.05250, section 6.1.
    """
    return _best(_f1, text, accepted)


def rouge_l(text: str, accepted: Sequence[str]) -> float:
    """Return ROUGE-L, the F-measure of the longest common subsequence (Lin 2004)."""
    return _rouge("rougeL", text, accepted)


def rouge_1(text: str, accepted: Sequence[str]) -> float:
    """Return ROUGE-1, the F-measure of common words (Lin 2004)."""
    return _rouge("rouge1", text, accepted)


def rouge_2(text: str, accepted: Sequence[str]) -> float:
    """Return ROUGE-2, the F-measure of common pairs of words (Lin 2004)."""
    return _rouge("rouge2", text, accepted)


def _rouge(kind: str, text: str, accepted: Sequence[str]) -> float:
    """Return a ROUGE by rouge_score, without stemming.

    The package's own tokenizer drops everything but a-z and 0-9, so that any Chinese text scores 0: ours is used.
    """
    from rouge_score.rouge_scorer import RougeScorer

    scorer = RougeScorer([kind], tokenizer=_Tokenizer())
    return _best(lambda a, b: float(scorer.score(b, a)[kind].fmeasure), text, accepted)


def bleu(text: str, accepted: Sequence[str]) -> float:
    """Return sacrebleu's sentence BLEU / 100 (exponential smoothing, effective order), against all accepted texts.

    The metric of a data set is the mean of these, not corpus BLEU: a mean has a standard error and adds up over
    subsets. Chinese references are tokenised by `zh`, all others by `13a`.
    """
    from sacrebleu.metrics.bleu import BLEU

    tokenizer = "zh" if any(_HAS_CJK.search(entry) for entry in accepted) else "13a"
    score = BLEU(effective_order=True, tokenize=tokenizer).sentence_score(text, list(accepted)).score
    return min(1.0, float(score) / 100)


class _Tokenizer:
    """Words; those of Chinese by jieba's dictionary and model (in its Rust edition, which needs no set-up)."""

    def tokenize(self, text: str) -> list[str]:
        if not _HAN.search(text) or _KANA_OR_HANGUL.search(text):
            return _TOKEN.findall(text.lower())
        from rjieba import cut

        return [word for word in cut(text.lower()) if _TOKEN.match(word)]


def _best(score: Callable[[str, str], float], text: str, accepted: Sequence[str]) -> float:
    return max(score(text, entry) for entry in accepted)


def _loose(text: str) -> str:
    return "".join(text.casefold().split())


def _is_option(text: str, entry: str) -> bool:
    """Return whether `entry` is an option's label and `text` begins with the same one."""
    wanted = re.fullmatch(r"\(([A-Z])\)|([A-Z])", entry)
    found = _OPTION.fullmatch(text.strip())
    return wanted is not None and found is not None and found[1].upper() == (wanted[1] or wanted[2])


def _f1(text: str, reference: str) -> float:
    found, wanted = _squad_tokens(text), _squad_tokens(reference)
    if not found or not wanted:
        return float(found == wanted)
    common = sum((Counter(found) & Counter(wanted)).values())
    return 2 * common / (len(found) + len(wanted))


def _trivia_words(text: str) -> list[str]:
    return _ARTICLE.sub(" ", text.lower().translate(_BLANKED)).split()


def _squad_tokens(text: str) -> list[str]:
    plain = _ARTICLE.sub(" ", text.lower().translate(_PUNCTUATION))
    return _TOKEN.findall(plain)
