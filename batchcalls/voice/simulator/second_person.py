"""Turn speech about somebody into speech to them."""

from __future__ import annotations

from batchcalls.voice.simulator.facts import word_set

_THIRD = {
    **dict.fromkeys(("him", "them", "they", "he", "she"), "you"),
    **dict.fromkeys(("his", "their"), "your"),
    **dict.fromkeys(("hers", "theirs"), "yours"),
    **dict.fromkeys(("himself", "herself", "themselves", "themself"), "yourself"),
}
_ROLES = word_set(
    "applicant callee caller client contact customer guest homeowner lead member owner patient "
    "person prospect recipient tenant user"
)
#: After these "her" was an object: "remind her of …"; before a noun it was a possessive.
_AFTER_OBJECT = word_set(
    "a about again an and at because before by for from how if in of on or that the this to today "
    "tomorrow what when where whether which why with your our"
)
_MARKS = ".,:!?)"
_VERB_FORMS = {
    "is": "are",
    "was": "were",
    "has": "have",
    "does": "do",
    "isn't": "aren't",
    "hasn't": "haven't",
    "doesn't": "don't",
    "wants": "want",
    "needs": "need",
    "prefers": "prefer",
    "likes": "like",
}
_ADVERBS = word_set("already also always currently ever never now often perhaps really still")


def _verb_of_you(verb: str, *, certainly: bool) -> str:
    """Return the form that follows "you"; ``certainly`` a verb, or else only if it is a known one.

    After "she" there is a verb: "she brings". After a name there may be a noun: "tell Emily times".
    """
    if verb in _VERB_FORMS or not certainly or not verb.endswith("s") or verb.endswith("ss"):
        return _VERB_FORMS.get(verb, verb)
    if verb.endswith("ies"):
        return verb[:-3] + "y"
    sibilant = verb.endswith(("sses", "shes", "ches", "xes", "zzes", "oes"))
    return verb[:-2] if sibilant else verb[:-1]


def in_second_person(words: list[str], callee: list[str]) -> list[str]:
    """Turn what is said about a callee, named in lower-case words, into what is said to them."""
    spoken: list[str] = []
    subject = False  # the last word was "you" in the place of he, she, a name or a role,
    certain = False  # and certainly of he or she, so that a verb comes next
    bare = [word.rstrip(_MARKS) for word in words]
    lowered = [word.lower() for word in bare]
    lowered.append("")
    index = 0
    while index < len(words):
        word, plain = words[index], lowered[index]
        tail = word[len(bare[index]) :]
        used, replacement = 1, ""
        if plain in _THIRD:
            replacement = _THIRD[plain]
        elif plain == "her":
            object_ends = tail or not lowered[index + 1] or lowered[index + 1] in _AFTER_OBJECT
            replacement = "you" if object_ends else "your"
        elif plain == "the" and lowered[index + 1].removesuffix("'s") in _ROLES:
            used, tail = 2, words[index + 1][len(bare[index + 1]) :]
            replacement = "your" if lowered[index + 1].endswith("'s") else "you"
        elif callee and plain.removesuffix("'s") == callee[0]:
            used = _length_of_name(lowered[index:], callee)
            last = index + used - 1
            tail = words[last][len(bare[last]) :]
            replacement = "your" if lowered[last].endswith("'s") else "you"
        if replacement:
            spoken.append(replacement + tail)
            subject = replacement == "you" and not tail
            certain = plain in {"he", "she"}
        elif subject and plain in _ADVERBS:
            spoken.append(word)
        else:
            if subject:
                verb = _verb_of_you(plain, certainly=certain)
                word = verb + tail if verb != plain else word
            spoken.append(word)
            subject = False
        index += used
    return spoken


def _length_of_name(lowered: list[str], callee: list[str]) -> int:
    """Return with how many words of the callee's name, the first being one, a text begins."""
    used = 1
    while used < len(callee) and lowered[used].removesuffix("'s") == callee[used]:
        used += 1
    return used
