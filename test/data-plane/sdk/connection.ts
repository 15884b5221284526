/**
 * Connects the programs of this folder, each in a process of its own, to the server: their settings are in POSTERN_TEST_…,
 * the authority's certificate is in NODE_EXTRA_CA_CERTS.
 */
import assert from 'node:assert/strict';
import { lookup } from 'node:dns';
import { Agent } from 'node:https';
import type { LookupFunction } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { ClientSecretCredential } from '@azure/identity';
import { RestError } from '@azure/keyvault-secrets';

function setting(name: string): string {
  const value = process.env[`POSTERN_TEST_${name}`];
  assert.ok(value !== undefined, `POSTERN_TEST_${name} is not set`);
  return value;
}

/** `*.localhost` is loopback (RFC 6761 section 6.3), which Node's resolver does not know. */
const toLoopback: LookupFunction = (hostname, options, callback) =>
  lookup(hostname.endsWith('.localhost') ? '127.0.0.1' : hostname, options, callback);

export const vaultUrl = setting('VAULT');

export const agent = new Agent({ lookup: toLoopback, localAddress: setting('FROM'), keepAlive: true });

export const credential = new ClientSecretCredential(setting('TENANT'), setting('CLIENT'), setting('SECRET'), {
  authorityHost: setting('AUTHORITY'),
  disableInstanceDiscovery: true,
});

export async function collect<T>(list: AsyncIterable<T>): Promise<readonly T[]> {
  const found: T[] = [];
  for await (const one of list) found.push(one);
  return found;
}

/** Asserts that the client throws the answer of the server. */
export async function wrongly(does: Promise<unknown>, statusCode: number, message: RegExp): Promise<void> {
  await assert.rejects(does, (error) => {
    assert.ok(error instanceof RestError, String(error));
    assert.equal(error.statusCode, statusCode);
    assert.match(error.message, message);
    return true;
  });
}

/** Tries for some seconds while the name of a purged object is taken. There is nothing to poll for, also on Azure. */
export async function whenFree<T>(does: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await does();
    } catch (error) {
      if (!(error instanceof RestError && error.statusCode === 409) || attempt === 100) throw error;
      await setTimeout(100);
    }
  }
}

/** Runs the scenario that the command line names. */
export async function perform(scenarios: Readonly<Record<string, () => Promise<void>>>): Promise<void> {
  const [, , scenario = ''] = process.argv;
  await scenarios[scenario]?.();
  agent.destroy();
  process.stdout.write(`${scenario}: done\n`);
}
