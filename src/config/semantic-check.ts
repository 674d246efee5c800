import { z } from 'zod';
import { unknownName } from './issues.ts';
import type { ValueProblem } from './references.ts';

/** As much of the file as this check reads; what is wrong elsewhere is told elsewhere. */
const shape = z.looseObject({
  engines: z.record(z.string(), z.looseObject({ kind: z.unknown() }).catch({ kind: undefined })).catch({}),
  policies: z
    .record(
      z.string(),
      z
        .looseObject({
          task: z.string().default('preference'),
          target: z
            .looseObject({ agreement: z.number(), risk: z.string().default('marginal') })
            .optional()
            .catch(undefined),
          cache: z
            .looseObject({
              ttlMs: z.number().optional(),
              semantic: z.looseObject({ maxError: z.number(), engine: z.string().optional() }).optional(),
            })
            .optional(),
        })
        .catch({ task: 'preference' }),
    )
    .catch({}),
});
type Policy = z.output<typeof shape>['policies'][string];

/** Certificates need something to be wrong about, too: the cache may take this part of the error at most. */
const MOST_OF_BUDGET = 0.8;

/** Checks that a policy that gives labels of similar items can keep what it promises beside that. */
export function semanticProblems(data: unknown): ValueProblem[] {
  const read = shape.safeParse(data);
  if (!read.success) return [];
  const { engines, policies } = read.data;
  return Object.entries(policies).flatMap(([name, policy]) => {
    const semantic = policy.cache?.semantic;
    if (semantic === undefined) return [];
    const path = ['policies', name, 'cache', 'semantic'];
    const problems: ValueProblem[] = policyMessages(policy, semantic.maxError).map((message) => ({
      path,
      message,
    }));
    const { engine } = semantic;
    if (engine !== undefined && !(engine in engines)) {
      const message = unknownName(engine, Object.keys(engines), 'engine');
      problems.push({ path: [...path, 'engine'], message });
    } else if (engine !== undefined && engines[engine]?.kind === 'triton') {
      const message = `"${engine}" is a Triton engine, which has no /v1/embeddings`;
      problems.push({ path: [...path, 'engine'], message });
    }
    return problems;
  });
}

function policyMessages({ task, target, cache }: Policy, maxError: number): string[] {
  const messages: string[] = [];
  if (task !== 'preference') messages.push('is for preferences alone');
  if (cache?.ttlMs === 0) messages.push('gives nothing while ttlMs is 0; keep one of them');
  if (target === undefined) return messages;
  if (target.risk === 'selective') {
    messages.push('bounds errors over all items; a target with risk selective needs more: take marginal');
  }
  const budget = 1 - target.agreement;
  if (maxError > MOST_OF_BUDGET * budget + 1e-9) {
    const most = (MOST_OF_BUDGET * budget).toPrecision(2);
    messages.push(
      `maxError ${maxError} does not fit an agreement of ${target.agreement}, which allows ${budget.toPrecision(2)} of errors in all: at most ${most} for the cache, the rest is for the judges`,
    );
  }
  return messages;
}
