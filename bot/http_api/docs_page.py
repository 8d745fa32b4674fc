"""The API's documentation as one HTML page that needs nothing from elsewhere: written from the OpenAPI document."""

import json
import re
from collections.abc import Mapping
from html import escape
from string import Template
from typing import Any

from bot.http_api.problems import KINDS

# No script, nothing from other hosts: the page works offline and cannot be made to do anything.
SECURITY_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"

_PAGE = Template("""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>$title API</title><style>
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#222;background:#fff}
h2{margin-top:2.5rem;border-top:1px solid #ddd;padding-top:1rem}code,pre{font:14px/1.4 ui-monospace,monospace}
code{background:#f3f3f3;padding:.1em .3em;border-radius:3px}pre{background:#f3f3f3;padding:1rem;overflow:auto}
table{border-collapse:collapse;width:100%}td,th{text-align:left;vertical-align:top;padding:.3rem .6rem .3rem 0}
tr{border-bottom:1px solid #eee}.method{color:#0a58ca}
@media (prefers-color-scheme:dark){body{color:#ddd;background:#181818}code,pre{background:#2a2a2a}
h2,tr{border-color:#333}.method{color:#6ea8fe}a{color:#6ea8fe}}
</style></head><body><h1>$title API</h1><p>$description</p>
<p>The same for programs: <a href="openapi.json">openapi.json</a>. Every request carries a key:
<code>Authorization: Bearer …</code> or <code>X-API-Key: …</code>.</p>
$operations<h2>Problems</h2><table>$problems</table><h2>Schemas</h2>$schemas</body></html>
""")


def page(document: Mapping[str, Any]) -> str:
    """The whole page for this OpenAPI document."""
    base = document["servers"][0]["url"]
    operations = [
        _operation(method, base + path, described)
        for path, methods in document["paths"].items()
        for method, described in methods.items()
    ]
    return _PAGE.substitute(
        title=escape(document["info"]["title"]),
        description=_prose(document["info"]["description"]),
        operations="".join(operations),
        problems="".join(_problem(code) for code in KINDS),
        schemas="".join(_schema(name, schema) for name, schema in document["components"]["schemas"].items()),
    )


def _operation(method: str, path: str, described: Mapping[str, Any]) -> str:
    rows = [
        f"<tr><td><code>{escape(one['name'])}</code><td>{escape(one['in'])}<td>{_prose(one['description'])}"
        for one in described.get("parameters", ())
    ]
    body = described.get("requestBody", {}).get("content", {})
    takes = [f"<code>{escape(kind)}</code> {_type(one['schema'])}" for kind, one in body.items()]
    answers = [
        f"<tr><td><code>{status}</code><td>{_prose(answer['description'])}<td>{_content(answer)}"
        for status, answer in described["responses"].items()
    ]
    return (
        f'<h2 id="{escape(described["operationId"])}"><span class="method">{method.upper()}</span> {escape(path)}</h2>'
        f"<p><strong>{_prose(described['summary'])}.</strong> {_prose(described['description'])}</p>"
        + (f"<p>Takes {' or '.join(takes)}.</p>" if takes else "")
        + (f"<table>{''.join(rows)}</table>" if rows else "")
        + f"<table>{''.join(answers)}</table>"
    )


def _content(answer: Mapping[str, Any]) -> str:
    return ", ".join(_type(one["schema"]) for one in answer.get("content", {}).values())


def _type(schema: Mapping[str, Any]) -> str:
    reference = schema.get("$ref") or schema.get("allOf", [{}])[0].get("$ref", "")
    name = escape(reference.rpartition("/")[2])
    return f'<a href="#{name}">{name}</a>' if name else ""


def _problem(code: str) -> str:
    kind = KINDS[code]
    return (
        f'<tr id="{escape(code)}"><td><code>{escape(code)}</code><td>{kind.status}'
        f"<td>{escape(kind.title)}. {_prose(kind.meaning)}"
    )


def _schema(name: str, schema: Mapping[str, Any]) -> str:
    text = json.dumps(schema, indent=2, ensure_ascii=False)
    return f'<h3 id="{escape(name)}">{escape(name)}</h3><pre>{escape(text)}</pre>'


def _prose(text: str) -> str:
    """Escaped, with `code` marked as such and paragraphs broken."""
    marked = re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(text))
    return marked.replace("\n\n", "<br>")
