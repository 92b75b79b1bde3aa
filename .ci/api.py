#!/usr/bin/env python3
"""The public API, one item a line: compares it with `.ci/public-api.txt`, or writes that file with `--write`.

What is public comes from rustdoc's JSON, so re-exports stand where users find them, and what is hidden from the
documentation does not count. Types are named by their last name (no two public types of this crate share one), those of
other crates than the standard library with the crate's name before it. Blanket and automatic implementations are left
out: they differ between compilers.

It also checks which crates the API shows: a signature may use types only of the crates in `SHOWN`, since a breaking
release of one of those is a breaking release of this one.
"""

import difflib
import json
import os
import pathlib
import re
import subprocess
import sys
import tempfile

SNAPSHOT = pathlib.Path(".ci/public-api.txt")
STANDARD = {"std", "core", "alloc"}
# Other crates whose types or traits the API shows, each with the reason why users must see them.
SHOWN = {
    "axum": "`Server::router` goes into an application of the user's own",
    "futures_core": "`client::Events` is a stream",
    "proptest": "`check::Worlds` is a strategy of proptest's",
    "rand_core": "`Draws` serves wherever a generator of `rand` does",
    "serde_core": "results, traces and settings are read and written as JSON",
    "serde_json": "an input of a task is any JSON, and so is what a stub answers",
    "tokio": "connections are read and written as tokio's are",
}


def rustdoc():
    """The crate as rustdoc's JSON, which a stable compiler writes only where it is told that it may."""
    with tempfile.TemporaryDirectory() as folder:
        # Only rustdoc itself sees the variable: several dependencies are built again where it changes.
        wrapper = pathlib.Path(folder, "rustdoc")
        wrapper.write_text('#!/bin/sh\nRUSTC_BOOTSTRAP=1 exec rustdoc "$@"\n')
        wrapper.chmod(0o755)
        command = ["cargo", "rustdoc", "--locked", "--quiet", "--lib", "--target-dir", "target", "--"]
        command += ["-Zunstable-options", "--output-format=json"]
        subprocess.run(command, check=True, env={**os.environ, "RUSTDOC": str(wrapper)})
    return json.loads(pathlib.Path("target/doc/pollbench.json").read_text(encoding="utf-8"))


