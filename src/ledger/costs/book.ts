import { sql } from 'kysely';
import type { CostBook, CostQuery } from '../../contracts/costs.ts';
import type { Store } from '../store.ts';
import { linesOf } from './lines.ts';
import type { CostSum } from './table.ts';

/** Reads the sums that were written with the verdicts. `lastTierOf` gives the strongest tier of a policy. */
export function createCostBook(store: Store, lastTierOf: (policy: string) => string | null): CostBook {
  return {
    async lines(query) {
      return linesOf(await sumsOf(store, query), query.by, lastTierOf);
    },
  };
}

async function sumsOf(store: Store, { team, by, since, until }: CostQuery): Promise<CostSum[]> {
  const day = by === 'day' ? sql`to_char(day, 'YYYY-MM-DD')` : sql`''`;
  const { rows } = await store.run((db) =>
    sql<CostSum>`select ${day} as day, team, policy, task, tier, kind,
      sum(items)::bigint as items, sum(labels)::bigint as labels, sum(cached)::bigint as cached,
      sum(calls)::bigint as calls, sum(retries)::bigint as retries, sum(judgments)::bigint as judgments,
      sum(input_tokens)::bigint as input_tokens, sum(cached_input_tokens)::bigint as cached_input_tokens,
      sum(output_tokens)::bigint as output_tokens, sum(engine_seconds) as engine_seconds,
      sum(nano_usd)::bigint as nano_usd
    from cost_day
    where (${team}::text is null or team = ${team})
      and (${since}::date is null or day >= ${since}::date)
      and (${until}::date is null or day <= ${until}::date)
    group by 1, 2, 3, 4, 5, 6`.execute(db),
  );
  return rows;
}
