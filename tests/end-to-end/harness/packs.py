"""Calls that try the rules of an SDK pack: on each condition, beside it, and with other kinds of values."""

import random
import re
from re import _constants as sre
from re import _parser as parser

# Characters that Python lowers or folds into ASCII ones, and some that look as if it did.
FOLDED = {"k": "\u212a", "s": "\u017f", "i": "\u0130"}
SPACES = [" ", "\t", "\n", "\u00a0", "\u2003", "\u001f", "\u0085"]
ODD = [None, True, False, 0, 1, 1.0, "", " ", [], {}, [[]], {"a": 1}, "0", -1, 0.5, 2**53, 2**63 - 1]


def fields(rule):
    """Every condition of a rule."""
    for condition in rule.get("conditions") or []:
        yield condition
    for group in rule.get("condition_groups") or []:
        yield from group


def cases(text):
    """A text as others might write it."""
    yield from [text, text.upper(), text.lower(), text.swapcase(), text.title()]
    for letter, other in FOLDED.items():
        if letter in text.lower():
            yield re.sub(letter, other, text, count=1, flags=re.I)
    if "i" in text.lower():
        yield text.lower().replace("i", "\u0131")


def around(text):
    yield from [text, f"x{text}", f"{text}x", f"{text} y", f"x {text}", f"\n{text}\n", f"{text}\n", text + text]
    yield from [text[1:], text[:-1], text.replace(" ", "\u2003"), text.replace(" ", "  "), f"\u00e9 {text} \u00e9"]


def sample(pattern, rng):
    """A text that a pattern matches, as far as it is simple."""

    def one(op, arg):
        if op is sre.LITERAL:
            return chr(arg)
        if op is sre.NOT_LITERAL or op is sre.ANY:
            return rng.choice("xyz9 ")
        if op is sre.IN:
            return member(arg)
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
            least, most, inner = arg
            count = rng.randint(least, min(int(most), least + 2))
            return "".join(every(inner) for _ in range(count))
        if op is sre.SUBPATTERN:
            return every(arg[3])
        if op is sre.BRANCH:
            return every(rng.choice(arg[1]))
        return ""

    def member(items):
        if items[0][0] is sre.NEGATE:
            return rng.choice("xq7%")
        op, arg = rng.choice(items)
        if op is sre.LITERAL:
            return chr(arg)
        if op is sre.RANGE:
            return chr(rng.randint(*arg))
        return {
            sre.CATEGORY_SPACE: rng.choice(SPACES),
            sre.CATEGORY_DIGIT: rng.choice("059\u0663"),
            sre.CATEGORY_WORD: rng.choice("aZ_5\u00e9"),
        }.get(arg, "!")

    def every(parsed):
        return "".join(one(op, arg) for op, arg in parsed)

    return every(parser.parse(pattern))


def numbers(bound):
    whole = int(bound)
    near = [whole - 1, whole, whole + 1, bound + 0.5, bound - 0.5, -bound, 0, 10 * whole, 2**53, 2**63 - 1, 1e300, -1e300]
    yield from near
    yield from [str(n) for n in near[:8]]
    yield from [f" {whole + 1}\n", f"+{whole + 1}", f"{whole}.", f"{whole}.0001", f"{whole + 1}e0", "1e99", "1e-99", ".5", "."]
    yield from ["inf", "-inf", "+Infinity", "INF", "nan", "-nan", " inf ", "\u0131nf", f"{whole + 1} apples", "abc", "0x7FFF", "1,000,000"]
    yield from ["1e", "--1", "1e5.5", f"\u00a0{whole + 1}" if False else "e5", True, False]


def lengths(bound):
    for size in range(max(0, bound - 1), bound + 3):
        yield [0] * size
        yield {str(n): n for n in range(size)}
        yield ",".join("abcdefghijklmnop"[:size])
        yield "; ".join("abcdefghijklmnop"[:size])
        yield ",,; \u2003,".join("abcdefghijklmnop"[:size]) + ",;"
        yield " , ".join([" "] * size)
        yield "\u001f,".join(["a b"] * size)


def values(condition, rng):
    """Values on a condition and beside it."""
    operator, value = condition["operator"], condition.get("value")
    if operator in ("greater_than", "less_than"):
        yield from numbers(float(value))
    elif operator == "length_greater_than":
        yield from lengths(int(float(value)))
    elif operator == "matches":
        for _ in range(25):
            text = sample(value, rng)
            yield from (variant for wrapped in around(text) for variant in (wrapped, rng.choice(list(cases(wrapped)))))
            yield [text]
    else:
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str):
                for text in cases(item):
                    yield from around(text)
                yield from [[item], [item.upper()], ["x", item], {item: item}, [[item]], f"{item},{item}"]
            else:
                yield from [item, [item], str(item), str(item).lower()]
        yield value
    yield from ODD


def put(arguments, path, value):
    *above, last = path
    for step in above:
        arguments = arguments.setdefault(step, {})
    arguments[last] = value


def calls(pack, seed, combined=250):
    """Tools and arguments that try a pack: each condition alone, then many fields at once."""
    rng = random.Random(seed)
    tools = sorted({tool for rule in pack["rules"] for tool in rule.get("tools") or ["some_tool"]})
    for tool in tools:
        rules = [rule for rule in pack["rules"] if tool in (rule.get("tools") or [tool])]
        pools = {}
        for rule in rules:
            for condition in fields(rule):
                path = tuple(condition["field"].removeprefix("arguments.").split("."))
                pools.setdefault(path, []).extend(values(condition, rng))
        yield tool, {}
        for path, pool in pools.items():
            for value in pool:
                arguments = {}
                put(arguments, path, value)
                yield tool, arguments
        for _ in range(combined if len(pools) > 1 else 0):
            arguments = {"other": rng.choice(ODD)}
            for path, pool in pools.items():
                if rng.random() < 0.8:
                    put(arguments, path, rng.choice(pool))
            yield tool, arguments


def exotic(bound):
    """Numbers as text that Python alone reads."""
    for number in (int(bound) + 1, int(bound) - 1):
        text = str(number)
        yield from [f"{text[0]}_{text[1:]}", text.translate({48 + n: 0xFF10 + n for n in range(10)}), f"\u00a0{text}", f"{text}e000"]
