import type { Router, RoutingResult } from '../../src/contracts/routing.ts';
import { judgmentOf } from '../../src/domain/judgment.ts';
import { keyOfModel } from './judge-key.ts';
import { TRAIL_ENTRY } from './routing-results.ts';

/** Prefers the longer text; equal lengths tie. Pairs for which `failing` says so fail. */
export function routerByLength(failing: (pair: readonly string[]) => boolean = () => false) {
  const asked: string[] = [];
  let most = 0;
  let running = 0;
  const router: Router = {
    async route({ candidates }): Promise<RoutingResult> {
      const [a = '', b = ''] = candidates;
      asked.push(`${a}/${b}`);
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      const common = { trail: [TRAIL_ENTRY], decisions: [], difficulty: null, inclusion: 1 };
      if (failing(candidates)) {
        const problem = { code: 'engine_error', message: 'it broke', param: null } as const;
        return { ...common, end: { type: 'failed', problem } };
      }
      const share = 1 / (1 + Math.exp(2 * (b.length - a.length)));
      const reading = {
        order: 'ab',
        probabilities:
          a.length === b.length ? { a: 0.1, b: 0.1, tie: 0.8 } : { a: share, b: 1 - share, tie: 0 },
        worstCase: 0.9,
        censored: false,
        mass: 1,
      } as const;
      const judgment = judgmentOf([reading], keyOfModel('m'));
      return {
        ...common,
        end: { type: 'accepted', tier: 'small', judgment, certificate: null, basis: 'reference' },
      };
    },
  };
  return { router, asked, most: () => most };
}
