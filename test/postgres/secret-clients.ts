import { lookup } from 'node:dns';
import { Agent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { RestError, SecretClient } from '@azure/keyvault-secrets';
import type { Client, Json } from '../world/client.ts';
import { answerMaxMs, Asker, kindOf } from './asking.ts';
import type { Outcome } from './asking.ts';

/** A client of one secret. */
export interface SecretAsker {
  readonly set: (value: string) => Promise<Outcome>;
  readonly get: () => Promise<Outcome>;
  readonly close: () => void;
}

interface Secret {
  readonly vault: string;
  readonly name: string;
}

export function plainAsker(client: Client, { vault, name }: Secret): SecretAsker {
  const asker = new Asker(client);
  const path = `/secrets/${name}`;
  return {
    set: (value) => asker.vault(vault, 'PUT', path, { value }),
    get: () => asker.vault(vault, 'GET', path),
    close: () => asker.close(),
  };
}

/** `*.localhost` is loopback (RFC 6761 section 6.3), which Node's resolver does not know. */
const toLoopback: LookupFunction = (_hostname, options, callback) => lookup('127.0.0.1', options, callback);

/** The official client. It does not send again by itself, because a value would be set twice then. */
export function officialAsker(client: Client, { vault, name }: Secret): SecretAsker {
  const agent = new Agent({
    keepAlive: true,
    maxSockets: 1,
    ca: client.ca,
    localAddress: '127.0.0.7',
    lookup: toLoopback,
  });
  const credential = {
    getToken: async () => ({ token: await client.token('vault'), expiresOnTimestamp: Date.now() + 600_000 }),
  };
  const secrets = new SecretClient(client.vaultOrigin(vault), credential, { agent, retryOptions: { maxRetries: 0 } });
  // Its first request is refused with the challenge, and has the id of the one that follows: that one must not be a change.
  let first: Promise<unknown> | undefined;
  return {
    async set(value) {
      await (first ??= outcomeOf((options) => secrets.getSecret(name, options)));
      return outcomeOf((options) => secrets.setSecret(name, value, options));
    },
    get: () => outcomeOf((options) => secrets.getSecret(name, options)),
    close: () => agent.destroy(),
  };
}

interface Raw {
  readonly status: number;
  readonly headers: { toJSON(): Record<string, string> };
  readonly bodyAsText?: string | null;
}

/** The last answer is what counts: the first one of a client may be the challenge. */
async function outcomeOf(
  ask: (options: { abortSignal: AbortSignal; onResponse: (raw: Raw) => void }) => Promise<unknown>,
): Promise<Outcome> {
  let last: Raw | undefined;
  try {
    await ask({ abortSignal: AbortSignal.timeout(answerMaxMs), onResponse: (raw) => (last = raw) });
  } catch (error) {
    if (!(error instanceof RestError) || error.statusCode === undefined) return { kind: 'unknown' };
  }
  if (last === undefined) return { kind: 'unknown' };
  const body = JSON.parse(last.bodyAsText ?? '{}') as Json;
  const answer = { status: last.status, headers: last.headers.toJSON(), body };
  return { kind: kindOf(answer), answer };
}
