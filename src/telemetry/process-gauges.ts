import { type EventLoopUtilization, monitorEventLoopDelay } from 'node:perf_hooks';
import type { Meter } from '../contracts/metrics.ts';

/** Milliseconds between two looks at how late the event loop is. */
const RESOLUTION_MS = 20;
const NANO = 1e9;
const MICRO = 1e6;

/** Figures of this process and its event loop; the function returned ends the watch. */
export function watchProcess(meter: Meter): () => void {
  const startedAt = Date.now() / 1_000 - process.uptime();
  meter.read('assay_process_cpu_seconds_total', () => {
    const { user, system } = process.cpuUsage();
    return [{ labels: {}, value: (user + system) / MICRO }];
  });
  meter.read('assay_process_resident_bytes', () => [{ labels: {}, value: process.memoryUsage.rss() }]);
  meter.read('assay_process_heap_bytes', () => [{ labels: {}, value: process.memoryUsage().heapUsed }]);
  meter.read('assay_process_start_time_seconds', () => [{ labels: {}, value: startedAt }]);
  readBusyShare(meter);
  return watchDelay(meter);
}

function readBusyShare(meter: Meter): void {
  let before: EventLoopUtilization = performance.eventLoopUtilization();
  meter.read('assay_event_loop_busy_ratio', () => {
    const now = performance.eventLoopUtilization();
    const { utilization } = performance.eventLoopUtilization(now, before);
    before = now;
    return [{ labels: {}, value: utilization }];
  });
}

function watchDelay(meter: Meter): () => void {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delays.enable();
  meter.read('assay_event_loop_delay_seconds', () => {
    // The wait for the timer itself is in the figures.
    const late = (ns: number): number => Math.max(0, ns / NANO - RESOLUTION_MS / 1_000);
    const readings = [
      { labels: { quantile: '0.5' }, value: late(delays.percentile(50)) },
      { labels: { quantile: '0.99' }, value: late(delays.percentile(99)) },
      { labels: { quantile: '1' }, value: late(delays.max) },
    ];
    delays.reset();
    return readings;
  });
  return () => delays.disable();
}
