import { createRiskDetector, type DetectorState, restoreRiskDetector } from '../../statistics/e-process.ts';

/**
 * Watches one lane (team x policy x stratum x certificate) for a risk above the promised one, from audited items.
 *
 * Two detectors of `statistics/e-process.ts` run side by side and either raises the alarm. The e-process sees a lane
 * that was wrong from its start: with risk <= alpha it ever alarms with probability at most 1/THRESHOLD. The e-CUSUM
 * sees a change soon whenever it comes: with risk <= alpha it alarms falsely after its run length in audits or more
 * on average. An alarm stays until the lane begins anew under another certificate; nothing here withdraws anything.
 */
export interface LaneMonitor {
  /** Takes in one audited item; returns the alarm when this one raised it, else null. */
  observe(audit: AuditedItem): LaneAlarm | null;
  readonly alarmed: boolean;
  state(): LaneState;
}

/** An item that a coin chose for the audit, whether it was accepted or not. */
export interface AuditedItem {
  /** Accepted, and its label differs from the reference's. Not accepted is no error: the risk is the marginal one. */
  readonly error: boolean;
  /** The coin's probability in (0, 1], fixed before anything was known of the item's outcome. */
  readonly probability: number;
}

export interface LaneAlarm {
  readonly detector: 'e-process' | 'e-cusum';
  /** Evidence against `risk <= alpha`, as a factor. */
  readonly evidence: number;
  readonly audits: number;
  /** Share of errors among all audits of the lane, weighted. */
  readonly observedRisk: number;
  readonly alpha: number;
}

/** A lane's whole memory, as plain JSON. */
export interface LaneState {
  readonly auditShare: number;
  readonly runToFalseAlarm: number;
  readonly errors: number;
  readonly weight: number;
  readonly alarmed: boolean;
  readonly process: DetectorState;
  readonly cusum: DetectorState;
}

/** Wealth at which the e-process alarms: at most one lane in 20 ever, as long as the promise holds. */
const PROCESS_THRESHOLD = 20;
/** Least mean run to a false alarm of the e-CUSUM, in audits. */
const RUN_TO_FALSE_ALARM = 100;

export interface LaneOptions {
  /** The promised marginal risk, in (0, 1). */
  readonly alpha: number;
  /** Least probability in (0, 1] with which an item of this lane is audited; rarer audits are refused. */
  readonly auditShare: number;
  /** Wealth at which the e-CUSUM alarms: its least mean run to a false alarm, in audits; 100 unless told. */
  readonly runToFalseAlarm?: number;
}

export function createLaneMonitor({
  alpha,
  auditShare,
  runToFalseAlarm = RUN_TO_FALSE_ALARM,
}: LaneOptions): LaneMonitor {
  return restoreLaneMonitor({
    auditShare,
    runToFalseAlarm,
    errors: 0,
    weight: 0,
    alarmed: false,
    process: createRiskDetector('e-process', alpha).state(),
    cusum: createRiskDetector('e-cusum', alpha).state(),
  });
}

/** A monitor that goes on from a stored state, which its reader has checked. */
export function restoreLaneMonitor(from: LaneState): LaneMonitor {
  const { auditShare, runToFalseAlarm } = from;
  const process = restoreRiskDetector(from.process);
  const cusum = restoreRiskDetector(from.cusum);
  const { alpha } = from.process;
  let { errors, weight: total, alarmed } = from;
  const alarmAfter = (): LaneAlarm | null => {
    if (alarmed) return null;
    const detector = cusum.reached(runToFalseAlarm)
      ? 'e-cusum'
      : process.reached(PROCESS_THRESHOLD)
        ? 'e-process'
        : null;
    if (detector === null) return null;
    alarmed = true;
    const evidence = Math.exp((detector === 'e-cusum' ? cusum : process).logEvidence());
    const audits = process.state().observations;
    return { detector, evidence, audits, observedRisk: errors / total, alpha };
  };
  return {
    observe({ error, probability }) {
      if (!(probability >= auditShare && probability <= 1)) {
        throw new RangeError(`an audit probability is in [${auditShare}, 1], not ${probability}`);
      }
      // At most 1, so that the weighted loss never has a larger mean than the risk: see `RiskDetector.observe`.
      const weight = auditShare / probability;
      const loss = error ? 1 : 0;
      errors += loss * weight;
      total += weight;
      process.observe(loss, weight);
      cusum.observe(loss, weight);
      return alarmAfter();
    },
    get alarmed() {
      return alarmed;
    },
    state: () => ({
      auditShare,
      runToFalseAlarm,
      errors,
      weight: total,
      alarmed,
      process: process.state(),
      cusum: cusum.state(),
    }),
  };
}
