import type { LineRelay } from '../../src/contracts/batches.ts';

/** For workers that meet no batch. */
export function noRelay(): LineRelay {
  return {
    paths: [],
    ask: () => {
      throw new Error('there is no batch here');
    },
  };
}
