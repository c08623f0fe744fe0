"""The reference of `slotwarden operator`: its options from click, its metrics from their registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
from prometheus_client.parser import text_string_to_metric_families

from slotwarden.main import operator
from slotwarden.telemetry.metrics import Metrics
from tools.docs.markdown import code, table, text

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

_PREFIX: Final = "SLOTWARDEN"
_CREATED: Final = "_created"
"""The library's own, beside each metric: when it was begun."""


def options() -> str:
    """The options, the variables that they can be given by, and what they are without either."""
    rows = [
        (
            " / ".join(map(code, option.opts + option.secondary_opts)),
            _variables(option),
            _default(option),
            text(_help(option)),
        )
        for option in operator.params
        if isinstance(option, click.Option)
    ]
    return table(("option", "variable", "default", "what it is"), rows)


def metrics() -> str:
    """The metrics with their labels.

    Raises:
        LookupError: one has labels that are not known here, because nothing was counted in it.
    """
    made = Metrics()
    made.reconciled.labels("", "")
    made.vault_request("", "", 0)
    made.kubernetes_request("", "", "", 0)
    made.follow_queue("", lambda: 0, lambda: 0)
    families = text_string_to_metric_families(made.render().decode())
    shown = [family for family in families if not family.name.endswith(_CREATED)]
    return table(("metric", "type", "labels", "what it counts"), map(_metric, shown))


def _metric(family: Metric) -> tuple[str, str, str, str]:
    if not family.samples:
        raise LookupError(f"{family.name} has labels: count something in it before its labels are read")
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = [label for label in family.samples[0].labels if label != "le"]
    return code(name), family.type, ", ".join(map(code, labels)), text(family.documentation)


def _variables(option: click.Option) -> str:
    given = option.envvar or f"{_PREFIX}_{str(option.name).upper()}"
    names = [given] if isinstance(given, str) else list(given)
    return ", ".join(map(code, names))


def _help(option: click.Option) -> str:
    return (option.help or "").partition(" [default:")[0]


def _default(option: click.Option) -> str:
    said = (option.help or "").partition(" [default: ")[2].rstrip("]")
    if said:
        return said
    if option.is_flag:
        return "yes" if option.default else "no"
    if isinstance(option.type, click.Choice) or option.show_default:
        return code(str(option.default))
    return ""