class Api:
    def __init__(self, crate):
        self.index, self.paths = crate["index"], crate["paths"]
        self.crates = {int(key): value["name"] for key, value in crate["external_crates"].items()}
        self.lines, self.shown, self.open = set(), {}, set()
        self.root = self.item(crate["root"])

    def item(self, key):
        return self.index.get(str(key))

    # Types

    def name(self, path):
        """The name of a type or trait; notes those of other crates."""
        summary = self.paths.get(str(path["id"]))
        last = (summary["path"] if summary else path["path"].split("::"))[-1]
        crate = self.crates.get(summary["crate_id"]) if summary else None
        if crate and crate not in STANDARD:
            self.shown.setdefault(crate, set()).add(self.at)
            last = f"{crate}::{last}"
        return last + self.arguments(path.get("args"))

    def arguments(self, args):
        if not args:
            return ""
        if found := args.get("angle_bracketed"):
            inner = [self.argument(one) for one in found["args"]]
            inner += [self.constraint(one) for one in found["constraints"]]
            return f"<{', '.join(inner)}>" if inner else ""
        if found := args.get("parenthesized"):
            output = f" -> {self.type(found['output'])}" if found["output"] else ""
            return f"({', '.join(map(self.type, found['inputs']))}){output}"
        return ""

    def argument(self, one):
        (kind, value), = one.items() if isinstance(one, dict) else ((one, None),)
        return {
            "lifetime": lambda: value,
            "type": lambda: self.type(value),
            "const": lambda: value["expr"],
            "infer": lambda: "_",
        }[kind]()

    def constraint(self, one):
        name = one["name"] + self.arguments(one.get("args"))
        (kind, value), = one["binding"].items()
        if kind == "equality":
            return f"{name} = {self.term(value)}"
        return f"{name}: {self.bounds(value)}"

    def term(self, value):
        (kind, inner), = value.items()
        return self.type(inner) if kind == "type" else inner["expr"]

    def bounds(self, bounds):
        return " + ".join(filter(None, map(self.bound, bounds)))

    def bound(self, bound):
        (kind, value), = bound.items()
        if kind == "outlives":
            return value
        if kind == "use":
            return "use<" + ", ".join(one if isinstance(one, str) else next(iter(one.values())) for one in value) + ">"
        mark = {"none": "", "maybe": "?", "maybe_const": ""}[value["modifier"]]
        return self.binder(value["generic_params"]) + mark + self.name(value["trait"])

    def binder(self, params):
        return f"for<{', '.join(one['name'] for one in params)}> " if params else ""

    def type(self, one):
        (kind, value), = one.items() if isinstance(one, dict) else ((one, None),)
        match kind:
            case "resolved_path":
                return self.name(value)
            case "dyn_trait":
                parts = [self.binder(poly["generic_params"]) + self.name(poly["trait"]) for poly in value["traits"]]
                return "dyn " + " + ".join(parts + ([value["lifetime"]] if value["lifetime"] else []))
            case "generic" | "primitive":
                return value
            case "function_pointer":
                return self.binder(value["generic_params"]) + "fn" + self.signature(value["sig"], named=False)
            case "tuple":
                return f"({', '.join(map(self.type, value))}{',' if len(value) == 1 else ''})"
            case "slice":
                return f"[{self.type(value)}]"
            case "array":
                return f"[{self.type(value['type'])}; {value['len']}]"
            case "impl_trait":
                return f"impl {self.bounds(value)}"
            case "raw_pointer":
                return f"*{'mut' if value['is_mutable'] else 'const'} {self.type(value['type'])}"
            case "borrowed_ref":
                life = f"{value['lifetime']} " if value["lifetime"] else ""
                inner = self.type(value["type"])
                inner = f"({inner})" if re.match(r"(dyn|impl) .* \+ ", inner) else inner
                return f"&{life}{'mut ' if value['is_mutable'] else ''}{inner}"
            case "qualified_path":
                base = self.type(value["self_type"])
                if value["trait"] and value["trait"]["path"]:
                    return f"<{base} as {self.name(value['trait'])}>::{value['name']}"
                return f"{base}::{value['name']}"
            case "infer":
                return "_"
        raise ValueError(f"rustdoc's JSON has a kind of type that is not known here: {kind}")

    def signature(self, sig, named=True):
        def parameter(name, of):
            if name == "self":
                shown = self.type(of)
                short = {"Self": "self", "&Self": "&self", "&mut Self": "&mut self"}
                return short.get(shown, f"self: {shown}")
            return f"{name}: {self.type(of)}" if named else self.type(of)

        output = f" -> {self.type(sig['output'])}" if sig["output"] else ""
        return f"({', '.join(parameter(*one) for one in sig['inputs'])}){output}"

    def generics(self, generics):
        """Parameters, and the where clause."""
        params = []
        for one in generics["params"]:
            (kind, value), = one["kind"].items()
            if kind == "lifetime":
                params.append(one["name"] + (f": {' + '.join(value['outlives'])}" if value["outlives"] else ""))
            elif kind == "type" and not value.get("is_synthetic"):
                default = f" = {self.type(value['default'])}" if value["default"] else ""
                bounds = self.bounds(value["bounds"])
                params.append(one["name"] + (f": {bounds}" if bounds else "") + default)
            elif kind == "const":
                params.append(f"const {one['name']}: {self.type(value['type'])}")
        where = []
        for one in generics["where_predicates"]:
            (kind, value), = one.items()
            if kind == "bound_predicate":
                where.append(f"{self.binder(value['generic_params'])}{self.type(value['type'])}: {self.bounds(value['bounds'])}")
            elif kind == "lifetime_predicate":
                where.append(f"{value['lifetime']}: {' + '.join(value['outlives'])}")
            else:
                where.append(f"{self.type(value['lhs'])} = {self.term(value['rhs'])}")
        return f"<{', '.join(params)}>" if params else "", f" where {', '.join(where)}" if where else ""

    # Items

    def tell(self, line):
        self.lines.add(line)

    def walk(self, item, path):
        """Tells of a public item that users find at a path, and of all that is in it."""
        (kind, inner), = item["inner"].items()
        self.at = path
        grows = "#[non_exhaustive] " if any("non_exhaustive" in str(one) for one in item["attrs"]) else ""
        match kind:
            case "module":
                self.tell(f"mod {path}")
                for child in inner["items"]:
                    self.child(child, path)
            case "use":
                self.reexport(inner, path)
            case "function":
                self.function(inner, path)
            case "struct":
                params, where = self.generics(inner["generics"])
                (shape, fields), = inner["kind"].items() if isinstance(inner["kind"], dict) else (("unit", None),)
                if shape == "tuple":
                    types = [self.type(self.item(one)["inner"]["struct_field"]) if one is not None and self.item(one) else "_" for one in fields]
                    self.tell(f"{grows}struct {path}{params}({', '.join(types)}){where}")
                else:
                    hidden = shape == "plain" and (fields["has_stripped_fields"] or not fields["fields"])
                    self.tell(f"{grows}struct {path}{params}{' { .. }' if hidden else ''}{where}")
                    if shape == "plain":
                        self.fields(fields["fields"], path)
                self.implementations(inner["impls"], path)
            case "enum":
                params, where = self.generics(inner["generics"])
                self.tell(f"{grows}enum {path}{params}{where}")
                for one in filter(None, map(self.item, inner["variants"])):
                    self.variant(one, f"{path}::{one['name']}")
                self.implementations(inner["impls"], path)
            case "union":
                self.tell(f"union {path}")
            case "trait":
                params, where = self.generics(inner["generics"])
                bounds = self.bounds(inner["bounds"])
                self.tell(f"trait {path}{params}{': ' + bounds if bounds else ''}{where}")
                for one in filter(None, map(self.item, inner["items"])):
                    self.member(one, path)
            case "type_alias":
                params, where = self.generics(inner["generics"])
                self.tell(f"type {path}{params} = {self.type(inner['type'])}{where}")
            case "constant":
                self.tell(f"const {path}: {self.type(inner['type'])}")
            case "static":
                self.tell(f"static {path}: {self.type(inner['type'])}")
            case "macro" | "proc_macro":
                self.tell(f"macro {path}!")
            case _:
                raise ValueError(f"rustdoc's JSON has a kind of item that is not known here: {kind}")

    def child(self, key, path):
        item = self.item(key)
        if item is None:
            return
        if "use" in item["inner"]:
            self.reexport(item["inner"]["use"], path)
        elif item["visibility"] == "public" and "impl" not in item["inner"]:
            self.walk(item, f"{path}::{item['name']}")

    def reexport(self, use, path):
        target = self.item(use["id"]) if use["id"] is not None else None
        if target is None:
            # What is hidden where it stands, or belongs to another crate.
            if (crate := use["source"].split("::")[0]) not in ("crate", "self", "super", *STANDARD):
                self.shown.setdefault(crate, set()).add(f"{path}::{use['name']}")
            self.tell(f"use {path}::{use['name']} = {use['source']}")
        elif use["is_glob"]:
            for child in target["inner"]["module"]["items"]:
                self.child(child, path)
        elif (place := f"{path}::{use['name']}") not in self.open:
            self.open.add(place)
            self.walk(target, place)

    def function(self, inner, path):
        self.at = path
        params, where = self.generics(inner["generics"])
        header = inner["header"]
        words = "".join(f"{word} " for word in ("const", "async", "unsafe") if header[f"is_{word}"])
        self.tell(f"{words}fn {path}{params}{self.signature(inner['sig'])}{where}")

    def fields(self, keys, path):
        for one in filter(None, map(self.item, keys)):
            self.at = f"{path}::{one['name']}"
            self.tell(f"field {path}::{one['name']}: {self.type(one['inner']['struct_field'])}")

    def variant(self, item, path):
        self.at = path
        shape = item["inner"]["variant"]["kind"]
        (kind, value), = shape.items() if isinstance(shape, dict) else ((shape, None),)
        if kind == "tuple":
            types = [self.type(self.item(one)["inner"]["struct_field"]) if one is not None and self.item(one) else "_" for one in value]
            self.tell(f"variant {path}({', '.join(types)})")
        else:
            self.tell(f"variant {path}{' {}' if kind == 'struct' else ''}")
            if kind == "struct":
                self.fields(value["fields"], path)

    def member(self, item, path):
        """What is in a trait or in an inherent implementation."""
        (kind, inner), = item["inner"].items()
        self.at = where = f"{path}::{item['name']}"
        if kind == "function":
            self.function(inner, where)
        elif kind == "assoc_const":
            self.tell(f"const {where}: {self.type(inner['type'])}")
        elif kind == "assoc_type":
            bounds = self.bounds(inner["bounds"])
            is_ = f" = {self.type(inner['type'])}" if inner["type"] else ""
            self.tell(f"type {where}{': ' + bounds if bounds else ''}{is_}")

    def implementations(self, keys, path):
        plain = []
        for one in filter(None, map(self.item, keys)):
            inner = one["inner"]["impl"]
            if inner["is_synthetic"] or inner["blanket_impl"]:
                continue
            self.at = path
            if inner["trait"] is None:
                for member in filter(None, map(self.item, inner["items"])):
                    if member["visibility"] == "public":
                        self.member(member, path)
            elif (name := self.name(inner["trait"])) != "StructuralPartialEq":
                params, where = self.generics(inner["generics"])
                if params or where or self.type(inner["for"]) != path.split("::")[-1]:
                    self.tell(f"impl {path}: impl{params} {name} for {self.type(inner['for'])}{where}")
                else:
                    plain.append(name)
        if plain:
            self.tell(f"impl {path}: {', '.join(sorted(plain))}")


