import { z } from 'zod';
import type { LineProblem, ReadLine } from '../contracts/batches.ts';
import { check } from './problems.ts';

/** Longest name of a line; it is given back in the results. */
const LONGEST_ID = 512;

const lineSchema = z.looseObject({
  custom_id: z.string().min(1).max(LONGEST_ID),
  method: z.literal('POST'),
  url: z.string(),
  body: z.looseObject({ stream: z.literal(false).nullish() }),
});

/** Checks one line of the input file of a batch; what its body must have, the call itself will say. */
export function readBatchLine(line: number, value: unknown, endpoint: string): ReadLine {
  const checked = check(lineSchema, value);
  if (!checked.ok) {
    const [first] = checked.problems;
    const message = checked.problems.map((problem) => problem.message).join('; ');
    return badLine({ code: 'invalid_request', message, param: first?.param ?? null, line });
  }
  const { custom_id: customId, url, body } = checked.value;
  if (url !== endpoint) {
    const message = `url must be the endpoint of the batch, ${endpoint}`;
    return badLine({ code: 'mismatched_endpoint', message, param: 'url', line });
  }
  return { ok: true, line, input: { customId, body } };
}

/** A line that is not even JSON. */
export function unreadableBatchLine(line: number, statement: string): ReadLine {
  return badLine({ code: 'invalid_json_line', message: `the line ${statement}`, param: null, line });
}

function badLine(problem: LineProblem): ReadLine {
  return { ok: false, problem };
}
