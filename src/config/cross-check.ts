import { z } from 'zod';
import { commitProblems } from './commit-check.ts';
import { unknownName } from './issues.ts';
import type { Material } from './material.ts';
import type { ValueProblem } from './references.ts';
import { samplingProblems } from './sampling-check.ts';
import { semanticProblems } from './semantic-check.ts';
import { severalProblems } from './several-check.ts';
import { reasoningProblems, taskProblems } from './task-check.ts';
import type { TemplateSet } from './templates.ts';

/** What stands in files and is pointed to by name. */
export interface NamedThings extends Material {
  readonly templates: TemplateSet;
}

/**
 * Checks that names point to something: judges to engines and prompts, policies to judges, teams to
 * policies. It reads the raw data loosely, so that it still speaks where other parts are wrong.
 */
export function crossCheck(data: unknown, named: NamedThings): ValueProblem[] {
  const { engines, judges, policies, teams, server, admin, oidc } = loose.parse(data);
  const problems: ValueProblem[] = [];
  const expectName = (
    name: string | undefined,
    known: readonly string[],
    path: PropertyKey[],
    kind: string,
  ): void => {
    if (name === undefined || known.includes(name)) return;
    problems.push({ path, message: unknownName(name, known, kind) });
  };
  for (const [id, judge] of Object.entries(judges)) {
    expectName(judge.engine, Object.keys(engines), ['judges', id, 'engine'], 'engine');
    expectName(judge.prompt, named.templates.references, ['judges', id, 'prompt'], 'prompt template');
  }
  for (const [name, policy] of Object.entries(policies)) {
    for (const [index, tier] of policy.tiers.entries()) {
      expectName(tier, Object.keys(judges), ['policies', name, 'tiers', index], 'judge');
      if (policy.tiers.indexOf(tier) < index) {
        problems.push({
          path: ['policies', name, 'tiers', index],
          message: `"${tier}" is already a tier of this policy`,
        });
      }
    }
  }
  for (const [name, team] of Object.entries(oidc.teams)) {
    expectName(team, Object.keys(teams), ['oidc', 'teams', name], 'team');
  }
  problems.push(...targetProblems(policies));
  problems.push(...canaryProblems(policies));
  problems.push(...reasoningProblems(judges, named));
  problems.push(...taskProblems(policies, judges, named));
  problems.push(...samplingProblems(policies, judges, named.templates));
  problems.push(...severalProblems({ engines, judges }, named.templates));
  problems.push(...commitProblems(data));
  problems.push(...semanticProblems(data));
  problems.push(...emptySections(data));
  problems.push(...placeProblems(engines));
  problems.push(...teamProblems(teams, Object.keys(policies)));
  problems.push(...anonymityProblems(server, Object.keys(teams).length));
  problems.push(...adminProblems(admin));
  return problems;
}

const map = <T extends z.ZodType>(value: T) => z.record(z.string(), value).catch({});
const text = z.string().optional().catch(undefined);
const flag = z.boolean().catch(false).default(false);
const NO_SERVER = { host: undefined, allowAnonymous: false, requireKey: false };
const NO_OIDC = { teams: {} };
const NO_ADMIN = { host: undefined, requireKey: false, keys: [] };
const section = {
  engines: map(
    z
      .looseObject({
        kind: text,
        replicas: z.array(z.unknown()).catch([null]).default([]),
        discovery: z.unknown().optional(),
      })
      .catch({ kind: undefined, replicas: [null], discovery: undefined }),
  ),
  judges: map(
    z
      .looseObject({
        engine: text,
        prompt: text,
        reasoning: text,
        itemsPerPrompt: z.number().optional().catch(undefined),
      })
      .catch({ engine: undefined, prompt: undefined, reasoning: undefined, itemsPerPrompt: undefined }),
  ),
  policies: map(
    z
      .looseObject({
        tiers: z.array(z.string()).catch([]),
        task: text,
        rubric: text,
        critique: z.looseObject({ constitution: text, checkedBy: text }).optional().catch(undefined),
        target: z.unknown().optional(),
        anchors: z.unknown().optional(),
        canaries: z.unknown().optional(),
        acceptAt: z.unknown().optional(),
        sampling: z
          .looseObject({
            method: text,
            share: z.number().optional().catch(undefined),
            scouts: z.array(z.string()).optional().catch(undefined),
          })
          .optional()
          .catch(undefined),
      })
      .catch({
        tiers: [],
        task: undefined,
        rubric: undefined,
        target: undefined,
        anchors: undefined,
        canaries: undefined,
        acceptAt: undefined,
        sampling: undefined,
      }),
  ),
  teams: map(
    z
      .looseObject({
        policies: z.array(z.string()).catch([]),
        keys: z.array(z.looseObject({ id: text }).catch({ id: undefined })).catch([]),
      })
      .catch({ policies: [], keys: [] }),
  ),
  server: z
    .looseObject({ host: text, allowAnonymous: z.boolean().catch(false), requireKey: flag })
    .catch(NO_SERVER),
  admin: z
    .looseObject({ host: text, requireKey: flag, keys: z.array(z.unknown()).catch([null]).default([]) })
    .catch(NO_ADMIN)
    .default(NO_ADMIN),
  oidc: z
    .looseObject({ teams: map(z.string().catch('')) })
    .catch(NO_OIDC)
    .default(NO_OIDC),
};
const loose = z.looseObject(section).catch({
  engines: {},
  judges: {},
  policies: {},
  teams: {},
  server: NO_SERVER,
  oidc: NO_OIDC,
  admin: NO_ADMIN,
});
type Loose = z.infer<typeof loose>;

