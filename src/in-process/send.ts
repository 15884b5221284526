import { request } from 'node:https';
import type { Agent } from 'node:https';

export interface Sent {
  readonly method?: 'GET' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** Sends a request, and reads the whole answer: JSON, or nothing. */
export function send(url: string, agent: Agent, { method = 'GET', headers = {}, body }: Sent = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { agent, method, headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('error', reject);
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const received = Buffer.concat(chunks).toString();
        resolve({ status: incoming.statusCode ?? 0, body: received === '' ? undefined : JSON.parse(received) });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** The member of an object from outside; `undefined` where there is none. */
export function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
