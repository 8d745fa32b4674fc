"""Findings for people and for programs."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

from bot.doctor.finding import Finding, State
from bot.redaction import Redactor


def redacted(findings: Iterable[Finding], secrets: Iterable[str]) -> list[Finding]:
    """The same without any secret, whatever an outside party put into its answer."""
    redact = Redactor(secrets)
    return [
        replace(finding, what=redact(finding.what), fix=redact(finding.fix) if finding.fix else None)
        for finding in findings
    ]


def as_json_list(findings: Sequence[Finding]) -> str:
    """A JSON list of objects with name, state, what and fix (null where there is nothing to do)."""
    return json.dumps([asdict(finding) for finding in findings], indent=2) + "\n"


def as_lines(findings: Sequence[Finding]) -> str:
    """Aligned lines, what to fix below what is wrong, and a sum at the end."""
    state_width = max(map(len, State))
    name_width = max((len(finding.name) for finding in findings), default=0)
    indent = " " * (state_width + name_width + 4)
    lines = []
    for finding in findings:
        lines.append(f"{finding.state:{state_width}}  {finding.name:{name_width}}  {_one_line(finding.what)}")
        if finding.fix:
            lines.append(f"{indent}fix: {_one_line(finding.fix)}")
    counts = Counter(finding.state for finding in findings)
    lines += ["", ", ".join(f"{counts[state]} {state}" for state in State if counts[state])]
    return "\n".join(lines) + "\n"


def _one_line(text: str) -> str:
    """Foreign texts may bring line breaks and worse to the terminal."""
    return "".join(character if character.isprintable() else " " for character in text)
