import type { ApiError, ErrorFields } from '../api-error.ts';

/** The refusal's parts, whatever form it has; the body as text where it has none. */
export function saidBy(error: ApiError): ErrorFields {
  return error.said ?? { message: JSON.stringify(error.body), type: 'error', param: null };
}

export function isOverflow({ said }: ApiError): boolean {
  return said?.param === 'input_tokens' || said?.param === 'input_text';
}

/** OpenAI's form, which others share; `code` is a word or nothing. */
export function openAiError({ message, type, param }: ErrorFields, code: string | null = null) {
  return { error: { message, type, param, code } };
}

/** The error without an envelope (TensorRT-LLM, SGLang). */
export function flatError({ message, type, param }: ErrorFields, code: number) {
  return { object: 'error', message, type, param, code };
}
