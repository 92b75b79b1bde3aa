#!/usr/bin/env python3
"""The rules of the house that the compiler does not know: `.ci/house.py [RULE…]`.

- `length`: files are short;
- `floor`: a module uses only the floors below its own;
- `order`: on its own floor it uses only what stands before it in FLOORS;
- `circle`: no modules, and no files of one folder, import each other in a circle. A folder's own `mod.rs` is its front
  door: what its files share may stand there, and it may call them (`front-door` lists where both happens);
- `clock`: no clock, sleep or randomness without a key outside of what drives the machines;
- `arithmetic`: where records come from, `exp`, `ln` and their like are those of `libm`, which are the same on every platform;
- `names`: no name is that of two public types;
- `catch-all`: no `_ =>` beside variants of an enum of this crate, where a new variant would slip through.

With names of rules it lists what these find. It reads `use` declarations and paths with `crate::`, `super::` or `self::`; what is only for tests does not count, and
neither does `mod child;`, nor a re-export, which stands for the file that it comes from.
"""

import pathlib
import re
import sys
from collections import defaultdict

# Floors from below; inside a floor each uses only those before it.
FLOORS = [
    ["time", "figures", "suggest", "memo", "parallel", "palette", "api", "world"],
    ["net", "fit", "inspection", "strategy"],
    ["observations", "measure", "server", "client"],
    ["scenario", "engine", "mock"],
    ["tune", "report", "check", "lab"],
    ["cli"],
]
DRIVERS = {"cli", "net"}
# Only what drives the machines may have a clock, a sleep, or randomness without a key.
FORBIDDEN = re.compile(r"Instant::now|SystemTime|thread_rng|rand::rng\b|from_os_rng|from_entropy|thread::sleep")
# What records, and with them digests, depend on; and functions that each platform has its own of.
PORTABLE = {"world", "inspection", "fit", "strategy"}
PLATFORM = re.compile(r"\.(?:exp|exp2|exp_m1|ln|ln_1p|log10|log2|powf|cbrt|hypot|sin|cos|tan|atan|atan2|sinh|cosh|tanh)\(|ln_gamma|gamma_[lu]r\b")
LONGEST, LONGEST_MAIN = 450, 79
# Rules that are told and do not fail yet.
PENDING = set()
# Rules that are told only where they are asked for.
SILENT = {"front-door"}

SRC = pathlib.Path("src")
ORDER = {name: (floor, place) for floor, names in enumerate(FLOORS) for place, name in enumerate(names)}


def blank(text):
    """The text with comments, strings and characters replaced by spaces; lines stay where they are."""
    token = re.compile(
        r'//[^\n]*|/\*.*?\*/|b?r(#*)".*?"\1|b?"(?:\\.|[^"\\])*"|b?\'(?:\\(?:u\{[^}]*\}|x..|.)|[^\'\\])\'',
        re.DOTALL,
    )
    return token.sub(lambda found: re.sub(r"[^\n]", " ", found.group()), text)


def closing(text, at):
    """Where the bracket at `at` is closed."""
    pairs, depth = {"{": "}", "(": ")", "[": "]"}, 0
    left, right = text[at], pairs[text[at]]
    for place in range(at, len(text)):
        depth += (text[place] == left) - (text[place] == right)
        if depth == 0:
            return place
    return len(text) - 1


def without_tests(text):
    """The text without items behind `#[cfg(test)]`."""
    while found := re.search(r"#\[cfg\((?:test|all\(doctest[^\]]*)\)\]", text):
        end = found.end()
        while rest := re.match(r"\s*#\[", text[end:]):
            end = closing(text, end + rest.end() - 1) + 1
        stop = re.search(r"[{;]", text[end:])
        last = end + stop.start() if stop else len(text) - 1
        if text[last] == "{":
            last = closing(text, last)
        text = text[: found.start()] + re.sub(r"[^\n]", " ", text[found.start() : last + 1]) + text[last + 1 :]
    return text


def expand(tree):
    """The paths of a use tree, each with the name that it brings in."""
    tree = tree.strip()
    if (brace := tree.find("{")) >= 0:
        prefix, inner, depth, start = tree[:brace], tree[brace + 1 : closing(tree, brace)], 0, 0
        for place, letter in enumerate(inner + ","):
            depth += (letter == "{") - (letter == "}")
            if letter == "," and depth == 0:
                if part := inner[start:place].strip():
                    for path, name in expand(part):
                        yield (prefix + path).removesuffix("::self"), name if path != "self" else prefix.split("::")[-2]
                start = place + 1
        return
    path, _, name = (part.strip() for part in tree.partition(" as "))
    yield path, name or path.split("::")[-1]


