import { once } from 'node:events';
import { createServer, type ServerHttp2Session, type ServerHttp2Stream } from 'node:http2';
import type { AddressInfo } from 'node:net';
import type { ModelStreamInferResponse } from '../../src/engines/triton/generated/inference/ModelStreamInferResponse.ts';
import { loadKserve } from '../../src/engines/triton/kserve.ts';
import { VLLM_MODEL } from './triton-models.ts';

/** One inference on the bare HTTP/2 stream, for faults below gRPC. */
export interface RawInference {
  readonly stream: ServerHttp2Stream;
  readonly session: ServerHttp2Session;
  /** Sends one message in its frame. */
  send(message: ModelStreamInferResponse): void;
}

export interface RawTriton extends AsyncDisposable {
  readonly url: string;
}

const service = loadKserve().inference.GRPCInferenceService.service;

/** An HTTP/2 server that describes the vLLM model and hands the streams of inferences to `serve`. */
export async function startRawTriton(serve: (inference: RawInference) => void): Promise<RawTriton> {
  const server = createServer();
  const sessions = new Set<ServerHttp2Session>();
  server.on('session', (session) => {
    sessions.add(session);
    session.on('error', () => undefined);
    session.on('close', () => sessions.delete(session));
  });
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }));
    const method = String(headers[':path']).split('/').at(-1);
    if (method === 'ModelStreamInfer') {
      const send = (message: ModelStreamInferResponse): void => {
        stream.write(frame(service.ModelStreamInfer.responseSerialize(message)));
      };
      // The stream of a request has its session until it is closed.
      if (stream.session !== undefined)
        serve({ stream, session: stream.session as ServerHttp2Session, send });
      return;
    }
    stream.end(frame(describe(method)));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A listening TCP server has an address with a port.
  const { port } = server.address() as AddressInfo;
  return {
    url: `grpc://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function describe(method: string | undefined): Buffer {
  if (method === 'ModelConfig') {
    return service.ModelConfig.responseSerialize({
      config: { model_transaction_policy: { decoupled: true } },
    });
  }
  const tensors = (notes: readonly string[]): { name: string; datatype: string; shape: number[] }[] =>
    notes.map((note) => ({ name: note.split(':')[0] ?? '', datatype: 'BYTES', shape: [1] }));
  return service.ModelMetadata.responseSerialize({
    inputs: tensors(VLLM_MODEL.inputs),
    outputs: tensors(VLLM_MODEL.outputs),
  });
}

function frame(message: Buffer): Buffer {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}
