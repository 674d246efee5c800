import type { CliIo } from './io.ts';

/** What an interrupted run may still finish. */
const LAST_ANSWERS_MS = 5000;

/** How a run learns that the user wants it to end. */
export interface Interruption {
  /** Aborted: begin nothing new. */
  readonly stop: AbortSignal;
  /** Aborted: drop what is under way. */
  readonly abort: AbortSignal;
  release(): void;
}

/** The first interrupt stops and, five seconds later, aborts; a second one aborts at once. */
export function listenForInterrupts(io: CliIo): Interruption {
  const stop = new AbortController();
  const abort = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const unregister = io.onInterrupt(() => {
    if (stop.signal.aborted) abort.abort();
    stop.abort();
    timer ??= setTimeout(() => abort.abort(), LAST_ANSWERS_MS);
  });
  return {
    stop: stop.signal,
    abort: abort.signal,
    release() {
      clearTimeout(timer);
      unregister();
    },
  };
}
