import { readFile } from 'node:fs/promises';
import { Tokenizer } from '@huggingface/tokenizers';
import { z } from 'zod';
import type { EngineResult } from '../../contracts/engine.ts';
import { quote } from '../openai/failures.ts';
import { unfitFailure } from './failures.ts';

/** The model's tokens. Triton has no interface to ask for them, so they are read from its tokenizer.json. */
export interface TextTokens {
  /** The ids of a text, without the marks that begin and end a sequence. */
  idsOf(text: string): readonly number[];
}

const tokenizerFile = z.looseObject({ model: z.looseObject({}) });

/** Reads a tokenizer.json; a file that cannot be used is a failure for the operator to read. */
export async function loadTokens(path: string, signal: AbortSignal): Promise<EngineResult<TextTokens>> {
  try {
    const file: unknown = JSON.parse(await readFile(path, { encoding: 'utf8', signal }));
    const tokenizer = new Tokenizer(tokenizerFile.parse(file), {});
    return {
      ok: true,
      value: { idsOf: (text) => tokenizer.encode(text, { add_special_tokens: false }).ids },
    };
  } catch (error) {
    const reason = error instanceof Error ? quote(error.message) : 'it cannot be read';
    return { ok: false, failure: unfitFailure(`the tokenizer file cannot be used: ${reason}`) };
  }
}
