import { describe, expect, it } from 'vitest';
import { openApiDocument } from '../../../src/wire/openapi.ts';
import { parseFeedback } from '../../../src/wire/feedback-request.ts';
import { parseOpenAi } from '../../../src/wire/openai.ts';
import { feedbackReplySchema } from '../../../src/wire/verdict.ts';

const document = JSON.parse(JSON.stringify(openApiDocument({ version: '9.9.9' })));

describe('the API description', () => {
  it('is OpenAPI 3.1 of this version and tells how to authenticate', () => {
    expect(document).toMatchObject({
      openapi: '3.1.0',
      info: { title: 'Assay', version: '9.9.9' },
      security: [{ apiKey: [] }],
      components: { securitySchemes: { apiKey: { type: 'http', scheme: 'bearer' } } },
    });
  });

  it('lists every route with its method', () => {
    const routes = Object.entries<object>(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    expect(routes).toEqual([
      'post /v1/feedback/preferences',
      'post /v1/feedback/scores',
      'post /v1/feedback/critiques',
      'post /v1/feedback/rankings',
      'post /v1/feedback/outcomes',
      'get /v1/feedback/policies/{name}',
      'get /v1/feedback/verdicts/{id}',
      'get /v1/feedback/costs',
      'get /v1/feedback/budget',
      'post /v1/feedback/jobs',
      'get /v1/feedback/jobs',
      'get /v1/feedback/jobs/{id}',
      'get /v1/feedback/jobs/{id}/results',
      'get /v1/feedback/jobs/{id}/events',
      'post /v1/feedback/jobs/{id}/cancel',
      'post /v1/feedback/jobs/{id}/pause',
      'post /v1/feedback/jobs/{id}/resume',
      'post /v1/feedback/jobs/{id}/retry-failed',
      'post /v1/chat/completions',
      'post /v1/completions',
      'post /v1/embeddings',
      'post /v1/files',
      'get /v1/files',
      'get /v1/files/{id}',
      'delete /v1/files/{id}',
      'get /v1/files/{id}/content',
      'post /v1/batches',
      'get /v1/batches',
      'get /v1/batches/{id}',
      'post /v1/batches/{id}/cancel',
      'get /v1/responses/{id}',
      'delete /v1/responses/{id}',
      'post /v1/responses/{id}/cancel',
      'post /get_reward',
      'post /rm',
      'post /v1/score/evaluation',
      'post /classify',
      'post /compare',
      'post /seed_session',
      'post /verify',
      'post /v1/fine_tuning/alpha/graders/run',
      'post /v1/fine_tuning/alpha/graders/validate',
      'post /v1/responses',
      'get /v1/models',
      'get /v1/models/{id}',
      'get /healthz',
      'get /readyz',
    ]);
  });

  it('describes requests by the schemas that check them, with an example', () => {
    const body = document.paths['/v1/feedback/preferences'].post.requestBody.content['application/json'];
    expect(body.schema.$ref).toBe('#/components/schemas/PreferencesRequest');
    expect(body.example.items[0].candidates).toHaveLength(2);
    expect(document.components.schemas.PreferenceItem).toMatchObject({
      additionalProperties: false,
      required: ['prompt', 'candidates'],
      properties: { candidates: { type: 'array', minItems: 2, maxItems: 2 } },
    });
  });

  it('describes errors by status and code', () => {
    const { responses } = document.paths['/v1/feedback/preferences'].post;
    expect(Object.keys(responses)).toEqual([
      '200',
      '400',
      '401',
      '403',
      '408',
      '413',
      '415',
      '500',
      '503',
      '504',
    ]);
    expect(responses['413'].description).toContain('`request_too_large`');
    expect(responses['413'].content['application/json'].schema.$ref).toBe(
      '#/components/schemas/ErrorEnvelope',
    );
  });

  it('refers only to schemas that it has', () => {
    const references = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(
      ([, name]) => name,
    );
    expect(references.length).toBeGreaterThan(20);
    expect(Object.keys(document.components.schemas)).toEqual(expect.arrayContaining(references));
  });

  it('has examples that the gateway itself would take or give', () => {
    const bodyOf = (path: string) =>
      document.paths[path].post.requestBody.content['application/json'].example;
    const rules = { maxItems: 10, rubrics: new Map(), constitutions: new Map() };
    const preferences = parseFeedback('preference', bodyOf('/v1/feedback/preferences'), rules);
    expect(preferences).toMatchObject({ ok: true, value: { policy: 'default', items: [{ ok: true }] } });
    expect(parseOpenAi('chat', bodyOf('/v1/chat/completions')).ok).toBe(true);
    expect(parseOpenAi('completion', bodyOf('/v1/completions')).ok).toBe(true);
    expect(parseOpenAi('embedding', bodyOf('/v1/embeddings')).ok).toBe(true);
    const reply =
      document.paths['/v1/feedback/preferences'].post.responses['200'].content['application/json'].example;
    expect(feedbackReplySchema.safeParse(reply).error).toBeUndefined();
  });

  it('has an example of each error', () => {
    const { examples } =
      document.paths['/v1/chat/completions'].post.responses['503'].content['application/json'];
    expect(Object.keys(examples)).toEqual(['overloaded', 'engine_unavailable']);
    expect(examples.overloaded.value).toMatchObject({
      error: { code: 'overloaded', type: 'overloaded_error' },
    });
  });
});
