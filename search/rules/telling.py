"""Rules in words, for lists: what each condition asks and each action does."""

from __future__ import annotations

from search.rules.records import ActionKind, RuleAction, RuleTrigger, TriggerKind, WordsMatch


def told_trigger(row: RuleTrigger) -> str:
    """ "words contain red dress", "category Shoes"."""
    match row.kind:
        case TriggerKind.WORDS:
            if row.match == WordsMatch.ANY:
                return "any search"
            return f"words {WordsMatch(row.match).label} {' / '.join(row.words)}"
        case TriggerKind.CATEGORY:
            return f"category {row.category or '(deleted)'}"
        case TriggerKind.FILTER:
            return f"filter {row.brand or row.value or row.field or '(deleted)'}"
        case TriggerKind.ATTRIBUTE:
            return f"photo shows {row.value or '(deleted)'}"
        case TriggerKind.COLOUR:
            return f"photo is {' / '.join(row.colours)}"
    return f"photo like a reference ({row.threshold:g})"


def told_action(row: RuleAction) -> str:
    """ "pin Red dress to 1", "boost Halden x2"."""
    thing = row.product or row.category or row.brand or row.value
    match row.kind:
        case ActionKind.PIN:
            return f"pin {thing} to {row.position}"
        case ActionKind.BOOST | ActionKind.BURY:
            return f"{row.kind} {thing} ×{row.factor:g}"
        case ActionKind.HIDE:
            return f"hide {thing}"
        case ActionKind.REPLACE_WORDS:
            return f"replace {' / '.join(row.words) or 'all words'} by {row.text or 'nothing'}"
        case ActionKind.ADD_FILTER:
            return f"filter {thing or row.filter_by}"
    return "banner"
