"""What a panel of the dashboard is, and how the SDK of Grafana is asked for one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from grafana_foundation_sdk.builders import common as common_builders
from grafana_foundation_sdk.builders import prometheus, stat, timeseries
from grafana_foundation_sdk.builders.dashboard import ThresholdsConfig
from grafana_foundation_sdk.models import common
from grafana_foundation_sdk.models.dashboard import DataSourceRef, DynamicConfigValue, Threshold, ThresholdsMode

SOURCE = DataSourceRef(type_val="prometheus", uid="${datasource}")
GREEN, ORANGE, RED = "green", "orange", "red"


@dataclass(frozen=True, slots=True)
class Query:
    """PromQL, and the name of each of its series; `{{label}}` stands for the label's value."""

    expression: str
    legend: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A panel with one number of the present moment, four columns wide.

    `worry` and `alarm` are the values from which the number is orange, and red; `at_least` turns red what is less.
    """

    title: str
    about: str
    query: Query
    unit: str = "short"
    worry: float | None = None
    alarm: float | None = None
    at_least: float | None = None

    def builder(self) -> stat.Panel:
        """The panel, ready to be built by the dashboard."""
        steps = [Threshold(value=None, color=GREEN if self.at_least is None else RED)]
        steps += [Threshold(value=self.at_least, color=GREEN)] if self.at_least is not None else []
        steps += [Threshold(value=self.worry, color=ORANGE)] if self.worry is not None else []
        steps += [Threshold(value=self.alarm, color=RED)] if self.alarm is not None else []
        return (
            stat.Panel()
            .title(self.title)
            .description(self.about)
            .datasource(SOURCE)
            .unit(self.unit)
            .span(4)
            .height(4)
            .graph_mode(common.BigValueGraphMode.AREA)
            .reduce_options(common_builders.ReduceDataOptions().calcs(["lastNotNull"]))
            .thresholds(ThresholdsConfig().mode(ThresholdsMode.ABSOLUTE).steps(steps))
            .with_target(_target(self.query, "A"))
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Curves:
    """A panel with curves over time, eight columns wide.

    `stacked` where their sum means something; `colors` by the name of the curve, for those that are good or bad.
    """

    title: str
    about: str
    queries: Sequence[Query]
    unit: str = "short"
    stacked: bool = False
    colors: Mapping[str, str] = field(default_factory=dict)

    def builder(self) -> timeseries.Panel:
        """The panel, ready to be built by the dashboard."""
        panel = (
            timeseries.Panel()
            .title(self.title)
            .description(self.about)
            .datasource(SOURCE)
            .unit(self.unit)
            .span(8)
            .height(8)
            .min(0)
            .line_width(1)
            .show_points(common.VisibilityMode.NEVER)
            .fill_opacity(40 if self.stacked else 5)
            .legend(common_builders.VizLegendOptions().show_legend(True))
            .tooltip(
                common_builders.VizTooltipOptions()
                .mode(common.TooltipDisplayMode.MULTI)
                .sort(common.SortOrder.DESCENDING)
            )
        )
        if self.stacked:
            panel.stacking(common_builders.StackingConfig().mode(common.StackingMode.NORMAL))
        for name, color in self.colors.items():
            fixed = DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": color})
            panel.override_by_name(name, [fixed])
        for number, query in enumerate(self.queries):
            panel.with_target(_target(query, chr(ord("A") + number)))
        return panel


def _target(query: Query, name: str) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(query.expression).legend_format(query.legend).range().ref_id(name)
