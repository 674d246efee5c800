import { fileURLToPath } from 'node:url';
import * as grpc from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import type { Call } from '../../contracts/call.ts';
import type { Clock } from '../../contracts/clock.ts';
import type { EngineFailure, EngineResult } from '../../contracts/engine.ts';
import { abortFailure, refusedFailure } from '../openai/transport-failures.ts';
import { statusFailure } from './failures.ts';
import type { GRPCInferenceServiceClient } from './generated/inference/GRPCInferenceService.ts';
import type { ProtoGrpcType } from './generated/kserve.ts';

export interface KserveOptions {
  /** `grpc://host:port`, or `grpcs://` for TLS; the port is 8001 when it is left out. */
  readonly url: string;
  /** Largest message in bytes, both ways. The logits of one position take half a megabyte and more. */
  readonly messageBytes: number;
  readonly clock: Clock;
}

/** One connection to a Triton server. */
export interface Kserve {
  readonly client: GRPCInferenceServiceClient;
  readonly clock: Clock;
  /** What every call is started with: its end as gRPC knows it. */
  callOptions(call: Call): grpc.CallOptions;
  /** What it carries: the trace that it belongs to. */
  metadata(call: Call): grpc.Metadata;
  /** What runs on the connection: each is called when it is closed, as grpc-js would let it go on. */
  readonly running: Set<() => void>;
  isClosed(): boolean;
  close(): void;
}

/** `sent` is true for what was running. */
export function closedFailure(sent: boolean): EngineFailure {
  return { ...refusedFailure('closed'), sent };
}

const DEFAULT_PORT = '8001';

export function createKserve({ url, messageBytes, clock }: KserveOptions): Kserve {
  const { protocol, hostname, port } = new URL(url);
  const { inference } = loadKserve();
  const client = new inference.GRPCInferenceService(
    `dns:${hostname}:${port === '' ? DEFAULT_PORT : port}`,
    protocol === 'grpcs:' ? grpc.credentials.createSsl() : grpc.credentials.createInsecure(),
    channelOptions(messageBytes),
  );
  const running = new Set<() => void>();
  let closed = false;
  return {
    client,
    clock,
    running,
    isClosed: () => closed,
    metadata({ trace }) {
      const metadata = new grpc.Metadata();
      for (const [name, value] of Object.entries(trace?.headers ?? {})) metadata.set(name, value);
      return metadata;
    },
    callOptions({ deadline }) {
      if (deadline === Number.POSITIVE_INFINITY) return {};
      return { deadline: new Date(clock.now() + Math.max(0, deadline - clock.monotonic())) };
    },
    close() {
      closed = true;
      for (const end of running) end();
      client.close();
    },
  };
}

/** The package as grpc-js makes it; tests build their servers from it too. */
export function loadKserve(): ProtoGrpcType {
  const path = fileURLToPath(new URL('kserve.proto', import.meta.url));
  const definition = loadSync(path, { keepCase: true, longs: String, oneofs: true });
  // The loader cannot type what it reads at run time; the type is generated from the same file.
  return grpc.loadPackageDefinition(definition) as unknown as ProtoGrpcType;
}

function channelOptions(messageBytes: number): grpc.ChannelOptions {
  return {
    'grpc.max_receive_message_length': messageBytes,
    'grpc.max_send_message_length': messageBytes,
    // Retrying is for those who know what a call costs.
    'grpc.enable_retries': 0,
    // Otherwise two replicas at one address would share a connection and its fate.
    'grpc.use_local_subchannel_pool': 1,
    // Triton closes a connection after two silent pings that come faster than each 300 s.
    'grpc.keepalive_time_ms': 300_000,
    'grpc.keepalive_timeout_ms': 20_000,
    'grpc.keepalive_permit_without_calls': 0,
    'grpc.initial_reconnect_backoff_ms': 250,
    'grpc.max_reconnect_backoff_ms': 2_000,
  };
}

/** One question with one answer. Cancelled when the signal aborts and when the connection is closed. */
export function ask<Reply>(
  kserve: Kserve,
  start: (done: grpc.requestCallback<Reply>) => grpc.ClientUnaryCall,
  signal: AbortSignal,
): Promise<EngineResult<Reply>> {
  if (kserve.isClosed()) return Promise.resolve({ ok: false, failure: closedFailure(false) });
  if (signal.aborted) return Promise.resolve({ ok: false, failure: abortFailure(signal, false) });
  return new Promise((resolve) => {
    const call = start((error, reply) => {
      signal.removeEventListener('abort', cancel);
      kserve.running.delete(cancel);
      if (signal.aborted) resolve({ ok: false, failure: abortFailure(signal, true) });
      else if (kserve.isClosed()) resolve({ ok: false, failure: closedFailure(true) });
      else if (error !== null) resolve({ ok: false, failure: statusFailure(error.code, error.details) });
      else if (reply === undefined) resolve({ ok: false, failure: statusFailure(null, 'no reply') });
      else resolve({ ok: true, value: reply });
    });
    const cancel = (): void => call.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    kserve.running.add(cancel);
  });
}
