import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import * as grpc from '@grpc/grpc-js';
import type { GRPCInferenceServiceHandlers } from '../../src/engines/triton/generated/inference/GRPCInferenceService.ts';
import type { ModelInferRequest__Output } from '../../src/engines/triton/generated/inference/ModelInferRequest.ts';
import { loadKserve } from '../../src/engines/triton/kserve.ts';

/** `NAME:TYPE[dims]`, such as `text_input:BYTES[1]` or `max_tokens:INT32[-1,1]`. */
export type TensorNote = string;

/** A model as its metadata and configuration show it. */
export interface FakeModel {
  readonly name: string;
  readonly inputs: readonly TensorNote[];
  readonly outputs: readonly TensorNote[];
  readonly decoupled: boolean;
  /** Most rows of one request; absent for a model without batches. */
  readonly maxBatch?: number;
  readonly parameters?: Readonly<Record<string, string>>;
}

/** An output tensor with its raw contents. */
export interface FakeTensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
  readonly data: Buffer;
}

/** One request as it came in, and the means to answer it. */
export class FakeInference {
  readonly request: ModelInferRequest__Output;
  /** The client has half-closed the stream. */
  halfClosed = false;
  readonly #stream: FakeStream;

  constructor(request: ModelInferRequest__Output, stream: FakeStream) {
    this.request = request;
    this.#stream = stream;
  }

  /** What came with the call. */
  header(name: string): string | undefined {
    return this.#stream.metadata.get(name)[0]?.toString();
  }

  get cancelled(): boolean {
    return this.#stream.cancelled;
  }

  /** Raw contents of an input, by name. */
  input(name: string): Buffer | undefined {
    const position = this.request.inputs?.findIndex((input) => input.name === name) ?? -1;
    return this.request.raw_input_contents?.[position];
  }

  text(name: string): string | undefined {
    return this.input(name)?.subarray(4).toString();
  }

  /** All texts of an input: one for each row of a batch. */
  texts(name: string): string[] {
    const data = this.input(name) ?? Buffer.alloc(0);
    const found: string[] = [];
    for (let at = 0; at < data.length;) {
      const end = at + 4 + data.readUInt32LE(at);
      found.push(data.toString('utf8', at + 4, end));
      at = end;
    }
    return found;
  }

  send(tensors: readonly FakeTensor[], final: boolean): void {
    this.#stream.write({
      infer_response: {
        model_name: this.request.model_name ?? '',
        model_version: '3',
        id: this.request.id ?? '',
        parameters: { triton_final_response: { bool_param: final } },
        outputs: tensors.map(({ name, datatype, shape }) => ({ name, datatype, shape: [...shape] })),
        raw_output_contents: tensors.map(({ data }) => data),
      },
    });
  }

  /** An error as Triton sends it: inside the stream, which stays open. */
  error(message: string): void {
    this.#stream.write({ error_message: message, infer_response: { id: this.request.id ?? '' } });
  }

  /** Closes the stream with status OK. */
  end(): void {
    this.#stream.end();
  }

  /** Closes the stream with another status. */
  status(code: grpc.status, details: string): void {
    this.#stream.emit('error', { code, details });
  }
}

type FakeStream = Parameters<GRPCInferenceServiceHandlers['ModelStreamInfer']>[0];

export interface FakeTritonOptions {
  readonly model: FakeModel;
  /** Answers one request; called when the request has been read and the stream half-closed. */
  readonly answer: (inference: FakeInference) => void | Promise<void>;
  readonly ready?: { readonly server: boolean; readonly model: boolean };
}

export interface FakeTriton extends AsyncDisposable {
  readonly url: string;
  /** Every inference that was asked for, in order. */
  readonly seen: readonly FakeInference[];
  /** Inferences whose stream is open. */
  inFlight(): number;
  /** Streams that clients cancelled. */
  cancelled(): number;
  /** Connections that clients have opened. */
  connections(): number;
  /** Resolves when no stream is open; rejects when one still is after a while. */
  idle(): Promise<void>;
  /** Replaces how requests are answered. */
  answer(how: FakeTritonOptions['answer']): void;
  /** Sends GOAWAY and lets running streams end; resolves when the server has stopped. */
  shutDown(): Promise<void>;
  /** Cuts all connections by a TCP reset. */
  reset(): void;
}

const { service } = loadKserve().inference.GRPCInferenceService;

