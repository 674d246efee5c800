import { createHash } from 'node:crypto';
import type { JobIntake, JobRequest, JobService } from '../../contracts/jobs.ts';
import type { Principal } from '../../contracts/authenticator.ts';
import { GatewayError } from '../../domain/errors.ts';
import { renderSubmission } from '../../wire/job.ts';
import { parseJobBody, parseJobQuery, type WantedJob } from '../../wire/job-request.ts';
import { LINES_BODY, readBodyLines } from '../body-lines.ts';
import type { Catalogue } from '../catalogue.ts';
import type { GatewayDeps } from '../deps.ts';
import type { Exchange } from '../exchange.ts';
import type { TeamHandler } from '../handler.ts';
import { readJson } from '../json-body.ts';
import { sendJson, sendProblems } from '../reply.ts';
import { drawnLines } from './drawn-lines.ts';
import { itemsOfLines, itemsOfList } from './item-lines.ts';
import { queryOf } from './query.ts';

/** Longest line of a JSONL body: about 60,000 tokens, more than a pair of answers has. */
const LONGEST_LINE = 256 * 1024;
/** Silence after which a body counts as broken off. */
const IDLE_MS = 30_000;
/** Time for a whole body: an hour, as a slow line may carry a large one. */
const BODY_MS = 3_600_000;

type JobDeps = GatewayDeps & { readonly jobs: JobService };

/** `POST /v1/feedback/jobs`: items as JSONL, streamed in, or as a JSON body. 202 says that they are kept. */
export function createSubmissionHandler(deps: JobDeps, catalogue: Catalogue): TeamHandler {
  return async (exchange, principal) => {
    exchange.allowBody(BODY_MS);
    if (LINES_BODY.accepts(exchange.request.headers['content-type'])) {
      await submitLines(exchange, principal, { deps, catalogue });
    } else {
      await submitList(exchange, principal, { deps, catalogue });
    }
  };
}

interface Means {
  readonly deps: JobDeps;
  readonly catalogue: Catalogue;
}

async function submitLines(
  exchange: Exchange,
  principal: Principal,
  { deps, catalogue }: Means,
): Promise<void> {
  const parsed = parseJobQuery(queryOf(exchange));
  if (!parsed.ok) {
    exchange.request.resume();
    sendProblems(exchange, parsed.problems);
    return;
  }
  const { sampling, ...wanted } = parsed.value;
  const request = requestOf(exchange, principal, wanted, catalogue);
  const hash = createHash('sha256').update(JSON.stringify(parsed.value));
  const rules = {
    longestLine: LONGEST_LINE,
    limitBytes: deps.limits.jobBytes,
    idleMs: IDLE_MS,
    clock: deps.clock,
    digest: (bytes: Buffer) => void hash.update(bytes),
  };
  const lines = drawnLines(itemsOfLines(readBodyLines(exchange, rules), request.task, deps), sampling, deps);
  await answerSubmission(exchange, deps, request, { lines, digest: () => hash.digest('hex') });
}

async function submitList(
  exchange: Exchange,
  principal: Principal,
  { deps, catalogue }: Means,
): Promise<void> {
  const body = await readJson(exchange, deps.limits.bodyBytes);
  const parsed = parseJobBody(body);
  if (!parsed.ok) {
    sendProblems(exchange, parsed.problems);
    return;
  }
  const {
    wanted: { sampling, ...wanted },
    items,
  } = parsed.value;
  const request = requestOf(exchange, principal, wanted, catalogue);
  const lines = drawnLines(itemsOfList(items, request.task, deps), sampling, deps);
  await answerSubmission(exchange, deps, request, { lines, digest: () => digestOf(body) });
}

/** Of a body that was parsed: the same text gives the same digest. */
export function digestOf(body: unknown): string {
  return createHash('sha256').update(JSON.stringify(body)).digest('hex');
}

function requestOf(
  exchange: Exchange,
  principal: Principal,
  wanted: Omit<WantedJob, 'sampling'>,
  catalogue: Catalogue,
): JobRequest {
  const policy = catalogue.policy(wanted.policy, principal, wanted.task).name;
  return { ...wanted, policy, team: principal.team, idempotencyKey: idempotencyKeyOf(exchange) };
}

/** Throws `invalid_request` for a key that is not 1 to 255 visible characters. */
export function idempotencyKeyOf({ request }: Exchange): string | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return null;
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key)) return key;
  throw new GatewayError('invalid_request', 'idempotency-key must be 1 to 255 visible ASCII characters', {
    param: 'idempotency-key',
  });
}

/** Hands the items over and says what became of them. */
export async function answerSubmission(
  exchange: Exchange,
  deps: JobDeps,
  request: JobRequest,
  intake: JobIntake,
): Promise<void> {
  const submission = await exchange.withCall(deps.calls, BODY_MS, ({ signal }) =>
    deps.jobs.submit(request, intake, signal),
  );
  if (submission.type === 'refused') {
    const problems = submission.report.problems.map(({ problem }) => problem);
    sendProblems(exchange, problems);
    return;
  }
  const { job } = submission;
  const report = submission.type === 'accepted' ? submission.report : null;
  sendJson(exchange, 202, renderSubmission(job, report, deps.clock.now()), [
    ['location', `/v1/feedback/jobs/${job.id}`],
    ...(exchange.request.headers['prefer'] !== undefined
      ? ([['preference-applied', 'respond-async']] as const)
      : []),
    ...(report === null ? ([['idempotent-replayed', 'true']] as const) : []),
  ]);
}
