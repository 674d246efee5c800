import { describe, expect, it } from 'vitest';
import { quote, statusFailure, streamFailure } from '../../../../src/engines/openai/failures.ts';

const error = (message: string, extra: Record<string, unknown> = {}): string =>
  JSON.stringify({ error: { message, type: 'BadRequestError', param: null, code: 400, ...extra } });

describe('what an HTTP status and its body mean', () => {
  it.each([
    [
      'NaN as a 400',
      400,
      error('Out of range float values are not JSON compliant'),
      'engine_corrupt',
      true,
      true,
    ],
    [
      'draining vLLM',
      500,
      error('cannot schedule new futures after shutdown'),
      'engine_unavailable',
      false,
      true,
    ],
    [
      'dead engine process',
      500,
      error('EngineCore encountered an issue. See stack trace (above) for the root cause.'),
      'engine_error',
      true,
      true,
    ],
    ['key refused, error as a string', 401, '{"error":"Unauthorized"}', 'engine_unavailable', false, true],
    ['key not allowed', 403, '', 'engine_unavailable', false, true],
    [
      'unknown model',
      404,
      error('The model `nope` does not exist. Valid aliases: tiny.', { param: 'model' }),
      'model_not_found',
      false,
      true,
    ],
    [
      'unknown model, Rust front end',
      404,
      error('model nope not found', { code: 'model_not_found' }),
      'model_not_found',
      false,
      true,
    ],
    ['unknown route', 404, '{"detail":"Not Found"}', 'engine_rejected', false, false],
    ['wrong method', 405, '{"detail":"Method Not Allowed"}', 'engine_rejected', false, false],
    [
      'prompt too long, by tokens',
      400,
      error('too long. (parameter=input_tokens, value=2049)', { param: 'input_tokens' }),
      'context_overflow',
      false,
      false,
    ],
    [
      'prompt too long, by characters',
      400,
      error('too long', { param: 'input_text' }),
      'context_overflow',
      false,
      false,
    ],
    [
      'prompt too long, by text',
      400,
      error("This model's maximum context length is 8 tokens."),
      'context_overflow',
      false,
      false,
    ],
    [
      'prompt too long, llama.cpp',
      400,
      error('no room', { type: 'exceed_context_size_error' }),
      'context_overflow',
      false,
      false,
    ],
    [
      'too many output tokens',
      400,
      error('max_tokens=5000 cannot be greater than max_model_len=2048.', { param: 'max_tokens' }),
      'engine_rejected',
      false,
      false,
    ],
    [
      'bad value',
      400,
      error('temperature must be in [0, 2], got 3.0.', { param: 'temperature' }),
      'engine_rejected',
      false,
      false,
    ],
    [
      'FastAPI list of details',
      422,
      '{"detail":[{"loc":["body"],"msg":"Field required"}]}',
      'engine_rejected',
      false,
      false,
    ],
    [
      'busy',
      503,
      error('The engine is currently busy and cannot accept new requests.'),
      'overloaded',
      false,
      false,
    ],
    ['busy, no body', 503, '', 'overloaded', false, false],
    ['rate limit', 429, '{"error":{"message":"slow down"}}', 'overloaded', false, false],
    ['plain 500', 500, error('boom'), 'engine_error', true, false],
    ['proxy page', 502, '<html>Bad Gateway</html>', 'engine_error', true, false],
    ['redirect', 307, '', 'engine_error', true, false],
    ['not implemented', 501, error('not supported'), 'engine_rejected', false, false],
  ] as const)('%s', (...[, status, body, code, sent, blamesReplica]) => {
    expect(statusFailure(status, body)).toMatchObject({ code, sent, blamesReplica });
  });

  it('quotes what the engine said where that helps', () => {
    expect(statusFailure(400, error('temperature must be in [0, 2], got 3.0.')).message).toBe(
      'the engine refuses the request (HTTP 400): temperature must be in [0, 2], got 3.0.',
    );
    expect(statusFailure(422, '{"detail":[{"msg":"Field required"}]}').message).toContain('Field required');
  });

  it('keeps the names of other models to itself', () => {
    const { message } = statusFailure(404, error('The model `x` does not exist. Valid aliases: secret.'));
    expect(message).toBe('the engine does not serve the configured model');
  });

  it('tells the operator what to do about a refused key', () => {
    expect(statusFailure(401, '{"error":"Unauthorized"}').message).toBe(
      'the engine refuses the key that Assay sends (HTTP 401); check apiKey of the engine in the configuration',
    );
  });
});

