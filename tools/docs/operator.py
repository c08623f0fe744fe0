"""The reference of `slotwarden operator` and `slotwarden gateway`: options from click, metrics from their registry."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import click
from prometheus_client.parser import text_string_to_metric_families

from slotwarden.commands.operator import operator
from slotwarden.telemetry.metrics import GatewayMetrics, Metrics, OperatorMetrics
from tools.docs.markdown import code, table, text

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

_PREFIX: Final = "SLOTWARDEN"
_CREATED: Final = "_created"
"""The library's own, beside each metric: when it was begun."""


def options(command: click.Command = operator) -> str:
    """The options, what they are without being given, and the variables of others that are heard."""
    given = [option for option in command.params if isinstance(option, click.Option)]
    rows = [(" / ".join(map(code, each.opts + each.secondary_opts)), _default(each), _help(each)) for each in given]
    return table(("option", "default", "what it is"), rows)


def operator_metrics() -> str:
    """The operator's metrics with their labels."""
    made = OperatorMetrics()
    made.reconciled.labels("", "")
    made.follow_queue("", lambda: 0, lambda: 0)
    made.follow_slots(lambda: {("", ""): 0})
    return _metrics(made)


def gateway_metrics() -> str:
    """The gateway's metrics with their labels."""
    made = GatewayMetrics()
    made.value_reads.labels("", "")
    made.value_writes.labels("", "")
    made.requests.labels("", "")
    made.request_seconds.labels("")
    return _metrics(made)


def _metrics(made: Metrics) -> str:
    """A table of metrics.

    Raises:
        LookupError: one has labels that are not known here, because nothing was counted in it.
    """
    made.vault_request("", "", 0)
    made.kubernetes_request("", "", "", 0)
    families = text_string_to_metric_families(made.render().decode())
    shown = [family for family in families if not family.name.endswith(_CREATED)]
    return table(("metric", "type", "labels", "what it counts"), map(_metric, shown))


def _metric(family: Metric) -> tuple[str, str, str, str]:
    if not family.samples:
        raise LookupError(f"{family.name} has labels: count something in it before its labels are read")
    name = f"{family.name}_total" if family.type == "counter" else family.name
    labels = [label for label in family.samples[0].labels if label != "le"]
    return code(name), family.type, ", ".join(map(code, labels)), text(family.documentation)


def _help(option: click.Option) -> str:
    """What an option says of itself, without its default, and which variables are heard beside its own."""
    said = text((option.help or "").partition(" [default:")[0])
    own = f"{_PREFIX}_{option.opts[0].lstrip('-').replace('-', '_').upper()}"
    heard = [option.envvar] if isinstance(option.envvar, str) else list(option.envvar or ())
    others = [code(name) for name in heard if name != own]
    return f"{said} Also {', '.join(others)}." if others else said


def _default(option: click.Option) -> str:
    said = (option.help or "").partition(" [default: ")[2].rstrip("]")
    if said:
        return said
    if option.is_flag:
        return "yes" if option.default else "no"
    if isinstance(option.type, click.Choice) or option.show_default:
        default = option.default
        return ", ".join(map(code, default)) if isinstance(default, list) else code(str(default))
    return ""
