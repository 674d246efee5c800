import { describe, expect, it } from 'vitest';
import type { EngineResult, LabelProbe } from '../../../../src/contracts/engine.ts';
import { resolveLabels } from '../../../../src/engines/openai/label-tokens.ts';
import type { Tokenizer } from '../../../../src/engines/openai/tokenizer.ts';

const PROBE: LabelProbe = {
  id: 'preference/label@1',
  spellings: { first: ['A', ' A'], second: ['B', ' B'] },
  context: [{ role: 'user', content: 'Which?' }],
};

/** The rendered context is the tokens 1, 2, 3, whose text is `ctx`. */
const CONTEXT = [1, 2, 3];

/** A tokenizer that knows these texts and these begun answers. */
function tokenizer(
  texts: Record<string, number[]>,
  options: { answers?: Record<string, number[]>; text?: string | null; context?: number[] | null } = {},
): Tokenizer {
  const ok = <T>(value: T): Promise<EngineResult<T>> => Promise.resolve({ ok: true, value });
  return {
    ofConversation: () => ok(options.context === undefined ? CONTEXT : options.context),
    ofOpenAnswer: (messages) => ok(options.answers?.[messages.at(-1)?.content ?? ''] ?? null),
    ofText: (text) => ok(texts[text] ?? null),
    toText: () => ok(options.text === undefined ? 'ctx' : options.text),
  };
}

async function tokensOf(used: Tokenizer | null, probe = PROBE): Promise<unknown> {
  const resolved = await resolveLabels(probe, used);
  return resolved.ok
    ? { keyedBy: resolved.value.keyedBy, tokens: [...resolved.value.tokens] }
    : resolved.failure;
}

describe('finding the tokens of labels', () => {
  it('takes the one token that a spelling adds after the rendered prompt', async () => {
    const used = tokenizer({
      ctx: CONTEXT,
      ctxA: [1, 2, 3, 38],
      'ctx A': [1, 2, 3, 431],
      ctxB: [1, 2, 3, 39],
      'ctx B': [1, 2, 3, 534],
    });
    expect(await tokensOf(used)).toEqual({
      keyedBy: 'id',
      tokens: [
        [38, 0],
        [431, 0],
        [39, 1],
        [534, 1],
      ],
    });
  });

  it('drops spellings of several tokens and those that merge with the prompt', async () => {
    const used = tokenizer({
      ctx: CONTEXT,
      ctxA: [1, 2, 3, 38],
      'ctx A': [1, 2, 3, 220, 38],
      ctxB: [1, 2, 777, 39],
      'ctx B': [1, 2, 3, 534],
    });
    expect(await tokensOf(used)).toEqual({
      keyedBy: 'id',
      tokens: [
        [38, 0],
        [534, 1],
      ],
    });
  });

  it('lets the chat template place the label where the text does not come back as the same tokens', async () => {
    const answers = { A: [1, 2, 3, 38], ' A': [1, 2, 3, 38], B: [1, 2, 3, 39], ' B': [1, 2, 3, 39] };
    const expected = {
      keyedBy: 'id',
      tokens: [
        [38, 0],
        [39, 1],
      ],
    };
    expect(await tokensOf(tokenizer({ ctx: [1, 9, 3] }, { answers }))).toEqual(expected);
    expect(await tokensOf(tokenizer({}, { answers, text: null }))).toEqual(expected);
  });

  it('says which label has no token, what was tried and what to do', async () => {
    const used = tokenizer({ ctx: CONTEXT, ctxA: [1, 2, 3, 38], ctxB: [1, 2, 3, 4, 5] });
    expect(await tokensOf(used)).toEqual({
      code: 'engine_rejected',
      message:
        'label set preference/label@1: no spelling of the label "second" is a single token after the prompt ' +
        '(tried "B", " B"); choose other spellings in the prompt template, or another model',
      sent: false,
      blamesReplica: true,
    });
  });

  it('refuses labels that share a token', async () => {
    const used = tokenizer({ ctx: CONTEXT, ctxA: [1, 2, 3, 38], ctxB: [1, 2, 3, 38] });
    expect(await tokensOf(used)).toMatchObject({
      code: 'engine_rejected',
      message: expect.stringContaining('"first" and "second" share a token'),
    });
  });

  it.each([
    ['there is no tokenizer', null],
    ['the engine has no such route', tokenizer({}, { context: null })],
  ])('goes by the text of the spellings when %s', async (_, used) => {
    expect(await tokensOf(used)).toEqual({
      keyedBy: 'text',
      tokens: [
        ['A', 0],
        [' A', 0],
        ['B', 1],
        [' B', 1],
      ],
    });
  });

  it('fails rather than drop a spelling because the engine broke', async () => {
    const broken: EngineResult<never> = {
      ok: false,
      failure: { code: 'engine_error', message: 'broken', sent: true, blamesReplica: true },
    };
    const used: Tokenizer = {
      ...tokenizer({ ctx: CONTEXT }),
      ofText: async (text) => (text === 'ctx' ? { ok: true, value: CONTEXT } : broken),
    };
    expect(await tokensOf(used)).toMatchObject({ code: 'engine_error', message: 'broken' });
  });
});
