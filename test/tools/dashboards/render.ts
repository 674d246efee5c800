import {
  DashboardBuilder,
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  RowBuilder,
  VariableRefresh,
} from '@grafana/grafana-foundation-sdk/dashboard';
import {
  LegendDisplayMode,
  SortOrder,
  LegendPlacement,
  StackingMode,
  TooltipDisplayMode,
} from '@grafana/grafana-foundation-sdk/common';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as SeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import type { DashboardPlan, PanelPlan } from './panel.ts';

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
const TAGS = ['assay'];

/** Grafana's JSON of a plan (classic schema; Grafana 10 and newer). */
export function renderDashboard(plan: DashboardPlan): string {
  const builder = new DashboardBuilder(plan.title)
    .uid(plan.uid)
    .description(plan.description)
    .tags(TAGS)
    .refresh('30s')
    .time({ from: 'now-6h', to: 'now' })
    .withVariable(new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'));
  for (const name of plan.variables) builder.withVariable(variable(name));
  for (const { title, panels } of plan.rows) {
    builder.withRow(new RowBuilder(title));
    for (const panel of panels) builder.withPanel(panel.kind === 'stat' ? stat(panel) : series(panel));
  }
  return `${JSON.stringify(builder.build(), null, 2)}\n`;
}

/** Metrics that have all values of a label. */
const SOURCES = {
  team: 'assay_verdicts_total',
  policy: 'assay_policy_tier_info',
  engine: 'assay_engine_info',
} as const;

function variable(name: keyof typeof SOURCES): QueryVariableBuilder {
  return new QueryVariableBuilder(name)
    .label(name)
    .datasource(DATASOURCE)
    .query(`label_values(${SOURCES[name]}, ${name})`)
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .multi(true)
    .includeAll(true)
    .allValue('.*');
}

function stat({ title, description, unit, queries }: PanelPlan): StatBuilder {
  const panel = new StatBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .datasource(DATASOURCE)
    .span(6)
    .height(5);
  for (const target of targets(queries)) panel.withTarget(target);
  return panel;
}

function series({ title, description, unit, kind, queries }: PanelPlan): SeriesBuilder {
  const panel = new SeriesBuilder()
    .title(title)
    .description(description)
    .unit(unit)
    .datasource(DATASOURCE)
    .span(12)
    .height(8)
    .fillOpacity(kind === 'stacked' ? 40 : 8)
    .tooltip({ build: () => ({ mode: TooltipDisplayMode.Multi, sort: SortOrder.Descending }) })
    .legend({
      build: () => ({
        showLegend: true,
        displayMode: LegendDisplayMode.List,
        placement: LegendPlacement.Bottom,
        calcs: [],
      }),
    });
  if (kind === 'stacked') panel.stacking({ build: () => ({ mode: StackingMode.Normal, group: 'A' }) });
  for (const target of targets(queries)) panel.withTarget(target);
  return panel;
}

function targets(queries: PanelPlan['queries']): DataqueryBuilder[] {
  return queries.map(({ expr, legend }, index) =>
    new DataqueryBuilder()
      .refId(String.fromCodePoint(65 + index))
      .expr(expr)
      .legendFormat(legend),
  );
}
