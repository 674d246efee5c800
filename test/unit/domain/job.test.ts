import { describe, expect, it } from 'vitest';
import { endState, hasEnded, JOB_COMMANDS, JOB_STATES, stateAfter } from '../../../src/domain/job.ts';

describe('the states of a job', () => {
  it('obey the commands that fit, and no others', () => {
    const table = Object.fromEntries(
      JOB_STATES.map((state) => [state, JOB_COMMANDS.map((command) => stateAfter(command, state))]),
    );
    expect(JOB_COMMANDS).toEqual(['cancel', 'pause', 'resume', 'retry-failed']);
    expect(table).toEqual({
      receiving: [null, null, null, null],
      queued: ['stopping', 'paused', 'queued', null],
      running: ['stopping', 'paused', 'running', null],
      paused: ['stopping', 'paused', 'queued', null],
      stopping: ['stopping', null, null, null],
      completed: [null, null, null, 'queued'],
      cancelled: ['cancelled', null, null, 'queued'],
      expired: [null, null, null, 'queued'],
      over_budget: [null, null, null, 'queued'],
    });
  });

  it('end in the one that says why', () => {
    expect([endState(null), endState('cancelled'), endState('expired'), endState('over_budget')]).toEqual([
      'completed',
      'cancelled',
      'expired',
      'over_budget',
    ]);
    expect(JOB_STATES.filter(hasEnded)).toEqual(['completed', 'cancelled', 'expired', 'over_budget']);
  });
});
