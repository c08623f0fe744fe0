"""The pages that people read a contract on: HTML made from its document, without scripts or anything from elsewhere."""

from __future__ import annotations

import base64
import hashlib
import html
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from slotwarden.gateway.published.described.contract import Contract, Document, Schema

STYLE: Final = """
:root{color-scheme:light dark;--ink:#1d2430;--soft:#566072;--line:#d9dee7;--ground:#fff;--raised:#f5f7fa;--mark:#0b57a4}
@media(prefers-color-scheme:dark){
:root{--ink:#e4e8ef;--soft:#a3adbd;--line:#343c49;--ground:#14181f;--raised:#1c222b;--mark:#7db8f5}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem 4rem}
nav{display:flex;flex-wrap:wrap;gap:.3rem 1.2rem;padding-bottom:1rem;border-bottom:1px solid var(--line)}
a{color:var(--mark)}
nav [aria-current]{color:var(--ink);font-weight:600;text-decoration:none}
h1{font-size:1.8rem;line-height:1.25;margin:1.5rem 0 .5rem}
h2{font-size:1.15rem;margin:2.5rem 0 .5rem}
h3{font-size:1rem;margin:1.4rem 0 .4rem}
p{margin:.4rem 0}
section{scroll-margin-top:1rem}
section.call{margin-top:1.2rem;padding:.2rem 1rem 1rem;border:1px solid var(--line);border-radius:.5rem}
section.call h2{margin-top:.8rem}
section.call:target{border-color:var(--mark)}
section:target h3{color:var(--mark)}
code{font-family:ui-monospace,monospace;font-size:.9em;overflow-wrap:anywhere}
.path{padding:.4rem .6rem;background:var(--raised);border-radius:.3rem}
.soft{color:var(--soft)}
ul.calls{padding-left:1.2rem}
ul.calls li{margin-bottom:.3rem}
ul.calls code{display:block;color:var(--soft)}
table{width:100%;border-collapse:collapse;font-size:.94rem}
th,td{padding:.35rem .8rem .35rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
th{color:var(--soft);font-weight:600}
section tbody tr:last-child td{border-bottom:0}
td:first-child{width:24%}
td:nth-child(2){width:36%}
.answers td:first-child{width:12%}
.answers td:nth-child(2){width:26%}
@media(max-width:40rem){
thead{display:none}tr{display:block;padding:.4rem 0;border-bottom:1px solid var(--line)}
section tbody tr:last-child{border-bottom:0}
td,td:first-child,td:nth-child(2){display:block;width:auto;padding:0;border:0}
td:first-child{font-weight:700}
.answers td:first-child,.answers td:nth-child(2){display:inline;padding-right:.6rem}}
"""
_DIGEST: Final = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""What a browser may load for a page: its own style and nothing else."""


def index(contracts: Sequence[Contract]) -> str:
    """The page that leads to the others."""
    parts = "".join(
        f'<h2><a href="/docs/{each.name}">{_text(each.title)}</a></h2><p>{_text(each.about)}</p>'
        f"{_calls(each.document(), f'/docs/{each.name}')}"
        for each in contracts
    )
    about = "<p>Every call needs a token: <code>Authorization: Bearer TOKEN</code>.</p>"
    return _page("Published APIs", "/docs", contracts, f"<h1>Published APIs</h1>{about}{parts}")


def page(contract: Contract, contracts: Sequence[Contract]) -> str:
    """The page of one contract, among all."""
    document = contract.document()
    source = f"/openapi/published/{contract.name}.json"
    known = document["components"]["schemas"]
    calls = "".join(_call(path, method, told, known) for path, method, told in _operations(document))
    headers = _parameters(next(iter(document["paths"].values()))["parameters"])
    schemas = "".join(
        f'<section id="schema-{_text(name)}"><h3><code>{_text(name)}</code></h3>'
        f"<p>{_text(schema.get('description', ''))}</p>{_members(schema)}</section>"
        for name, schema in known.items()
    )
    return _page(
        contract.title,
        f"/docs/{contract.name}",
        contracts,
        f"<h1>{_text(contract.title)}</h1><p>{_text(contract.about)}</p>"
        f'<p class="soft">The same for programs: <a href="{source}">OpenAPI {document["openapi"]}</a></p>'
        f"{_calls(document, '')}<h2>Headers of every call</h2>{headers}{calls}<h2>Schemas</h2>{schemas}",
    )


def _page(title: str, here: str, contracts: Sequence[Contract], content: str) -> str:
    pages = {"/docs": "Slotwarden", **{f"/docs/{each.name}": each.title for each in contracts}}
    current = {here: ' aria-current="page"'}
    links = "".join(f'<a href="{to}"{current.get(to, "")}>{_text(name)}</a>' for to, name in pages.items())
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{_text(title)} - Slotwarden</title><style>{STYLE}</style></head>"
        f"<body><main><nav>{links}</nav>{content}</main></body></html>\n"
    )


def _operations(document: Document) -> Iterable[tuple[str, str, Document]]:
    for path, calls in document["paths"].items():
        for method, told in calls.items():
            if method != "parameters":
                yield path, method.upper(), told


def _calls(document: Document, base: str) -> str:
    rows = "".join(
        f'<li><a href="{base}#{_text(told["operationId"])}">{_text(told["summary"])}</a>'
        f"<code>{method} {_path(path)}</code></li>"
        for path, method, told in _operations(document)
    )
    return f'<ul class="calls">{rows}</ul>'


def _call(path: str, method: str, told: Document, known: Mapping[str, Schema]) -> str:
    body = ""
    if "requestBody" in told:
        form = _schema(told["requestBody"])
        body = f"<h3>Body</h3><p>{_link(form)}</p>{_members(known[_name(form)])}"
    answers = _table(
        ("code", "form", "when"),
        (
            (f"<code>{code}</code>", _link(_schema(answer)), _text(answer["description"]))
            for code, answer in told["responses"].items()
        ),
        "answers",
    )
    return (
        f'<section class="call" id="{_text(told["operationId"])}"><h2>{_text(told["summary"])}</h2>'
        f'<p class="path"><code><strong>{method}</strong> {_path(path)}</code></p>'
        f'<p class="soft">{_text(told["description"])}</p>'
        f"{_called('Parameters', _parameters(told['parameters']))}{body}<h3>Answers</h3>{answers}</section>"
    )


def _called(title: str, content: str) -> str:
    return f"<h3>{title}</h3>{content}" if content else ""


def _parameters(given: Sequence[Document]) -> str:
    if not given:
        return ""
    rows = (
        (f"<code>{_text(each['name'])}</code>", f"{each['in']}, {_kind(each['schema'])}", _text(each["description"]))
        for each in given
    )
    return _table(("name", "form", "what it is"), rows)


def _members(schema: Schema) -> str:
    if "properties" not in schema:
        return f"<p>{_kind(schema)}</p>"
    needed = schema.get("required", ())
    rows = (
        (
            f"<code>{_text(name)}</code>",
            _kind(part) + ("" if name in needed else ", optional"),
            _text(part.get("description", "")),
        )
        for name, part in schema["properties"].items()
    )
    return _table(("member", "form", "what it is"), rows)


def _kind(schema: Schema) -> str:
    """A schema in few words."""
    if "$ref" in schema:
        return _link(schema["$ref"])
    if "anyOf" in schema:
        return " or ".join(map(_kind, schema["anyOf"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}" if schema["items"] else "list"
    if "properties" in schema:
        return "object of " + ", ".join(f"<code>{_text(name)}</code>" for name in schema["properties"])
    if "const" in schema or "enum" in schema:
        return " or ".join(f"<code>{_text(str(each))}</code>" for each in schema.get("enum", [schema.get("const")]))
    kind: Any = schema.get("type", "anything")
    said = " or ".join(kind) if isinstance(kind, list) else kind
    limits = [_text(str(schema["format"]))] if "format" in schema else []
    limits += [f"{schema['minimum']} to {schema['maximum']}"] if "maximum" in schema else []
    limits += [f"at most {schema['maxLength']} characters"] if "maxLength" in schema else []
    limits += [f"<code>{_text(schema['pattern'])}</code>"] if "pattern" in schema else []
    limits += [f"else <code>{_text(str(schema['default']))}</code>"] if "default" in schema else []
    return ", ".join([said, *limits])


def _schema(holder: Document) -> str:
    reference: str = holder["content"]["application/json"]["schema"]["$ref"]
    return reference


def _name(reference: str) -> str:
    return reference.rpartition("/")[2]


def _link(reference: str) -> str:
    name = _text(_name(reference))
    return f'<a href="#schema-{name}"><code>{name}</code></a>'


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "told") -> str:
    titles = "".join(f"<th>{each}</th>" for each in head)
    lines = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f'<table class="{kind}"><thead><tr>{titles}</tr></thead><tbody>{lines}</tbody></table>'


def _path(path: str) -> str:
    """A path that breaks between its segments, where it has to."""
    return _text(path).replace("/", "<wbr>/")


def _text(text: str) -> str:
    return html.escape(text)
