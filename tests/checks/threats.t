#!/usr/bin/python3
"""docs/THREATS.md against the tree: every number of the two lists once, every
file and every test that a row names is there, no row is open without a reason,
and no comment cites a number that is not in the page.
"""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs/THREATS.md"
FOLDERS = ("core", "pam_module", "agent", "tool", "service", "conf", "tests",
           "man")
# S-42 and S-58 have never been given.
WANTED = [f"S-{n:02}" for n in range(1, 68) if n not in (42, 58)] \
    + [f"V-{n:02}" for n in range(1, 44)]
REASON = 20  # letters that a reason has at least
NAMED = re.compile(r'`([^`]+)`(?:: ("[^"]+"(?:, "[^"]+")*))?')


def rows(text):
    """(number, cells) of each row of the tables."""
    for line in text.splitlines():
        found = re.match(r"\| ([SV]-\d+) \|(.*)\|$", line)
        if found:
            yield found.group(1), [cell.strip() for cell in
                                   re.split(r"(?<!\\)\|", found.group(2))]


def names(path, name):
    """Does the file have a test of this name, or say these words?"""
    text = path.read_text(errors="replace")
    if path.suffix == ".c":
        return re.search(rf"^{re.escape(name)}\(void \*\*state\)$", text, re.M)
    if path.parent.name == "checks" and name.isidentifier():
        return re.search(rf"[\"' ]{name}[\"' ]", text)
    if name.isidentifier() and path.suffix == ".t":
        return re.search(rf"^def {name}\(", text, re.M)
    # A text may stand in pieces, one a line.
    return name in re.sub(r"([\"'])\s*\n\s*f?\1", "", text)


def wrong_references(cell):
    for path, quoted in NAMED.findall(cell):
        if path.startswith("/") or (
                "/" not in path and not (ROOT / path).is_file()):
            continue  # a word of code, not a file
        if not (ROOT / path).is_file():
            yield f"no file '{path}'"
            continue
        for name in re.findall(r'"([^"]+)"', quoted):
            if not names(ROOT / path, name):
                yield f"'{path}' has no test '{name}'"


def wrong_row(cells):
    if len(cells) != 5:
        return [f"{len(cells)} cells behind the number, not 5"]
    threat, rule, answered, proven, status = cells
    wrong = [*wrong_references(answered), *wrong_references(proven)]
    reason = re.match("(?:open|closed; not defended): (.*)", status)
    if not threat or not rule:
        wrong.append("no threat or no rule")
    if status != "closed" and not reason:
        wrong.append(f"status '{status[:30]}', neither 'closed' nor 'open: '")
    if reason and len(reason.group(1)) < REASON:
        wrong.append(f"{status[:6]}, and no reason")
    if status.startswith("closed"):
        if not any((ROOT / path).is_file()
                   for path, _ in NAMED.findall(answered)):
            wrong.append("closed, and no file answers it")
        if not any(path.startswith("tests/")
                   for path, _ in NAMED.findall(proven)):
            wrong.append("closed, and no test proves it")
    return wrong


def cited(numbers):
    """file:line of each number in the sources that the page does not have."""
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*")):
            if not path.is_file() or "node_modules" in path.parts \
                    or path == pathlib.Path(__file__).resolve():
                continue
            text = path.read_text(errors="replace")
            for found in re.finditer(r"(?<![\w-])[SV]-\d\d(?!\d)", text):
                if found.group(0) not in numbers:
                    line = text.count("\n", 0, found.start()) + 1
                    yield f"{path.relative_to(ROOT)}:{line}: " \
                        f"{found.group(0)}"


def main():
    table = list(rows(PAGE.read_text()))
    numbers = [number for number, _ in table]
    results = [(number, wrong_row(cells)) for number, cells in table]
    results.append(("every number is there, once",
                    [f"{number}: {numbers.count(number)} times"
                     for number in sorted({*WANTED, *numbers})
                     if numbers.count(number) != 1 or number not in WANTED]))
    results.append(("every number that the sources cite is there",
                    list(cited(set(numbers)))))
    opening = PAGE.read_text().split("\n## Where")[0].count("\n")
    results.append(("the opening page is one",
                    [f"{opening} lines"] if opening > 40 else []))
    print(f"1..{len(results)}")
    for number, (what, wrong) in enumerate(results, 1):
        print(f"{'not ok' if wrong else 'ok'} {number} - {what}")
        for line in wrong:
            print(f"# {line}")
    return any(wrong for _, wrong in results)


sys.exit(main())
