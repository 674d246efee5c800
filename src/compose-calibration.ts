import type { CalibrationItem, CertifyRequest } from './contracts/certificate.ts';
import type {
  Calibration,
  CalibrationTask,
  JudgedItem,
  ObservedTask,
  StratumCalibration,
} from './contracts/evaluation.ts';
import type { Observation } from './contracts/evidence.ts';
import type { Program } from './contracts/program.ts';
import { ALL_ITEMS, type StratumDimension, stratumOf } from './domain/stratum.ts';
import { calibrationOf } from './evaluation/calibration-items.ts';
import { reportCalibration } from './evaluation/calibration-report.ts';
import { mixedJudges, observedItems } from './evaluation/observed-items.ts';
import { replay } from './routing/certificates/replay.ts';
import { certifyChain, withStagesOf } from './routing/certificates/shorter-chains.ts';
import { renderCertificate } from './wire/certificate.ts';

/** What `assay calibrate` needs: from judged items, or from what a gateway observed, to certificates with their reports. */
export const calibrationProgram: Pick<Program, 'calibrate' | 'calibrateStrata' | 'calibrateObservations'> = {
  calibrate,
  calibrateStrata,
  calibrateObservations,
};

function calibrateStrata(
  items: readonly JudgedItem[],
  task: Omit<CalibrationTask, 'stratum' | 'sharedBy'>,
  dimensions: readonly StratumDimension[],
): StratumCalibration[] {
  const strata = [
    ...Map.groupBy(items, ({ item }) => (item === null ? ALL_ITEMS : stratumOf(item, dimensions))),
  ];
  return strata
    .toSorted(([, one], [, other]) => other.length - one.length)
    .map(([stratum, part]) => {
      const own = { ...task, stratum, sharedBy: strata.length };
      return { stratum, items: part.length, result: calibrate(part, own, items) };
    });
}

function calibrate(
  items: readonly JudgedItem[],
  task: CalibrationTask,
  whole: readonly JudgedItem[] = items,
): Calibration {
  const { items: calibrationItems, request } = calibrationOf(items, task, whole);
  return certified(calibrationItems, request, { task, judged: items });
}

function calibrateObservations(observations: readonly Observation[], task: ObservedTask): Calibration {
  const refusal = mixedJudges(observations);
  if (refusal !== null) return { ok: false, refusal };
  const { request, ...about } = observedItems(observations, task);
  return certified(
    observations.map(({ item }) => item),
    request,
    about,
  );
}

/** The certificate with its report. `judged` are the same items, for the report. */
function certified(
  items: readonly CalibrationItem[],
  request: CertifyRequest,
  { task, judged }: { readonly task: CalibrationTask; readonly judged: readonly JudgedItem[] },
): Calibration {
  const certification = certifyChain(items, request);
  if (!certification.ok) return certification;
  const { certificate } = certification;
  const ends = replay(certificate, withStagesOf(certificate, items, request.stages));
  const report = reportCalibration(judged, { task, certificate, ends });
  return { ok: true, certificate: `${JSON.stringify(renderCertificate(certificate), null, 2)}\n`, report };
}
