import type { Meter } from '../contracts/metrics.ts';
import type { RequestObserver } from '../contracts/observers.ts';
import { memo } from './memo.ts';

/** Figures of the public API's requests. */
export function createRequestMeter(meter: Meter): RequestObserver {
  const requests = meter.counter('assay_http_requests_total');
  const ofRoute = memo((route) => ({
    byStatus: memo((status) => requests.of({ route, status })),
    durations: meter.histogram('assay_http_request_duration_seconds').of({ route }),
    overheads: meter.histogram('assay_http_overhead_seconds').of({ route }),
  }));
  let underWay = 0;
  meter.read('assay_http_in_flight', () => [{ labels: {}, value: underWay }]);
  return {
    began() {
      underWay += 1;
    },
    answered({ route, status, ms, engineMs, queuedMs }) {
      underWay -= 1;
      const figures = ofRoute(route);
      figures.byStatus(String(status)).add();
      figures.durations.observe(ms / 1_000);
      figures.overheads.observe(Math.max(0, ms - engineMs - queuedMs) / 1_000);
    },
  };
}