describe('what an error event in a stream means', () => {
  const event = (message: string): Parameters<typeof streamFailure>[0] => ({
    message,
    param: null,
    type: null,
    code: null,
  });

  it('knows a dead engine', () => {
    expect(streamFailure(event('EngineCore encountered an issue.'))).toMatchObject({
      code: 'engine_error',
      blamesReplica: true,
    });
  });

  it('was sent, whatever it says', () => {
    expect(streamFailure(event('cannot schedule new futures after shutdown'))).toMatchObject({
      code: 'engine_unavailable',
      sent: true,
    });
  });

  it('is an engine error otherwise, in the words of the engine', () => {
    expect(streamFailure(event('odd'))).toEqual({
      code: 'engine_error',
      message: 'the engine failed in the middle of its answer: odd',
      sent: true,
      blamesReplica: false,
    });
  });
});

describe('quoting an engine', () => {
  it.each([
    ['cannot reach http://10.0.0.7:8000/v1?x=1 now', 'cannot reach [address] now'],
    ['peer 10.1.2.3:9000 and [fd00::1]:80 gone', 'peer [address] and [address] gone'],
    ['vllm-0.ai.svc:8000 or localhost:8000', '[address] or [address]'],
    ['no file /models/llama/config.json here', 'no file [path] here'],
    ['temperature must be in [0, 2], got 3.0.', 'temperature must be in [0, 2], got 3.0.'],
    ['1 validation error:\n  {"loc": "body.x"}', '1 validation error: {"loc": "body.x"}'],
  ])('%j becomes %j', (text, expected) => {
    expect(quote(text)).toBe(expected);
  });

  it('stops at 300 characters', () => {
    expect(quote('x'.repeat(5000))).toBe(`${'x'.repeat(299)}…`);
  });
});

describe('what other engines than vLLM say', () => {
  const flat = (message: string): string =>
    JSON.stringify({ object: 'error', message, type: 'BadRequestError', param: null, code: 400 });
  const llama = (code: number, type: string, message: string): string =>
    JSON.stringify({ error: { code, message, type } });

  it.each([
    [
      400,
      flat('The sum of prompt length (7241.0), query length (0) should not exceed max_num_tokens (4096)'),
    ],
    [400, flat("The input (5000 tokens) is longer than the model's context length (4096 tokens).")],
    [400, llama(400, 'invalid_request_error', 'the input length exceeds the context length')],
    [400, llama(400, 'exceed_context_size_error', 'request (6013 tokens) exceeds')],
  ])('HTTP %i %s is a prompt that does not fit', (status, body) => {
    expect(statusFailure(status, body)).toMatchObject({ code: 'context_overflow', blamesReplica: false });
  });

  it.each([
    ['a refusal without an envelope', 400, flat('extra fields not permitted'), 'engine_rejected', false],
    [
      'a failure inside that calls itself a bad request',
      400,
      flat('CUDA error: illegal memory access'),
      'engine_error',
      true,
    ],
    [
      'half a surrogate pair as a server error',
      500,
      llama(500, 'server_error', '[json.exception.parse_error.101] x'),
      'engine_rejected',
      false,
    ],
    [
      'a model that is being loaded',
      503,
      llama(503, 'unavailable_error', 'Loading model'),
      'engine_unavailable',
      true,
    ],
    ['a full queue', 503, llama(503, 'api_error', 'server busy, please try again.'), 'overloaded', false],
    [
      'the code of a model that is not there',
      404,
      '{"error":{"message":"no","code":"model_not_found"}}',
      'model_not_found',
      true,
    ],
  ])('knows %s', (_, status, body, code, blamesReplica) => {
    expect(statusFailure(status, body)).toMatchObject({ code, blamesReplica });
  });

  it('passes on when they want to be asked again', () => {
    expect(statusFailure(429, '', 2_000)).toMatchObject({ code: 'overloaded', retryAfterMs: 2_000 });
    expect(statusFailure(429, '')).not.toHaveProperty('retryAfterMs');
  });
});
