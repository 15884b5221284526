import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';

/** A log record, as OTLP's JSON has it. */
export interface Received {
  readonly body: string;
  readonly uid: string;
  readonly attributes: ReadonlyMap<string, unknown>;
  readonly severityNumber: unknown;
  readonly timeUnixNano: unknown;
}

export interface Collector extends AsyncDisposable {
  readonly endpoint: string;
  /** Records of requests that were answered with 200, in order. */
  readonly taken: Received[];
  /** Each request's number of records, and its header `x-key`. */
  readonly requests: { readonly records: number; readonly key: unknown }[];
  /** How it answers; by default it takes all. `undefined`: never. */
  answer: (records: readonly Received[]) => Answer | undefined;
}

interface Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** `{}` if absent. */
  readonly body?: object;
}

/** A collector that a test plays. */
export async function startCollector(): Promise<Collector> {
  const server = createServer((request, response) => void receive(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  const collector: Collector = {
    endpoint: `http://127.0.0.1:${address.port}/v1/logs`,
    taken: [],
    requests: [],
    answer: () => ({ status: 200 }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
    },
  };
  const receive = async (request: IncomingMessage, response: ServerResponse) => {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    const records = recordsIn(JSON.parse(text));
    collector.requests.push({ records: records.length, key: request.headers['x-key'] });
    const answer = collector.answer(records);
    if (answer === undefined) return;
    if (answer.status === 200) collector.taken.push(...records);
    response
      .writeHead(answer.status, { 'content-type': 'application/json', ...answer.headers })
      .end(JSON.stringify(answer.body ?? {}));
  };
  return collector;
}

type Members = Readonly<Record<string, unknown>>;

function recordsIn(request: unknown): readonly Received[] {
  const logs = listOf(request, 'resourceLogs').flatMap((one) => listOf(one, 'scopeLogs'));
  return logs
    .flatMap((one) => listOf(one, 'logRecords'))
    .map((record) => {
      const { body, severityNumber, timeUnixNano } = record as Members;
      const entries = listOf(record, 'attributes').map((one) => {
        const { key, value } = one as { readonly key: string; readonly value: Members };
        return [key, Object.values(value)[0]] as const;
      });
      const attributes = new Map<string, unknown>(entries);
      const { stringValue } = body as { readonly stringValue: string };
      return {
        body: stringValue,
        uid: String(attributes.get('log.record.uid')),
        attributes,
        severityNumber,
        timeUnixNano,
      };
    });
}

function listOf(value: unknown, name: string): readonly unknown[] {
  const found = (value as Members)[name];
  return Array.isArray(found) ? found : [];
}
