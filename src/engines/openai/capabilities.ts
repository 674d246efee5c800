import type { EngineFailure, EngineResult, ReplicaCapabilities } from '../../contracts/engine.ts';
import type { LogprobRoute } from '../../domain/distribution.ts';
import type { Flavour } from './flavour.ts';
import { isObject, type JsonObject } from './json.ts';
import type { AskJson } from './tokenizer.ts';

/** What the probes may use. */
export interface ProbeAccess {
  readonly flavour: Flavour;
  readonly model: string;
  readonly askJson: AskJson;
  /** True when the engine tells how busy it is. */
  tellsLoad(): Promise<boolean>;
}

/**
 * Tries what a replica can do, with a few requests for one token each. A refusal is an answer; silence is a
 * failure, because nothing was found out. A field that is ignored is not known: for those an impossible value
 * must be refused and a possible one taken.
 */
export async function findCapabilities(
  access: ProbeAccess,
  routes: readonly LogprobRoute[],
): Promise<EngineResult<Omit<ReplicaCapabilities, 'labelBatch'>>> {
  const { flavour } = access;
  const probe = new Probe(access);
  const found = await Promise.all([
    probe.topLogprobs(),
    probe.tokenizer(),
    probe.promptArrays(),
    probe.structuredOutput(),
    flavour.priorityOf !== null && probe.knows('priority', 'high', flavour.priorityOf('audit')),
    flavour.cacheSalt.has('chat') && probe.knows('cache_salt', {}, 'assay-probe'),
    access.tellsLoad(),
  ]);
  if (probe.silence !== null) return { ok: false, failure: probe.silence };
  const [topLogprobs, tokenizer, promptArrays, structuredOutput, priority, cacheSalt, load] = found;
  return {
    ok: true,
    value: { routes, topLogprobs, tokenizer, promptArrays, structuredOutput, priority, cacheSalt, load },
  };
}

class Probe {
  readonly #access: ProbeAccess;
  /** Why a probe was not answered at all. */
  silence: EngineFailure | null = null;

  constructor(access: ProbeAccess) {
    this.#access = access;
  }

  async topLogprobs(): Promise<number> {
    const { topLogprobs } = this.#access.flavour;
    const [choice] = await this.#chat({ logprobs: true, top_logprobs: topLogprobs });
    const logprobs = isObject(choice?.['logprobs']) ? choice['logprobs'] : {};
    const content = logprobs['content'];
    const first: unknown = Array.isArray(content) ? content[0] : undefined;
    const listed = isObject(first) ? first['top_logprobs'] : undefined;
    return Array.isArray(listed) ? listed.length : 0;
  }

  async tokenizer(): Promise<boolean> {
    const { flavour, model } = this.#access;
    if (flavour.tokenize === null) return false;
    const { path, field } = flavour.tokenize;
    const reply = await this.#ask(path, { model, [field]: 'A' });
    const tokens = reply?.['tokens'];
    return Array.isArray(tokens) && tokens.length > 0;
  }

  async promptArrays(): Promise<boolean> {
    const { model } = this.#access;
    const reply = await this.#ask('/v1/completions', { model, prompt: ['one', 'two'], max_tokens: 1 });
    return new Set(choicesOf(reply).map(({ index }) => index)).size === 2;
  }

  /** The answer must be the one that the schema allows, or the beginning of it. */
  async structuredOutput(): Promise<boolean> {
    const schema = { type: 'string', enum: ['assay'] };
    const [choice] = await this.#chat({
      max_tokens: 16,
      response_format: { type: 'json_schema', json_schema: { name: 'probe', schema } },
    });
    const message = isObject(choice?.['message']) ? choice['message'] : {};
    const content = typeof message['content'] === 'string' ? message['content'].trim() : '';
    return content !== '' && '"assay"'.startsWith(content);
  }

  async knows(field: string, impossible: unknown, possible: unknown): Promise<boolean> {
    const [wrong, right] = await Promise.all([
      this.#chat({ [field]: impossible }),
      this.#chat({ [field]: possible }),
    ]);
    return wrong.length === 0 && right.length > 0;
  }

  async #chat(fields: JsonObject): Promise<JsonObject[]> {
    const { flavour, model } = this.#access;
    const base = { model, messages: GREETING, max_tokens: 1, temperature: 0, ...flavour.templateFields };
    return choicesOf(await this.#ask('/v1/chat/completions', { ...base, ...fields }));
  }

  async #ask(path: string, body: JsonObject): Promise<JsonObject | null> {
    const reply = await this.#access.askJson(path, body);
    if (reply.ok) return reply.value;
    if (reply.status === 0) this.silence ??= reply.failure;
    return null;
  }
}

const GREETING = [{ role: 'user', content: 'Hello' }];

function choicesOf(reply: JsonObject | null): JsonObject[] {
  const choices = reply?.['choices'];
  return Array.isArray(choices) ? choices.filter(isObject) : [];
}