def main():
    api = Api(rustdoc())
    api.walk(api.root, "pollbench")
    text = "".join(f"{line}\n" for line in sorted(api.lines, key=lambda line: (line[line.find("pollbench") :], line)))
    failed = False
    for crate in sorted(api.shown.keys() - SHOWN.keys()):
        failed = True
        print(f"error: the public API shows `{crate}`, which is not in SHOWN: {', '.join(sorted(api.shown[crate]))}")
    for crate in sorted(SHOWN.keys() - api.shown.keys()):
        failed = True
        print(f"error: the public API does not show `{crate}`; take it out of SHOWN")
    if sys.argv[1:] == ["--write"]:
        SNAPSHOT.write_text(text, encoding="utf-8")
        print(f"{SNAPSHOT}: {len(api.lines)} lines")
    elif text != (old := SNAPSHOT.read_text(encoding="utf-8")):
        failed = True
        sys.stdout.writelines(difflib.unified_diff(old.splitlines(True), text.splitlines(True), str(SNAPSHOT), "now", n=0))
        print("error: the public API has changed; where that is meant, `.ci/api.py --write` and commit the difference")
    else:
        print(f"{len(api.lines)} lines as in {SNAPSHOT}; other crates shown: {', '.join(sorted(api.shown)) or 'none'}")
    sys.exit(failed)


main()
