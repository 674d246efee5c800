import type { JobState, StopReason } from './job.ts';

/** The states of the OpenAI Batches API. */
export type BatchState =
  | 'validating'
  | 'failed'
  | 'in_progress'
  | 'finalizing'
  | 'completed'
  | 'expired'
  | 'cancelling'
  | 'cancelled';

/** How a batch stands, by its job. Lines that are left when it expires end without being asked: `finalizing`. */
export function batchStateOf(state: JobState, stopReason: StopReason | null): BatchState {
  switch (state) {
    case 'receiving':
      return 'validating';
    case 'queued':
    case 'running':
    case 'paused':
      return 'in_progress';
    case 'stopping':
      return stopReason === 'cancelled' ? 'cancelling' : 'finalizing';
    case 'over_budget':
      return 'completed';
    default:
      return state;
  }
}
