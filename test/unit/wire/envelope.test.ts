import { describe, expect, it } from 'vitest';
import { renderEnvelope } from '../../../src/wire/envelope.ts';

describe('the error envelope', () => {
  it('has the four fields of one problem', () => {
    expect(renderEnvelope({ code: 'model_not_found', message: 'no such model', param: 'model' })).toEqual({
      error: {
        message: 'no such model',
        type: 'invalid_request_error',
        param: 'model',
        code: 'model_not_found',
      },
    });
  });

  it('lists several problems in its message and its details', () => {
    const envelope = renderEnvelope(
      { code: 'invalid_request', message: 'items is required', param: 'items' },
      { code: 'invalid_request', message: 'x is not a known field', param: 'x' },
    );
    expect(envelope).toEqual({
      error: {
        message: 'items is required; x is not a known field',
        type: 'invalid_request_error',
        param: 'items',
        code: 'invalid_request',
        details: [
          { param: 'items', message: 'items is required' },
          { param: 'x', message: 'x is not a known field' },
        ],
      },
    });
  });

  it('stays small however much is wrong', () => {
    const problem = (n: number) => ({
      code: 'invalid_request' as const,
      message: `problem ${n}`,
      param: `p${n}`,
    });
    const { error } = renderEnvelope(problem(0), ...Array.from({ length: 99 }, (_, n) => problem(n + 1)));
    expect(error.details).toHaveLength(20);
    expect(error.message).toMatch(/^problem 0; problem 1; .*; problem 19; and 80 more$/);
  });
});
