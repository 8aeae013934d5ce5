"""From the name of a file to the role of its track, and how sure that is.

The name is cut into words (`05_GTR_L` → gtr l; `LeadVoxDT` → lead vox dt; `bgvox` → bg vox), the words are
looked up in `words.py`, and a few rules of grammar decide between several: a kit piece beats `drums`, any
instrument beats a voice (an organ can be a Vox), `bass` beats a guitar but not a trombone.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache

from gainstage.roles.words import HINTS, MODIFIERS, NAMES, SILENT_WORDS

_SUFFIX = re.compile(r"\.(wave?|bwf|rf64|flac|og[ga]|opus|mp3|aiff?|aifc|m4a)$", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z]{2})")
_WORD = re.compile(r"[^\W\d_]+|\d+")
_LONGEST_PHRASE = 3
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ł": "l", "ø": "o"})  # no accents to Unicode
_KANA_MARKS = "\u3099\u309a"  # not accents: they tell ハット (hat) from パッド (pad)

_KIT = frozenset({"kick", "snare", "hat", "tom", "cymbal"})
_VOICES = frozenset({"vocal", "lead_vocal", "backing_vocal"})
_GUITARS = frozenset({"guitar", "guitar_acoustic", "guitar_electric"})
_VAGUE = frozenset({"fx", "other"})


@dataclass(frozen=True)
class RoleGuess:
    """A role and how sure it is.

    Args:
        role: one of `ROLES`; `other` if the name says nothing.
        confidence: 0 (the name says nothing) … 1 (it says exactly that).
    """

    role: str
    confidence: float


@dataclass(frozen=True)
class _Meaning:
    name: str = ""
    hint: str = ""
    modifiers: frozenset[str] = frozenset()
    sureness: float = 1.0


def guess(name: str) -> RoleGuess:
    """Guess a role from a name as people write them: "Kick In.wav", "LV dbl 2", "05_GTR_L", "Caisse claire".

    A name is a hint and no more: `--roles` overrides it, and the console never sees it.

    Args:
        name: the name of a file or track, with or without a suffix of audio files.

    Returns:
        The role and a confidence: above .8 the name says it, .5–.8 it says a family of which this is the most
        frequent role, below .5 it only suggests it, 0 it says nothing (role `other`).
    """
    meanings = list(_meanings(_words(_SUFFIX.sub("", name.strip()))))
    names = list(dict.fromkeys(m.name for m in meanings if m.name))
    hints = [m.hint for m in meanings if m.hint]
    modifiers = frozenset().union(*(m.modifiers for m in meanings))
    sureness = min((m.sureness for m in meanings if m.name), default=1.0)
    if names:
        role, confidence = _decide(names, hints, modifiers)
        return RoleGuess(role, round(confidence * sureness, 2))
    if hints:
        return RoleGuess(next((h for h in hints if h != "fx"), "fx"), 0.4)
    return RoleGuess("other", 0.0)


def _decide(names: list[str], hints: list[str], modifiers: frozenset[str]) -> tuple[str, float]:
    """One role from all that the words name."""
    left = _without_what_yields(names)
    conflict = 0.75 ** (len(left) - 1)
    if len(left) > 1 and set(left) <= _KIT:
        return "drums", 0.8
    if "bass" in left:
        return "bass", 0.95 * conflict
    last = left[-1]  # the head of a compound stands last: "string piano" is a piano
    role, confidence = last, 0.95
    if last == "guitar":
        role, confidence = _which_guitar(modifiers)
    elif last in _VOICES:
        role, confidence = _which_voice(left, modifiers, is_part="bass" in names)
    elif last == "other":
        confidence = 0.5  # somebody did not want to say
    elif last == "synth":
        role, confidence = _which_synth(hints, modifiers)
    return role, confidence * conflict


def _without_what_yields(names: list[str]) -> list[str]:
    """Names without those that another one makes more precise."""
    found = set(names)
    yields: set[str] = set()
    if found - _VAGUE:
        yields |= _VAGUE
    if found - _VAGUE - _VOICES - {"drums", "bass"}:
        yields |= _VOICES
    if found & (_KIT | {"percussion"}):
        yields.add("drums")
    if found & _KIT:
        yields.add("percussion")
    if found & (_VOICES | {"brass", "wind"}):
        yields.add("bass")  # a bass trombone, the bass of a choir
    elif "bass" in found:
        yields |= _GUITARS
    if found & (_GUITARS - {"guitar"}):
        yields.add("guitar")
    if found - _VAGUE - {"synth"} - _VOICES:
        yields.add("synth")
    return [name for name in names if name not in yields]


def _which_guitar(modifiers: frozenset[str]) -> tuple[str, float]:
    if "acoustic" in modifiers:
        return "guitar_acoustic", 0.9
    return "guitar_electric", 0.9 if "electric" in modifiers else 0.6


def _which_voice(voices: list[str], modifiers: frozenset[str], *, is_part: bool) -> tuple[str, float]:
    """Doubles of the lead count as backing: they stand behind it, quieter and wider."""
    if "backing_vocal" in voices:
        return "backing_vocal", 0.95
    if "lead_vocal" in voices or "lead" in modifiers:
        return ("backing_vocal", 0.6) if "backing" in modifiers else ("lead_vocal", 0.95)
    if "backing" in modifiers or is_part:
        return "backing_vocal", 0.85
    return "lead_vocal", 0.75


def _which_synth(hints: list[str], modifiers: frozenset[str]) -> tuple[str, float]:
    for role in ("bass", "pad", "keys"):
        if role in hints:
            return role, 0.7
    return "synth_lead", 0.85 if "lead" in modifiers else 0.55


def _fold(text: str) -> str:
    """Without case, accents and widths, so that "Chœurs", "CHOEURS" and half-width kana are one."""
    plain = unicodedata.normalize("NFKD", text.casefold().translate(_LIGATURES))
    kept = (c for c in plain if c in _KANA_MARKS or not unicodedata.combining(c))
    return unicodedata.normalize("NFC", "".join(kept))


def _words(name: str) -> list[str]:
    name = unicodedata.normalize("NFC", name).replace("'", "").replace("’", "")
    return _WORD.findall(_fold(_CAMEL.sub(" ", name)))


def _meanings(words: list[str]) -> Iterator[_Meaning]:
    """The meaning of each known phrase, the longest first; words that stand in none are taken apart."""
    position = 0
    while position < len(words):
        for length in range(min(_LONGEST_PHRASE, len(words) - position), 0, -1):
            meaning = _look_up(" ".join(words[position : position + length]))
            if meaning is not None:
                yield meaning
                break
        else:
            length = 1
            yield from _take_apart(words[position])
        position += length


def _look_up(phrase: str) -> _Meaning | None:
    lexicon = _lexicon()
    if phrase in lexicon:
        return lexicon[phrase]
    return lexicon.get(phrase[:-1]) if phrase.endswith("s") and len(phrase) > 3 else None


@cache
def _lexicon() -> dict[str, _Meaning]:
    """Every word and phrase of `words.py`, folded, phrases also written together."""
    names, hints = dict(_spellings(NAMES)), dict(_spellings(HINTS))
    modifiers: dict[str, frozenset[str]] = {}
    for spelling, tag in _spellings(MODIFIERS):
        modifiers[spelling] = modifiers.get(spelling, frozenset()) | {tag}
    lexicon = {
        spelling: _Meaning(
            names.get(spelling, ""), hints.get(spelling, ""), modifiers.get(spelling, frozenset())
        )
        for spelling in {*names, *hints, *modifiers}
    }
    silent = {word.strip(): _Meaning() for word in SILENT_WORDS.split(",")}
    return silent | lexicon


def _spellings(table: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for tag, phrases in table.items():
        for phrase in phrases.split(","):
            words = _WORD.findall(_fold(phrase))
            yield " ".join(words), tag
            yield "".join(words), tag


def _take_apart(word: str) -> list[_Meaning]:
    """The meanings of several words written as one ("leadvox"), or of the one that it begins or ends with."""
    if not word.isascii():
        return _munch(word)
    pieces = _cover(word)
    if pieces is not None:
        return [_Meaning(m.name, m.hint, m.modifiers, 0.9) for m in pieces]
    for length in range(len(word) - 1, 3, -1):
        for part in (word[:length], word[-length:]):
            meaning = _lexicon().get(part)
            if meaning is not None and meaning.name:
                return [_Meaning(meaning.name, "", meaning.modifiers, 0.6)]
    return []


def _cover(word: str) -> list[_Meaning] | None:
    """The fewest known words that together make up the whole word; a last letter may be l or r."""
    best: list[list[_Meaning] | None] = [[]] + [None] * len(word)
    for end in range(2, len(word) + 1):
        for start in range(end - 1):
            before, piece = best[start], _lexicon().get(word[start:end])
            if before is None or piece is None:
                continue
            so_far = best[end]
            if so_far is None or len(before) + 1 < len(so_far):
                best[end] = [*before, piece]
    if best[-1] is None and word[-1] in "lr":
        return best[-2] or None
    return best[-1]


def _munch(word: str) -> list[_Meaning]:
    """Known words inside a word of a script that leaves no spaces, the longest first from the left."""
    found, position = [], 0
    while position < len(word):
        for end in range(len(word), position, -1):
            meaning = _lexicon().get(word[position:end])
            if meaning is not None:
                found.append(meaning)
                position = end
                break
        else:
            position += 1
    return found
