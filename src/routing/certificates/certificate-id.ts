import { createHash } from 'node:crypto';
import type { Certificate } from '../../contracts/certificate.ts';

/** `crt_` and 24 hexadecimal digits of everything in it; keys are sorted, so that a re-read copy has the same. */
export function certificateIdOf(content: Omit<Certificate, 'id'>): string {
  return `crt_${createHash('sha256').update(canonicalJson(content)).digest('hex').slice(0, 24)}`;
}

function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  );
}
