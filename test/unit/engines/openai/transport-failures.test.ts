import { describe, expect, it } from 'vitest';
import { abortFailure, connectFailure } from '../../../../src/engines/openai/transport-failures.ts';

const coded = (code: string): Error => Object.assign(new Error(`connect ${code} 10.0.0.7:8000`), { code });

describe('failures below HTTP', () => {
  it.each([
    ['ECONNREFUSED', 'the connection was refused'],
    ['ENOTFOUND', 'its name is unknown'],
    ['EAI_AGAIN', 'its name cannot be looked up at the moment'],
    ['UND_ERR_CONNECT_TIMEOUT', 'connecting took too long'],
    ['CERT_HAS_EXPIRED', 'CERT_HAS_EXPIRED'],
  ])('names %s without the address', (code, reason) => {
    expect(connectFailure(coded(code))).toEqual({
      code: 'engine_unavailable',
      message: `the engine cannot be reached: ${reason}`,
      sent: false,
      blamesReplica: true,
    });
  });

  it('takes an abort without a reason of the house for a caller who left', () => {
    expect(abortFailure(AbortSignal.abort(), true)).toEqual({
      code: 'cancelled',
      message: 'the call was cancelled',
      sent: true,
      blamesReplica: false,
    });
  });
});
