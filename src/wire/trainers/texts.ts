import type { Checked } from '../problems.ts';
import type { RewardRequest } from './surface.ts';
import { readTranscript } from './transcript.ts';

/** Texts that hold prompt and response in one, as several trainers send them. */
export function askedOfTexts(
  texts: readonly string[],
  field: string,
  after: string | undefined,
): Checked<Pick<RewardRequest, 'asked'>> {
  const read = texts.map((text, position) => {
    const place = `${field}[${position}]`;
    return { place, transcript: readTranscript(text, place, after) };
  });
  const problems = read.flatMap(({ transcript }) => (transcript.ok ? [] : transcript.problems));
  if (problems.length > 0) return { ok: false, problems };
  const asked = read.flatMap(({ place, transcript }) =>
    transcript.ok ? [{ place, ...transcript.value, label: null }] : [],
  );
  return { ok: true, value: { asked } };
}
