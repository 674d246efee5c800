import { costDashboard } from './cost.ts';
import { enginesDashboard } from './engines.ts';
import type { DashboardPlan } from './panel.ts';
import { qualityDashboard } from './quality.ts';
import { queuesDashboard } from './queues.ts';

/** The dashboards by the names of their files in deploy/grafana/. */
export const DASHBOARDS: Readonly<Record<string, DashboardPlan>> = {
  cost: costDashboard,
  quality: qualityDashboard,
  engines: enginesDashboard,
  queues: queuesDashboard,
};
