"""From questions to a dashboard, by Grafana's own models: each key is one that Grafana knows."""

from __future__ import annotations

import json
from itertools import count
from typing import TYPE_CHECKING, Final

from grafana_foundation_sdk.builders import common as looks
from grafana_foundation_sdk.builders import dashboard as made
from grafana_foundation_sdk.builders import prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models.common import (
    BigValueColorMode,
    BigValueGraphMode,
    LegendDisplayMode,
    LegendPlacement,
    SortOrder,
    StackingMode,
    TooltipDisplayMode,
)
from grafana_foundation_sdk.models.dashboard import (
    DashboardCursorSync,
    DashboardLinkType,
    DataSourceRef,
    Threshold,
    ThresholdsMode,
    ValueMap,
    ValueMappingResult,
    VariableRefresh,
)

from tools.dashboard.rows import ROWS, Number

if TYPE_CHECKING:
    from tools.dashboard.rows import Lines

_SOURCE: Final = DataSourceRef(type_val="prometheus", uid="${datasource}")
_RUNBOOKS: Final = "https://github.com/slotwarden/slotwarden/blob/main/docs/alerts.md"
_RIGHT, _WRONG = "green", "red"


def dashboard() -> str:
    """The dashboard as JSON."""
    board = _frame()
    number = count(1)
    for title, panels in ROWS.items():
        board.with_row(made.Row(title).id(next(number)))
        for each in panels:
            panel = _number(each) if isinstance(each, Number) else _lines(each)
            board.with_panel(
                panel.id(next(number)).title(each.title).description(each.about).datasource(_SOURCE).unit(each.unit)
            )
    return json.dumps(json.loads(JSONEncoder().encode(board.build())), indent=2) + "\n"


def _frame() -> made.Dashboard:
    link = made.DashboardLink("What to do").type(DashboardLinkType.LINK).icon("doc").url(_RUNBOOKS)
    namespace = (
        made.QueryVariable("namespace")
        .label("Namespace")
        .datasource(_SOURCE)
        .query("label_values(slotwarden_vault_up, namespace)")
        .refresh(VariableRefresh.ON_TIME_RANGE_CHANGED)
    )
    return (
        made.Dashboard("Slotwarden")
        .uid("slotwarden")
        .description("Credentials declared as objects, stored in Vault and projected into Secrets.")
        .tags(["slotwarden"])
        .readonly()
        .tooltip(DashboardCursorSync.CROSSHAIR)
        .refresh("1m")
        .time("now-6h", "now")
        .link(link.target_blank(True))
        .with_variable(made.DatasourceVariable("datasource").label("Data source").type("prometheus"))
        .with_variable(namespace)
    )


def _number(shown: Number) -> stat.Panel:
    lowest, then = (_RIGHT, _WRONG) if shown.low else (_WRONG, _RIGHT)
    steps = [Threshold(None, lowest), Threshold(shown.turns, then)]
    words = {value: ValueMappingResult(text=text) for value, text in shown.words.items()}
    return (
        stat.Panel()
        .span(4)
        .height(4)
        .with_target(prometheus.Dataquery().expr(shown.query).instant().ref_id("A"))
        .thresholds(made.ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
        .mappings([ValueMap(words)] if words else [])
        .no_value(shown.none)
        .reduce_options(looks.ReduceDataOptions().calcs(["lastNotNull"]))
        .color_mode(BigValueColorMode.BACKGROUND)
        .graph_mode(BigValueGraphMode.NONE)
    )


def _lines(shown: Lines) -> timeseries.Panel:
    panel = (
        timeseries.Panel()
        .span(8)
        .height(8)
        .min(0)
        .fill_opacity(30 if shown.stacked else 10)
        .legend(
            looks.VizLegendOptions()
            .show_legend(True)
            .display_mode(LegendDisplayMode.LIST)
            .placement(LegendPlacement.BOTTOM)
        )
        .tooltip(looks.VizTooltipOptions().mode(TooltipDisplayMode.MULTI).sort(SortOrder.DESCENDING))
    )
    if shown.stacked:
        panel.stacking(looks.StackingConfig().mode(StackingMode.NORMAL))
    for name, (legend, query) in zip("ABCDE", shown.queries.items(), strict=False):
        panel.with_target(prometheus.Dataquery().expr(query).legend_format(legend).range().ref_id(name))
    return panel
