import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditRecord } from '../../src/audit/event.ts';
import type { Answered, Client, Json } from '../world/client.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { acls, auditRecords, newClient, putVault } from './vaults.ts';

export const issueMs = 500;
export const dayMs = 86_400_000;

/** A server with a stopped clock and one vault, and the functions that these tests call. */
export interface CertificateWorld extends AsyncDisposable {
  readonly server: TestServer;
  readonly vault: string;
  readonly origin: string;
  readonly send: (method: string, path: string, body?: unknown) => Promise<Answered>;
  /** The body of an answer with this status. */
  readonly ok: (method: string, path: string, body?: unknown, status?: number) => Promise<Json>;
  /** Moves the clock on, and lets the server do what is due by then. */
  readonly pass: (ms: number) => Promise<void>;
  /** Creates a certificate, waits until it is issued, and returns the bundle. */
  readonly issued: (name: string, policy: object, more?: object) => Promise<Json>;
  /** The audit log, after everything that happened so far is in it. */
  readonly records: () => Promise<readonly AuditRecord[]>;
}

export async function certificateWorld(vault: string, properties: object = {}): Promise<CertificateWorld> {
  const server = await startServerWith({ still: true, config: { certificates: { issueMs } } });
  let client: Client = server.client;
  await putVault(client, vault, { networkAcls: acls.allow, ...properties });

  const send = (method: string, path: string, body?: unknown) =>
    client.vault(vault, method, path, body === undefined ? {} : { body });

  async function ok(method: string, path: string, body?: unknown, status = 200): Promise<Json> {
    const answer = await send(method, path, body);
    assert.equal(answer.status, status, JSON.stringify(answer.body));
    return answer.body;
  }

  async function pass(ms: number): Promise<void> {
    server.advance(ms);
    // Its tokens may have expired.
    client = newClient(server);
    await server.server.scheduler.runDue();
  }

  return {
    server,
    vault,
    origin: client.vaultOrigin(vault),
    send,
    ok,
    pass,
    async issued(name, policy, more = {}) {
      await ok('POST', `/certificates/${name}/create`, { policy, ...more }, 202);
      await pass(issueMs);
      assert.equal((await ok('GET', `/certificates/${name}/pending`))['status'], 'completed');
      return ok('GET', `/certificates/${name}`);
    },
    async records() {
      // Changes reach the log in order, a moment after their answers.
      const mark = randomUUID();
      await ok('PUT', `/secrets/${mark}`, { value: mark });
      for (;;) {
        const records = auditRecords(server);
        if (records.some((record) => record.properties.id?.includes(`/secrets/${mark}/`))) return records;
        await sleep(5);
      }
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}

/** The version in the id of a certificate. */
export function versionOf(certificate: Json): string {
  return String(certificate['id']).split('/').at(-1) ?? '';
}

/** The policy of a self-signed certificate on a curve, which is quick to make. */
export function selfSigned(subject: string, more: object = {}): object {
  return { issuer: { name: 'Self' }, key_props: { kty: 'EC' }, x509_props: { subject }, ...more };
}