/** A target is proven against the last tier, and then decides instead of a plain threshold. */
function targetProblems(policies: Loose['policies']): ValueProblem[] {
  return Object.entries(policies).flatMap(([name, { tiers, target, acceptAt, anchors }]) => {
    const problems: ValueProblem[] = [];
    const path = ['policies', name];
    if (target === undefined) {
      const message = 'watch over nothing without a target: certificates are what they take back';
      return anchors === undefined ? [] : [{ path: [...path, 'anchors'], message }];
    }
    if (tiers.length === 1) {
      const message = 'needs a smaller tier before the last one: agreement is proven against the last';
      problems.push({ path: [...path, 'target'], message });
    }
    if (acceptAt !== undefined) {
      const message = 'decides nothing beside a target; keep one of them';
      problems.push({ path: [...path, 'acceptAt'], message });
    }
    return problems;
  });
}

/** Gold labels say which of two responses is better. */
function canaryProblems(policies: Loose['policies']): ValueProblem[] {
  return Object.entries(policies).flatMap(([name, { task = 'preference', canaries }]) => {
    if (canaries === undefined || task === 'preference') return [];
    const message = `are pairs with labels: they say nothing of the task ${task}`;
    return [{ path: ['policies', name, 'canaries'], message }];
  });
}

/** Replicas are listed or found, not both: what a look-up does not find any more leaves the pool. */
function placeProblems(engines: Loose['engines']): ValueProblem[] {
  return Object.entries(engines).flatMap(([id, { replicas, discovery }]) => {
    const path = ['engines', id];
    if (replicas.length === 0 && discovery === undefined) {
      return [{ path, message: 'needs replicas, or a discovery that finds them' }];
    }
    if (replicas.length > 0 && discovery !== undefined) {
      return [{ path, message: 'has replicas and a discovery; keep one of them' }];
    }
    return [];
  });
}

function emptySections(data: unknown): ValueProblem[] {
  const present = z.looseObject({}).catch({}).parse(data);
  return ['engines', 'judges', 'policies']
    .filter((name) => JSON.stringify(present[name]) === '{}')
    .map((name) => ({ path: [name], message: 'needs at least one entry' }));
}

function teamProblems(teams: Loose['teams'], policies: readonly string[]): ValueProblem[] {
  const problems: ValueProblem[] = [];
  const seen = new Map<string, string>();
  for (const [team, { policies: used, keys }] of Object.entries(teams)) {
    for (const [index, policy] of used.entries()) {
      if (policies.includes(policy)) continue;
      problems.push({
        path: ['teams', team, 'policies', index],
        message: unknownName(policy, policies, 'policy'),
      });
    }
    for (const [index, { id }] of keys.entries()) {
      if (id === undefined) continue;
      const owner = seen.get(id);
      if (owner === undefined) seen.set(id, team);
      else
        problems.push({
          path: ['teams', team, 'keys', index, 'id'],
          message: `the key id "${id}" is already used by team "${owner}"`,
        });
    }
  }
  return problems;
}

const LOOPBACK = new Set(['127.0.0.1', '::1', 'localhost']);

function anonymityProblems(server: Loose['server'], teams: number): ValueProblem[] {
  const host = server.host ?? '127.0.0.1';
  if (teams > 0 || server.allowAnonymous || server.requireKey || LOOPBACK.has(host)) return [];
  return [
    {
      path: ['server', 'host'],
      message: `"${host}" is reachable by others and there are no teams with API keys; add teams (assay keys new), set server.requireKey: true for teams and keys in the ledger, or server.allowAnonymous: true`,
    },
  ];
}

function adminProblems({ host = '127.0.0.1', keys, requireKey }: Loose['admin']): ValueProblem[] {
  if (keys.length > 0 || requireKey || LOOPBACK.has(host)) return [];
  const message = `"${host}" is reachable by others and there are no admin keys; add admin.keys (assay keys new), or set admin.requireKey: true for keys in the ledger`;
  return [{ path: ['admin', 'host'], message }];
}
