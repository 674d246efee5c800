/**
 * A refusal with the body that vLLM writes for it. Thrown while a request is read, written by the server in
 * the words of the engine that is played.
 */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly body: unknown;
  /** What is said, apart from the form that it is said in; null where only the body tells. */
  readonly said: ErrorFields | null;

  constructor(status: number, body: unknown, said: ErrorFields | null = null) {
    super(`HTTP ${status}`);
    this.status = status;
    this.body = body;
    this.said = said;
  }
}

export interface ErrorFields {
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
}

function withEnvelope(status: number, { message, type, param }: ErrorFields): ApiError {
  return new ApiError(status, { error: { message, type, param, code: status } }, { message, type, param });
}

/** A value out of range or a combination that cannot be. */
export function badRequest(message: string, param: string | null = null): ApiError {
  return withEnvelope(400, { message, type: 'BadRequestError', param });
}

/** The same with the parameter and its value appended, as vLLM's own checks write it. */
export function badParameter(message: string, param: string, value?: number | string): ApiError {
  const shown = value === undefined ? '' : `, value=${value}`;
  return badRequest(`${message} (parameter=${param}${shown})`, param);
}

/** A body that does not have the declared shape; `lines` are one per fault. */
export function invalidBody(lines: readonly string[], param: string | null): ApiError {
  const count = `${lines.length} validation error${lines.length === 1 ? '' : 's'}`;
  const message = `${count}:\n${lines.map((line) => `  ${line}`).join('\n')}`;
  return withEnvelope(400, { message, type: 'Bad Request', param });
}

export function modelNotFound(asked: string, served: string): ApiError {
  const message = `The model \`${asked}\` does not exist. Valid aliases: ${served}.`;
  return withEnvelope(404, { message, type: 'NotFoundError', param: 'model' });
}

export function engineDied(): ApiError {
  const message = 'EngineCore encountered an issue. See stack trace (above) for the root cause.';
  return withEnvelope(500, { message, type: 'InternalServerError', param: null });
}

export function shutDown(): ApiError {
  const message = 'cannot schedule new futures after shutdown';
  return withEnvelope(500, { message, type: 'InternalServerError', param: null });
}

export function engineBusy(): ApiError {
  const message =
    'The engine is currently busy and cannot accept new requests. Please try again later or on a different instance.';
  return withEnvelope(503, { message, type: 'Service Unavailable', param: null });
}

export function notCompliant(): ApiError {
  return badRequest('Out of range float values are not JSON compliant');
}
