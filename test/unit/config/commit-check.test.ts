import { expect, it } from 'vitest';
import { commitProblems } from '../../../src/config/commit-check.ts';

const policies = {
  kept: { commit: 'before_reply' },
  later: { commit: 'behind' },
  plain: {},
};

it('a policy that commits before the reply needs a database', () => {
  expect(commitProblems({ storage: { kind: 'none' }, policies })).toEqual([
    {
      path: ['policies', 'kept', 'commit'],
      message: 'before_reply needs a database: set storage, or leave commit out',
    },
  ]);
});

it('any database will do, and what is wrong elsewhere is told elsewhere', () => {
  for (const data of [{ storage: { kind: 'embedded' }, policies }, { policies }, { storage: 3 }, null]) {
    expect(commitProblems(data)).toEqual([]);
  }
});
