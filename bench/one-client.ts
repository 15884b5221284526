/** A client with one connection for the benches, which costs little compared with the server. */
import { Agent, request } from 'node:https';
import type { IncomingHttpHeaders } from 'node:http';

export interface Answered {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Asked {
  /** An IP address, loopback unless given. */
  readonly address?: string;
  readonly port: number;
  readonly agent: Agent;
  readonly method?: string;
  readonly path: string;
  readonly host: string;
  readonly token: string;
  readonly body?: string;
}

/** One connection, which stays open; `ca` is the server's certificate, or signed it. */
export const keepAlive = (ca: string) =>
  new Agent({ ca, allowPartialTrustChain: true, keepAlive: true, maxSockets: 1 });

export function send(asked: Asked): Promise<Answered> {
  const { address = '127.0.0.1', port, agent, method = 'GET', path, host, token, body } = asked;
  return new Promise((resolve, reject) => {
    const headers = { host, authorization: `Bearer ${token}`, ...(body !== undefined && json(body)) };
    const options = { host: address, servername: host.replace(/:\d+$/, '') };
    const outgoing = request({ ...options, port, agent, method, path, headers }, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('error', reject);
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text });
      });
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

function json(body: string): Record<string, string> {
  return { 'content-type': 'application/json', 'content-length': `${Buffer.byteLength(body)}` };
}

/** @throws when the answer is not 200 */
export async function ok(asked: Asked): Promise<Answered> {
  const answered = await send(asked);
  if (answered.status !== 200) throw new Error(`${asked.path}: ${answered.status} ${answered.text}`);
  return answered;
}