class File:
    """A source file as a module."""

    def __init__(self, path):
        self.path = path
        parts = list(path.relative_to(SRC).with_suffix("").parts)
        if parts[-1] in ("mod", "lib"):
            parts.pop()
        self.module = tuple(parts)
        self.raw = path.read_text(encoding="utf-8")
        blanked = blank(self.raw)
        self.tests = {self.module + (name,) for name in re.findall(r"#\[cfg\(test\)\]\s*mod\s+(\w+)\s*;", blanked)}
        self.text = without_tests(blanked)
        self.uses, self.exports = [], {}
        body = self.text
        for found in re.finditer(r"(\bpub(?:\([^)]*\))?\s+)?\buse\s+([^;]+);", self.text):
            body = body[: found.start()] + re.sub(r"[^\n]", " ", found.group()) + body[found.end() :]
            line = self.text.count("\n", 0, found.start()) + 1
            for path, name in expand(re.sub(r"\s+", " ", found.group(2))):
                self.exports[name] = path
                self.uses.append((path, line, name if found.group(1) else None))
        # A re-export that the file itself does not use is no dependency of it.
        self.uses = [(path, line) for path, line, name in self.uses if name is None or re.search(rf"\b{name}\b", body)]
        children = "".join(f"|{child}" for child in re.findall(r"\bmod\s+(\w+)\s*;", body))
        for found in re.finditer(rf"(?<![\w:])(?:crate|super|self{children})(?:::\w+)+", body):
            self.uses.append((found.group(), body.count("\n", 0, found.start()) + 1))


def absolute(file, path):
    """The path from the crate's root; `None` for a path of another crate."""
    parts = [part.strip() for part in path.split("::")]
    module = list(file.module)
    if parts[0] in ("crate", "pollbench"):
        return tuple(parts[1:])
    if parts[0] in ("self", "super"):
        while parts and parts[0] in ("self", "super"):
            if parts.pop(0) == "super":
                module = module[:-1]
        return tuple(module + parts)
    return tuple(module + parts) if tuple(module + parts[:1]) in FILES else None


def resolve(path, depth=0):
    """The module in whose file the item at an absolute path stands, through re-exports."""
    for length in range(len(path), -1, -1):
        if path[:length] in FILES:
            file = FILES[path[:length]]
            rest = path[length:]
            if rest and rest[0] in file.exports and depth < 9:
                target = absolute(file, file.exports[rest[0]])
                if target is not None and target != path[: length + 1]:
                    return resolve(target + rest[1:], depth + 1)
            return path[:length]
    return ()


