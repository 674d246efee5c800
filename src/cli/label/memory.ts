import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Keeps the heap near what lives in it. By default V8 lets it grow to several times of that, and loading
 * the program alone has made room for 32 MB of young objects. A labelling run lives beside training jobs,
 * for which memory counts more than the tenth of processor time that this costs. Measured on 2,312 pairs
 * with two simulated engines in the process: 170 MB resident instead of 370 MB.
 */
export function preferSmallHeap(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=50');
  // Only a full collection gives back what loading took; contexts made after this flag can ask for one.
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect === 'function') collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
