import type { TrailEntry, Verdict } from '../domain/verdict.ts';
import { renderTrailEntry, renderVerdict, summarise } from './verdict.ts';

/** Writes the reply to a feedback request as JSON text; `id` is the request's id. */
export type FeedbackText = (id: string, verdicts: readonly Verdict[]) => string;

/**
 * The same text as `JSON.stringify(renderFeedback(…))`. Most of it is the history of the verdicts, and a label that
 * is given again has the very history that it had before: that is written once for each stored label, and the text
 * lives as long as the label does.
 */
export function createFeedbackText(): FeedbackText {
  const histories = new WeakMap<readonly TrailEntry[], string>();
  const historyOf = (trail: readonly TrailEntry[]): string => {
    const known = histories.get(trail);
    if (known !== undefined) return known;
    const text = JSON.stringify(trail.map(renderTrailEntry));
    histories.set(trail, text);
    return text;
  };
  const textOf = (verdict: Verdict): string => {
    if (!verdict.cached) return JSON.stringify(renderVerdict(verdict));
    const text = JSON.stringify(renderVerdict({ ...verdict, trail: NOTHING }));
    // Quotes inside of texts are escaped, and the caller's own keys come behind.
    const at = text.indexOf(EMPTY);
    return `${text.slice(0, at)}"trail":${historyOf(verdict.trail)}${text.slice(at + EMPTY.length)}`;
  };
  return (id, verdicts) => {
    const data = verdicts.map(textOf).join(',');
    return `{"id":${JSON.stringify(id)},"object":"list","data":[${data}],"summary":${JSON.stringify(summarise(verdicts))}}`;
  };
}

const NOTHING: readonly TrailEntry[] = [];
const EMPTY = '"trail":[]';