/** A real gRPC server of KServe v2 with one model, which answers as told. */
export async function startFakeTriton(options: FakeTritonOptions): Promise<FakeTriton> {
  const seen: FakeInference[] = [];
  const state = { answer: options.answer, inFlight: 0, cancelled: 0 };
  const server = new grpc.Server({
    'grpc.max_receive_message_length': -1,
    'grpc.max_send_message_length': -1,
  });
  const handlers = handlersFor(options, (stream) => serveStream(stream, seen, state));
  server.addService(service, handlers);
  const port = await bind(server);
  const wire = await startWire(port);
  return {
    url: `grpc://127.0.0.1:${wire.port}`,
    seen,
    inFlight: () => state.inFlight,
    cancelled: () => state.cancelled,
    connections: () => wire.opened(),
    idle: () => untilIdle(() => state.inFlight),
    answer: (how) => {
      state.answer = how;
    },
    shutDown: () =>
      new Promise((resolve, reject) => {
        server.tryShutdown((error) => (error === undefined ? resolve() : reject(error)));
      }),
    reset: () => wire.reset(),
    async [Symbol.asyncDispose]() {
      server.forceShutdown();
      await wire.close();
    },
  };
}

interface ServingState {
  answer: FakeTritonOptions['answer'];
  inFlight: number;
  cancelled: number;
}

function serveStream(stream: FakeStream, seen: FakeInference[], state: ServingState): void {
  state.inFlight += 1;
  let open = true;
  const close = (): void => {
    if (open) state.inFlight -= 1;
    open = false;
  };
  let inference: FakeInference | null = null;
  stream.on('data', (request: ModelInferRequest__Output) => {
    inference = new FakeInference(request, stream);
    seen.push(inference);
  });
  stream.on('end', () => {
    if (inference === null) return;
    inference.halfClosed = true;
    void state.answer(inference);
  });
  stream.on('cancelled', () => {
    if (open) state.cancelled += 1;
    close();
  });
  stream.on('finish', close);
  stream.on('error', close);
}

function handlersFor(
  { model, ready }: FakeTritonOptions,
  serve: (stream: FakeStream) => void,
): GRPCInferenceServiceHandlers {
  const unknown = { code: grpc.status.NOT_FOUND, details: "Request for unknown model: 'x' is not found" };
  return {
    ModelStreamInfer: serve,
    ServerReady: (_, done) => done(null, { ready: ready?.server ?? true }),
    ModelReady: ({ request }, done) =>
      done(null, { ready: request.name === model.name && (ready?.model ?? true) }),
    ServerMetadata: (_, done) => done(null, { name: 'triton', version: '2.99.0' }),
    ModelMetadata: ({ request }, done) =>
      request.name === model.name
        ? done(null, {
            name: model.name,
            versions: ['3'],
            inputs: model.inputs.map(parseNote),
            outputs: model.outputs.map(parseNote),
          })
        : done(unknown),
    ModelConfig: (_, done) =>
      done(null, {
        config: {
          name: model.name,
          max_batch_size: model.maxBatch ?? 0,
          model_transaction_policy: { decoupled: model.decoupled },
          parameters: Object.fromEntries(
            Object.entries(model.parameters ?? {}).map(([name, text]) => [name, { string_value: text }]),
          ),
        },
      }),
    ModelStatistics: (_, done) => done(null, { model_stats: [] }),
  };
}

function parseNote(note: TensorNote): { name: string; datatype: string; shape: number[] } {
  const [, name = '', datatype = '', dims = ''] = /^(\w+):(\w+)\[(.*)\]$/.exec(note) ?? [];
  return { name, datatype, shape: dims.split(',').map(Number) };
}

function bind(server: grpc.Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
      error === null ? resolve(port) : reject(error),
    );
  });
}

/** A TCP relay in front of the server, so that connections can be counted and cut. */
async function startWire(target: number): Promise<{
  port: number;
  opened(): number;
  reset(): void;
  close(): Promise<void>;
}> {
  const sockets = new Set<Socket>();
  let opened = 0;
  const relay = createServer({ noDelay: true }, (near) => {
    opened += 1;
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true });
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        sockets.delete(one);
        other.destroy();
      });
    }
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  return {
    // A listening TCP server has an address with a port.
    port: (relay.address() as AddressInfo).port,
    opened: () => opened,
    reset: () => sockets.forEach((socket) => socket.resetAndDestroy()),
    async close() {
      for (const socket of sockets) socket.destroy();
      relay.close();
      await once(relay, 'close');
    },
  };
}

/** Yields to the event loop again and again: a cancel reaches the other side of a socket a little later. */
async function untilIdle(inFlight: () => number): Promise<void> {
  for (let asked = 0; asked < 20_000; asked += 1) {
    if (inFlight() === 0) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error('the fake Triton still works on a request that was aborted');
}