def circles(edges):
    """Groups of nodes that reach each other (Tarjan)."""
    index, low, stack, on, groups = {}, {}, [], set(), []

    def visit(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        on.add(node)
        for other in sorted(edges.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in on:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            group = []
            while True:
                group.append(stack.pop())
                on.discard(group[-1])
                if group[-1] == node:
                    break
            if len(group) > 1:
                groups.append(sorted(group))

    for node in sorted(edges):
        if node not in index:
            visit(node)
    return groups


def catch_alls(file, enums):
    """Lines of `_ =>` in a match whose other arms name variants of an enum of this crate."""
    text = file.text
    for found in re.finditer(r"\bmatch\b[^;{]*\{", text):
        at, end = found.end(), closing(text, found.end() - 1)
        patterns, wild = [], None
        while at < end:
            arrow = text.find("=>", at, end)
            if arrow < 0:
                break
            pattern = text[at:arrow].strip().lstrip(",").strip()
            if pattern == "_":
                wild = text.count("\n", 0, arrow) + 1
            patterns.append(pattern)
            at = arrow + 2
            depth = 0
            while at < end:
                letter = text[at]
                if letter in "{([":
                    at = closing(text, at)
                    if letter == "{" and text[arrow + 2 : at].strip().startswith("{"):
                        at += 1
                        break
                elif letter == ",":
                    break
                at += 1
        named = {name for pattern in patterns for name in re.findall(r"\b([A-Z]\w*)::[A-Z]\w*", pattern)}
        foreign = {name for name, path in file.exports.items() if absolute(file, path) is None}
        if wild and (own := named & enums - foreign):
            yield wild, sorted(own)


def check(tell):
    """Tells of every breach: its rule, and where."""
    for file in FILES.values():
        lines = file.raw.splitlines()
        own = file.module[0] if file.module else file.path.stem
        most = LONGEST_MAIN if own == "main" else LONGEST
        if len(lines) > most:
            tell("length", f"{file.path}: {len(lines)} lines, at most {most}")
        if own not in ORDER and own not in ("lib", "main"):
            tell("floor", f"{file.path}: `{own}` has no floor")
        for number, line in enumerate(lines, 1):
            # Documentation shows what users write, who may read clocks.
            is_documentation = line.lstrip().startswith(("//!", "///"))
            if own not in DRIVERS and not is_documentation and FORBIDDEN.search(line):
                tell("clock", f"{file.path}:{number}: a clock, a sleep or randomness without a key: {line.strip()}")

        if own in PORTABLE and file.path.stem != "tests":
            for number, line in enumerate(file.text.splitlines(), 1):
                if PLATFORM.search(line):
                    tell("arithmetic", f"{file.path}:{number}: a function that differs between platforms: {line.strip()}")

    tests = {module for file in FILES.values() for module in file.tests}
    modules, folders = defaultdict(set), defaultdict(lambda: defaultdict(set))
    why = {}
    for file in FILES.values():
        if not file.module or file.module == ("main",) or file.module in tests:
            continue
        for path, line in file.uses:
            target = absolute(file, path)
            if target is None:
                continue
            target = resolve(target)
            if not target or target == file.module:
                continue
            own, used = file.module[0], target[0]
            if own != used:
                modules[own].add(used)
                why.setdefault((own, used), f"{file.path}:{line}")
                if own in ORDER and used in ORDER and ORDER[used] > ORDER[own]:
                    above = ORDER[used][0] > ORDER[own][0]
                    place = "above it" if above else "after it on its floor"
                    tell("floor" if above else "order", f"{file.path}:{line}: {own} uses {used}, which is {place}")
                continue
            # The folder in which the two part, and their places in it: a file, a folder, or the folder's own file.
            common = 0
            while common < min(len(file.module), len(target)) and file.module[common] == target[common]:
                common += 1
            folder = file.module[:common]
            here, there = file.module[common : common + 1] or ("mod",), target[common : common + 1] or ("mod",)
            folders[folder][here[0]].add(there[0])
            why.setdefault((folder, here[0], there[0]), f"{file.path}:{line}")

    def circle(rule, place, edges, key):
        for group in circles(edges):
            lines = [f"{place}: {', '.join(group)} import each other in a circle"]
            for one in group:
                lines += [f"    {one} uses {other} at {why[key(one, other)]}" for other in sorted(edges[one] & set(group))]
            tell(rule, "\n".join(lines))

    circle("circle", "src", modules, lambda one, other: (one, other))
    for folder, edges in sorted(folders.items()):
        key, place = (lambda one, other: (folder, one, other)), "src/" + "/".join(folder)
        inner = {one: others - {"mod"} for one, others in edges.items() if one != "mod"}
        circle("circle", place, inner, key)
        if circles(inner) != circles(edges):
            circle("front-door", place, edges, key)

    named = defaultdict(list)
    for file in FILES.values():
        for name in re.findall(r"^\s*pub (?:struct|enum|trait|type) (\w+)", file.text, re.M):
            named[name].append(str(file.path))
    for name, places in sorted(named.items()):
        if len(places) > 1:
            tell("names", f"`{name}` is the name of more than one public type: {', '.join(places)}")

    enums = {name for file in FILES.values() for name in re.findall(r"\benum\s+(\w+)", file.text)}
    for file in FILES.values():
        for line, own in catch_alls(file, enums):
            tell("catch-all", f"{file.path}:{line}: `_ =>` beside variants of {', '.join(own)}")


FILES = {file.module if file.path.stem != "main" else ("main",): file for file in map(File, sorted(SRC.rglob("*.rs")))}

asked, found = set(sys.argv[1:]), []
check(lambda rule, text: found.append((rule, text)))
asked |= {rule for rule in PENDING if rule.split()[0] in asked}
failing = [text for rule, text in found if (rule in asked if asked else rule not in PENDING | SILENT)]
pending = [] if asked else [text for rule, text in found if rule in PENDING]
if pending:
    print("\n".join(["not yet as they should be:", *pending]))
print("\n".join(failing) or f"kept: {', '.join(sorted(asked)) or 'short files, floors and their order, no circles, no clock below the drivers, arithmetic that is the same everywhere, one type a name'}")
sys.exit(bool(failing))
