/** A dashboard as plain data: what is shown, from which queries. `render.ts` makes Grafana's JSON of it. */
export interface DashboardPlan {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** Labels that can be picked at the top; queries filter by them as `$name`. */
  readonly variables: readonly ('team' | 'policy' | 'engine')[];
  readonly rows: readonly { readonly title: string; readonly panels: readonly PanelPlan[] }[];
}

export interface PanelPlan {
  readonly title: string;
  readonly description: string;
  readonly kind: 'stat' | 'series' | 'stacked';
  /** Unit of Grafana. */
  readonly unit: 'currencyUSD' | 'percentunit' | 'reqps' | 's' | 'short' | 'bytes';
  readonly queries: readonly QueryPlan[];
}

export interface QueryPlan {
  readonly expr: string;
  readonly legend: string;
  /** True for what is there only when something went wrong: then no data is good news. */
  readonly sparse?: true;
}

export function query(expr: string, legend: string): QueryPlan {
  return { expr, legend };
}

export function sparse(expr: string, legend: string): QueryPlan {
  return { expr, legend, sparse: true };
}

/** Quantile `q` of a histogram. */
export function quantile(q: number, metric: string, options: { by: string; where?: string }): string {
  const { by, where = '' } = options;
  return `histogram_quantile(${q}, sum by (le, ${by}) (rate(${metric}_bucket{${where}}[$__rate_interval])))`;
}
