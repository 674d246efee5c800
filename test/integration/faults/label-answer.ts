import { labelChunk } from '../../fakes/scripted-engine.ts';

/** A whole answer to a label question, as a fault would have to be taken for one to do harm. */
const LABELS = [
  ['token_id:65', -0.2],
  ['token_id:1065', -3],
  ['token_id:66', -2.5],
  ['token_id:1066', -5],
  ['token_id:67', -4],
  ['token_id:1067', -6],
] as const;
export const LABEL_CHUNK = labelChunk(LABELS[0], LABELS);
