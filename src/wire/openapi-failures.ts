import type { ZodOpenApiResponseObject } from 'zod-openapi';
import { ERRORS, type ErrorCode } from '../domain/errors.ts';
import { envelopeSchema, renderEnvelope } from './envelope.ts';

/** Failures as the API description shows them. */
export const COMMON_FAILURES: readonly ErrorCode[] = ['unauthenticated', 'forbidden', 'internal'];
export const BODY_FAILURES: readonly ErrorCode[] = [
  'invalid_request',
  'request_timeout',
  'request_too_large',
  'unsupported_media_type',
  'overloaded',
];
/** One response per status, telling the codes that it may carry. */
export function failures(
  codes: readonly ErrorCode[],
): Record<`${1 | 2 | 3 | 4 | 5}${string}`, ZodOpenApiResponseObject> {
  const byStatus = Map.groupBy(codes, (code) => ERRORS[code].status);
  return Object.fromEntries(
    [...byStatus].map(([status, sameStatus]) => [
      String(status),
      {
        description: sameStatus.map((code) => `\`${code}\`: ${ERRORS[code].advice}`).join('\n\n'),
        content: { 'application/json': { schema: envelopeSchema, examples: errorExamples(sameStatus) } },
      },
    ]),
  );
}

function errorExamples(codes: readonly ErrorCode[]): Record<string, { value: unknown }> {
  const example = (code: ErrorCode) => renderEnvelope({ code, message: ERRORS[code].advice, param: null });
  return Object.fromEntries(codes.map((code) => [code, { value: example(code) }]));
}
