import { status } from '@grpc/grpc-js';
import { describe, expect, it } from 'vitest';
import { statusFailure } from '../../../../src/engines/triton/failures.ts';

/** Texts as a Triton 2.51 server and grpc-js 1.14 wrote them. */
describe('statusFailure', () => {
  it.each([
    [null, '[request id: m4] Exceeds maximum queue size', 'overloaded', false, false],
    [null, 'Request timeout expired', 'overloaded', false, false],
    [null, "Request for unknown model: 'vllm_model' version 9 is not found", 'model_not_found', false, true],
    [null, "Request for unknown model: 'm' has no available versions", 'engine_unavailable', false, true],
    [status.INVALID_ARGUMENT, "requested model 'nosuch' is not available", 'model_not_found', false, true],
    [status.UNAVAILABLE, 'Server exiting', 'engine_unavailable', false, true],
    [
      status.UNAVAILABLE,
      '[request id: a] Server is stopping, scheduler for model has stopped accepting new inference requests',
      'engine_unavailable',
      false,
      true,
    ],
    [
      status.UNAVAILABLE,
      "This protocol is restricted, expecting header 'triton-grpc-protocol-assay-key'",
      'engine_unavailable',
      false,
      true,
    ],
    [status.UNAVAILABLE, 'Connection dropped', 'engine_error', true, true],
    [status.UNAVAILABLE, 'enter idle', 'engine_error', true, false],
    [
      status.UNAVAILABLE,
      'No connection established. Last error: Error: connect ECONNREFUSED 127.0.0.1:28999',
      'engine_unavailable',
      false,
      true,
    ],
    [status.RESOURCE_EXHAUSTED, 'Bandwidth exhausted or memory limit exceeded', 'engine_error', true, false],
    [
      status.RESOURCE_EXHAUSTED,
      'Received message larger than max (6400151 vs 4194304)',
      'engine_reply_too_large',
      true,
      false,
    ],
    [status.INTERNAL, "Stub process 'vllm_model_0_0' is not healthy.", 'engine_error', true, true],
    [status.INTERNAL, 'Received RST_STREAM with code 2 (Internal server error)', 'engine_error', true, true],
    [
      status.UNIMPLEMENTED,
      "ModelInfer RPC doesn't support models with decoupled transaction policy",
      'engine_rejected',
      false,
      false,
    ],
    [status.UNIMPLEMENTED, 'The server does not implement the method', 'engine_rejected', false, true],
    [
      status.DEADLINE_EXCEEDED,
      'Deadline exceeded after 0.507s,LB pick: 0.001s',
      'deadline_exceeded',
      true,
      false,
    ],
    [
      null,
      "[request id: a] inference input 'max_tokens' data-type is 'INT64', but model 'ensemble' expects 'INT32'",
      'engine_rejected',
      false,
      false,
    ],
    [
      null,
      "in ensemble 'ensemble', [request id: a] unexpected deadlock, at least one",
      'engine_rejected',
      false,
      false,
    ],
    [
      null,
      'Error generating stream: The decoder prompt (length 5000) is longer than the maximum model length of 2048.',
      'context_overflow',
      false,
      false,
    ],
    [null, 'input token size [[3000]] exceeds max input length 2048', 'context_overflow', false, false],
    [
      null,
      'Error generating stream: temperature must be non-negative, got -1.',
      'engine_rejected',
      false,
      false,
    ],
    [null, 'Error generating stream: CUDA error: an illegal memory access', 'engine_error', true, false],
    [null, '', 'engine_error', true, false],
  ])('%s %s', (told, text, ...expected) => {
    const [code, sent, blamesReplica] = expected;
    expect(statusFailure(told, text)).toMatchObject({ code, sent, blamesReplica });
  });

  it('names no address and no path', () => {
    const { message } = statusFailure(
      null,
      'broken at 10.1.2.3:8001 and dns:engine.internal:8001 in /models/x/model.py',
    );
    expect(message).not.toMatch(/10\.1|engine\.internal|models/);
    expect(message).toContain('broken at');
  });
});
