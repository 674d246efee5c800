import type { Certificate, StageDecision } from '../../contracts/certificate.ts';
import { labelOfSignals } from '../../domain/signals.ts';
import { sigmoid } from '../../statistics/logistic.ts';
import { calibrate } from '../confidence/calibrator.ts';
import { scoreOf } from '../confidence/score-model.ts';
import { type GatheredAnswers, stageSignalsOf, witnessesOf } from '../confidence/stage-signals.ts';

/**
 * What a certificate says about one item at stage `index`, from the answers gathered so far. The same function
 * decides online, in `replay` and in the benchmark. An answer under another judge key voids the certificate for
 * this item: it is not accepted, at this stage and at every later one that would look at it.
 */
export function decideStage(
  certificate: Certificate,
  index: number,
  gathered: GatheredAnswers,
): StageDecision {
  const stage = certificate.stages[index];
  const answer = gathered.answers[index];
  const label = answer ? labelOfSignals(answer) : null;
  if (stage === undefined) return inapplicable(label, `${certificate.id} has no stage ${index + 1}`);
  const stranger = strangerAmong(certificate, index, gathered);
  if (stranger !== null) return inapplicable(label, stranger);
  const signals = stageSignalsOf(gathered, index, witnessesOf(certificate.stages, index));
  if (signals === null) return inapplicable(null, 'the judge named no label');
  const score = scoreOf(stage.model, signals);
  // The same subtraction as when it was certified, so that an item at the threshold is decided alike.
  const accept = score - stage.margin >= certificate.threshold;
  const shown = sigmoid(score).toFixed(3);
  const wanted = sigmoid(certificate.threshold + stage.margin).toFixed(3);
  return {
    accept,
    label: signals.label,
    score: sigmoid(score),
    agreement: calibrate(stage.calibrator, score),
    reason: `P(agree) ${shown} ${accept ? '>=' : '<'} ${wanted} (${certificate.id})`,
  };
}

/** Tells of the first answer that is not by the judge whose numbers were certified. */
function strangerAmong(
  { id, stages }: Certificate,
  index: number,
  { answers }: GatheredAnswers,
): string | null {
  for (const [i, stage] of stages.slice(0, index + 1).entries()) {
    const answer = answers[i];
    if (answer && answer.judge !== stage.judge.id) {
      return `${id} is void: ${stage.tier} is ${answer.judge}, certified was ${stage.judge.id}`;
    }
  }
  return null;
}

function inapplicable(label: StageDecision['label'], reason: string): StageDecision {
  return { accept: false, label, score: null, agreement: null, reason };
}
