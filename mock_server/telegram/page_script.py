"""Joins the modules of the chat page into the one script that a browser asks for.

In the source every module is a native ES module. Joined they are still one, in the order in which a browser would run
them (https://tc39.es/ecma262/#sec-innermoduleevaluation). Nothing is wrapped, so they share one scope. What is
understood is what the page needs; everything else is refused:

    import { a, b } from "./other.js";
    export const c = 1;         // let, class, function and async function too; with or without `export`

What begins at the start of a line counts as the top level of its module, so no text and no comment may go over several
lines. What this reading misses, such as a second name in one declaration, the browser refuses when it stands twice.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

_IMPORT = re.compile(r'import \{ ([\w$]+(?:, [\w$]+)*) \} from "\./([\w.-]+\.js)";')
_DECLARATION = re.compile(
    r"(export )?(?:async )?(?:const|let|class|function\*?) (?:([\w$]+)(?=[ (=;])|\[([\w$, ]+)\] =|\{ ([\w$, ]+) \} =)"
)
# What begins like an import or a declaration and is none of those above.
_REFUSED = re.compile(r"\s*(?:import|export)\b|(?:async function|function|const|let|var|class)\b")
_IMPORT_AS_EXPRESSION = re.compile(r"(?<![\w$.])import ?[(.]")


class PageScriptError(Exception):
    """The modules of the page cannot be joined; says which file is why, and which line of it."""


@dataclass(frozen=True)
class _Import:
    line: int
    names: tuple[str, ...]
    source: str


@dataclass
class _Module:
    name: str
    imports: list[_Import] = field(default_factory=list)
    declared: dict[str, int] = field(default_factory=dict)  # name → line
    exported: set[str] = field(default_factory=set)
    lines: list[str] = field(default_factory=list)  # of the script, one for each line of the file


def join_modules(sources: Mapping[str, str], entry: str) -> str:
    """Give one ES module for all in `sources` (file name → text). `entry` is the one that nobody imports.

    A comment before each says which line of its file is which line of the script.

    Raises: PageScriptError for what is not understood, for an import of what is not there or in a circle, for a
        module that is not asked for, and for a name at the top level of two modules.
    """
    modules = {name: _parse(name, text) for name, text in sources.items()}
    if entry not in modules:
        raise PageScriptError(f"there is no {entry}")
    _check_imports(modules)
    ordered: dict[str, _Module] = {}
    _put_in_order(modules, (entry,), ordered)
    if unused := sorted(modules.keys() - ordered.keys()):
        raise PageScriptError(f"{unused[0]}: nobody imports it")
    _check_names(ordered.values())
    return _joined(ordered.values())


def _parse(name: str, text: str) -> _Module:
    module = _Module(name)
    for number, line in enumerate(text.splitlines(), 1):
        module.lines.append(_parse_line(module, number, line))
    return module


def _parse_line(module: _Module, number: int, line: str) -> str:
    if line.lstrip().startswith("//"):
        return line
    if line.count("`") % 2 or "/*" in line:
        raise PageScriptError(f"{module.name}:{number}: a text or comment over several lines is not understood")
    if imported := _IMPORT.fullmatch(line):
        module.imports.append(_Import(number, tuple(imported[1].split(", ")), imported[2]))
        return ""  # and not left out, so that lines keep their distances
    declaration = _DECLARATION.match(line)
    if declaration:
        _declare(module, number, declaration)
    if _IMPORT_AS_EXPRESSION.search(line) or (_REFUSED.match(line) and not declaration):
        raise PageScriptError(f"{module.name}:{number}: not understood: {line.strip()}")
    return line.removeprefix("export ")


def _declare(module: _Module, number: int, declaration: re.Match[str]) -> None:
    is_exported, *found = declaration.groups()
    names = next(filter(None, found)).split(", ")
    module.declared |= dict.fromkeys(names, number)
    if is_exported:
        module.exported.update(names)


def _check_imports(modules: Mapping[str, _Module]) -> None:
    for module in modules.values():
        for imported in module.imports:
            place = f"{module.name}:{imported.line}"
            if imported.source not in modules:
                raise PageScriptError(f"{place}: there is no {imported.source}")
            if missing := [name for name in imported.names if name not in modules[imported.source].exported]:
                raise PageScriptError(f"{place}: {imported.source} does not export {missing[0]}")


def _put_in_order(modules: Mapping[str, _Module], path: tuple[str, ...], ordered: dict[str, _Module]) -> None:
    """Add the module at the end of `path`, after all that it imports."""
    *_, name = path
    for imported in modules[name].imports:
        if imported.source in path:
            circle = " → ".join([*path[path.index(imported.source) :], imported.source])
            raise PageScriptError(f"{name}:{imported.line}: an import in a circle: {circle}")
        if imported.source not in ordered:
            _put_in_order(modules, (*path, imported.source), ordered)
    ordered[name] = modules[name]


def _check_names(modules: Iterable[_Module]) -> None:
    places: dict[str, str] = {}
    for module in modules:
        for name, line in module.declared.items():
            place = f"{module.name}:{line}"
            if (other := places.setdefault(name, place)) != place:
                raise PageScriptError(f"{place}: {name} is declared in {other} too; rename one of them")


def _joined(modules: Iterable[_Module]) -> str:
    lines: list[str] = []
    for module in modules:
        lines.append(f"// ---- {module.name}: its line n is line n + {len(lines) + 1} of this script")
        lines.extend(module.lines)
    return "\n".join([*lines, ""])
