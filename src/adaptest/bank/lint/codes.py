"""The closed table of what `bank check` can find: code -> severities, rule, remedy, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

Severity = Literal["error", "warning", "info"]
SOURCES: Mapping[str, str] = MappingProxyType(
    {
        "HDR": "Haladyna, Downing & Rodriguez (2002), A review of multiple-choice item-writing guidelines for"
        " classroom assessment, Applied Measurement in Education 15(3), 309-333: 31 guidelines",
        "NBME": "Case & Swanson (2002), Constructing written test questions for the basic and clinical"
        " sciences, 3rd ed., National Board of Medical Examiners: technical item flaws",
    }
)
SEVERITIES: tuple[Severity, ...] = ("error", "warning", "info")


@dataclass(frozen=True, slots=True)
class Rule:
    """What a code stands for.

    Attributes
    ----------
    severities : those its findings can have
    rule : what must hold, in one line
    remedy : what to do, in one line
    why : how it is looked for, why it matters, and the source
    """

    severities: tuple[Severity, ...]
    rule: str
    remedy: str
    why: str


_E: Severity = "error"
_W: Severity = "warning"
_I: Severity = "info"
_TABLE: dict[str, Rule] = {
    "BK01": Rule(
        (_E,),
        "a bank's files must keep the rules of their format",
        "correct the file",
        "What exams would refuse too: a key that is not known, a reference to nothing, an enemy that does not"
        " know of it, a change of status that is not allowed. The other rules see only what can be read.",
    ),
    "IW01": Rule(
        (_E, _W),
        "no option may stand for others: all of the above, none of the above, both A and C",
        "write what the option means as a single answer of its own",
        "Regular expressions on the options. Who sees two right options knows 'all of the above' is keyed;"
        " 'A and C' (K-type) measures test-taking; with shuffled options such texts are wrong. 'None of the"
        " above' is a warning: it shows only that something is known to be wrong. HDR 25, 26, 9.",
    ),
    "IW02": Rule(
        (_E, _W),
        "a question should ask for what is right; a negative in it must be in capitals or <strong>",
        "ask for what is right, or write NOT, EXCEPT, LEAST",
        "not, n't, except, false, incorrect, least likely and the like in the question (the last sentence of"
        " the stem), outside quotations and relative clauses. A missed 'not' turns knowledge into a wrong"
        " answer: an error where it is not emphasised, a warning where it is. HDR 17.",
    ),
    "IW03": Rule(
        (_E,),
        "a negative question must not have negative options",
        "ask positively, or write the options without not, no, never",
        "A negative question (IW02) with a negative option has to be read twice over. HDR 17, 27.",
    ),
    "IW04": Rule(
        (_W, _E),
        "absolute words must not mark options as wrong",
        "write the distractor without always, never, only, all, none, every, must, completely",
        "Item: a distractor has an absolute word and the key has none. Bank: the share of distractors with"
        " one is compared with that of keys (Fisher's exact test, one-sided); significant at .01 is an"
        " error, for then whoever avoids such options gains. HDR 28a (specific determiners).",
    ),
    "IW05": Rule(
        (_W,),
        "options must not hang on vague frequency words",
        "say how often, or leave the word out",
        "usually, often, sometimes, rarely, may (in small letters) in an option. People differ by a factor of"
        " three in what 'often' means, and hedged options are keyed more often than not. NBME.",
    ),
    "IW06": Rule(
        (_W, _E),
        "the key must not stand out as the longest option",
        "shorten the key, or give a distractor the same detail",
        "Item: key longer than 1.25 times the mean distractor, or longer than every distractor by more than"
        " 10 characters. Bank: the share of items with the key strictly longest against chance, 1/k"
        " (two-sided binomial test); significant at .01 is an error. HDR 24, NBME (longest is correct).",
    ),
    "IW07": Rule(
        (_W,),
        "the longest option must not be more than twice as long as the shortest",
        "bring the options to about equal length",
        "Counted in characters. A short option among long ones, or the other way round, stands out. HDR 24.",
    ),
    "IW08": Rule(
        (_W,),
        "a rare word of the stem must not come back in the key alone",
        "use the word in a distractor too, or another word in the key",
        "Content words of the stem, reduced to their stems, that at most 2 % of the bank's items (at least 3"
        " items) have in their stem, that the key shares and no distractor does, where no distractor has one"
        " of its own. HDR 28b (clang).",
    ),
    "IW09": Rule(
        (_I,),
        "the key must not be the option that shares most with the others",
        "vary what the distractors have in common, so that the key is not their middle",
        "Mean Jaccard index of content words of the key with the other options, highest by .15 or more."
        " Writers make distractors by changing one part of the key at a time. NBME (convergence).",
    ),
    "IW10": Rule(
        (_W,),
        "every option must fit the stem's grammar and look like the others",
        "make the options parallel: same beginning, same case, same last mark",
        "Stem ending in 'a' or 'an' that not all options fit; one option alone in its kind: quotation or not,"
        " '-ing', 'to ...', a digit first, capital first, last punctuation mark. HDR 28c, 22 (homogeneous).",
    ),
    "IW11": Rule(
        (_E, _W),
        "options must differ",
        "rewrite one of the two",
        "Equal after case, punctuation and spaces are left out is an error; a ratio above .9 of matching"
        " characters (Ratcliff & Obershelp) a warning. HDR 21.",
    ),
    "IW12": Rule(
        (_E,),
        "numeric options must not overlap",
        "make the intervals exclude each other",
        "All options are numbers or intervals, and two of them have a number in common. HDR 21.",
    ),
    "IW13": Rule(
        (_W,),
        "numeric and date options must stand in order",
        "sort the options",
        "All options are numbers, intervals or years, neither ascending nor descending. HDR 20.",
    ),
    "IW14": Rule(
        (_E, _W),
        "an item must have one key among 3 to 5 options, as many as the bank's other items",
        "name one option as key; write or drop options",
        "The key must be an option; 2 or more than 5 options are an error; a number unlike that of most items"
        " of the bank is a warning, because chance levels differ. HDR 18, 19 (three are enough).",
    ),
    "IW15": Rule(
        (_W,),
        "keys must be spread over the letters, and no text may depend on the options' order",
        "move keys to other letters; name an option by its words; set options: {shuffle: true}",
        "Item: 'the first option', 'the former', 'option B' in stem, options or rationales. Bank: chi-square"
        " of key letters; an exam with shuffle: false while p < .05. HDR 19.",
    ),
    "IW16": Rule(
        (_W,),
        "the stem must be a question or a complete problem",
        "end the stem with a question; put a blank at the end, not in the middle",
        "No question mark and fewer than 6 words, or a blank (___) with words after it. HDR 14, 15.",
    ),
    "IW17": Rule(
        (_W,),
        "what all options begin with belongs into the stem",
        "move the common beginning to the stem",
        "The options' longest common beginning has 3 words or more. HDR 13 (less to read).",
    ),
    "IW18": Rule(
        (_W,),
        "the stem must be easy to read",
        "shorter sentences, simpler words, active voice",
        "More than 120 words; Flesch-Kincaid grade above 10 in a stem of 30 words or more (shorter ones do"
        " not bear the formula), the bank's `plain_terms` counted as one short word; more than half of three"
        " or more sentences passive. Kincaid et al. (1975), Navy research branch report 8-75; HDR 8, 12, 13.",
    ),
    "IW19": Rule(
        (_E, _I),
        "no item may repeat another",
        "rewrite or retire one of the two; where both are wanted, make them enemies",
        "Cosine of TF-IDF of stem and options above .8, or more than half of all five-word shingles in"
        " common: an error. Cosine above .5, or a fifth of the shingles, and not enemies: a proposal."
        " Manning, Raghavan & Schuetze (2008), Introduction to information retrieval, chapters 6 and 19.",
    ),
    "IW20": Rule(
        (_I,),
        "no item may give another away",
        "make the two enemies, or change the words",
        "Five words in a row of one item's key, two of them content words, stand in the stem of another that"
        " is no enemy and in none of the first item's distractors. HDR 4 (independent items).",
    ),
    "IW21": Rule(
        (_E, _W, _I),
        "an item must be explained and filed: a reason for each option, reference, concepts, author",
        "write what is missing, or set status: draft",
        "A rationale for the key and one for each distractor, of at least six words and unlike each other; a"
        " reference; a concept; a judged difficulty; an author (authors in bank.yaml, or the item's history)."
        " An error for pretest and operational items, a warning in review, a note in draft.",
    ),
    "IW22": Rule(
        (_W,),
        "language must put the person first and not stigmatise",
        "name the person before the condition",
        "A word list: addict, abuser, junkie, alcoholic, committed suicide, the mentally ill, schizophrenic"
        " as a noun, suffers from, and others, in stem and options; a rationale may name such a word to teach"
        " about it. Kelly & Westerhoff (2010), International Journal of Drug Policy 21(3), 202-207.",
    ),
    "IW23": Rule(
        (_I,),
        "a stem must not trick, joke, change its addressee or hide what it asks for",
        "write BEST, MOST, FIRST in capitals; keep to one addressee; leave jokes out",
        "best, most, first, least as the question's criterion in small letters; exclamation marks or 'trick'"
        " outside quotations; 'you' outside quotations in a bank that speaks of a third person. HDR 7, 31.",
    ),
    "IW24": Rule(
        (_I,),
        "names and pronouns must be spread fairly",
        "write the next items about those who are fewer, and under other names",
        "Items whose stem has he/him/his against she/her (two-sided binomial test, .05), and a name that more"
        " than 2 % of the items (at least 4) use.",
    ),
    "IW25": Rule(
        (_E,),
        "text must be plain or safe HTML that every reader can perceive",
        "leave the tag or attribute out; give images alt text and tables headers; name nothing by its colour",
        "Tags outside a short list, event handlers, javascript:, style, images without alt, tables without"
        " th, 'the red option'. WCAG 2.1, 1.1.1, 1.3.1, 1.4.1.",
    ),
    "GU01": Rule(
        (_E, _W),
        "the options alone must not give the key away: at most 40 % found",
        "use the key's words, length and form in distractors too; the words that say key are listed",
        "A conditional logit (McFadden 1974) with ridge penalty on each option's relative length, words, word"
        " pairs and first word; five folds by item, split by Philox; share of keys found in items it was not"
        " fitted on. Chance is 1/k. An error from 100 items on; below, a warning: too few to learn from.",
    ),
    "GU02": Rule(
        (_E, _W),
        "the option that shares most or fewest words with the stem must be the key in at most 35 % of items",
        "let keys and distractors take up the stem's words equally often",
        "Content words in common with the stem, counted, and as a share of the option's; ties count in part;"
        " most and fewest; the largest share of keys found of these four rules. An error from 100 items on,"
        " below a warning.",
    ),
    "GU03": Rule(
        (_E, _W),
        "no stem may be another with names, ages or settings swapped: masked cosine at most .6",
        "write one of the two stems anew, about another situation",
        "Names, pronouns, people, numbers and settings are replaced by one placeholder each; cosine of TF-IDF"
        " of the words; every pair above the limit is named. An error from 100 items on, below a warning.",
    ),
    "CO01": Rule(
        (_E,),
        "a fact that is not confirmed must not be asked for",
        "confirm it and take it off unconfirmed_facts in bank.yaml, or ask something else",
        "Words and phrases of `unconfirmed_facts` in the key, or in the stem.",
    ),
    "CO02": Rule(
        (_W,),
        "every concept of the peer relationship must be explained in its lesson",
        "explain it in the lesson, by the name it has in bank.yaml",
        "A concept with `kind` in bank.yaml: its title, up to the colon, stands in the lesson that it names"
        " (`lesson`), or in any lesson if it names none.",
    ),
    "CO03": Rule(
        (_W,),
        "every concept of the peer relationship must be in at least two items",
        "write an item about it, or add it to the concepts of one that is about it",
        "Items that are neither drafts nor retired, for concepts with `kind` in bank.yaml.",
    ),
    "CF01": Rule(
        (_E,),
        "a calibrated item's stem, options and key must not change without a decision",
        "decide: add a content decision, minor_edit (parameters stay) or new_item (they do not)",
        "The content fingerprint is compared with that of the run in effect. Until somebody decides, exams"
        " leave the item out. A decision names both fingerprints, so that a later change asks again.",
    ),
    "CF02": Rule(
        (_W,),
        "an operational item must have published parameters",
        "publish a run that has it, or set its status back",
        "A pretest or operational item without parameters is left out of every exam.",
    ),
    "CF03": Rule(
        (_W,),
        "a content decision must lead to the item as it is",
        "remove the decision, or write one for the item as it is",
        "`now` of the last decision is not the item's fingerprint, and no run in effect needs the decision.",
    ),
    "EX01": Rule(
        (_E,),
        "an exam must be able to run on the bank's published items",
        "what the sentence says",
        "The exam is built as for a sitting: every word known, every content rule feasible at the shortest"
        " and the longest length, in one sequence of items through all lengths in between.",
    ),
    "EX02": Rule(
        (_W,),
        "an exam should be able to stop at every length from its minimum to its maximum",
        "widen the bounds, or begin and end at lengths that work",
        "At the lengths named the content rules have no solution in whole items; no sitting stops there.",
    ),
    "EX03": Rule(
        (_E,),
        "an exam that shows keys or rationales must share no item with a certification exam",
        "give the two different pools; demo: true only where nothing hangs on the result",
        "Feedback other than none shows keys; items in both pools would be known before the certification.",
    ),
    "EX04": Rule(
        (_E,),
        "a certification exam must not run on provisional parameters",
        "publish calibrated parameters, or set demo: true",
        "A judged difficulty bears no decision about a person.",
    ),
    "EX05": Rule(
        (_W,),
        "the pool must be large enough for the exam at its exposure limit",
        "write items, lower the maximum length, or raise the exposure limit",
        "For each bound of the blueprint: items needed = upper count at the maximum length / exposure limit"
        " (.25 where the exam has none); at that size every item sits at its limit, so it is necessary and"
        " not sufficient. Exams without a maximum, or with a fixed order, show what they show.",
    ),
    "WV01": Rule(
        (_W,),
        "a waiver must waive something",
        "remove it",
        "A waiver for a code that finds nothing here any more, or that is an error, which nobody can waive.",
    ),
}
CODES: Mapping[str, Rule] = MappingProxyType(_TABLE)
