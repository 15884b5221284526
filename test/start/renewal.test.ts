import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { Agent } from 'node:https';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { hasOpenssl } from '../crypto/certificates/openssl.ts';
import { notRun } from '../not-run.ts';
import { startServer } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';

const dayMs = 86_400_000;
const run = promisify(execFile);

/** Reports that a test does not run because there is no openssl. */
function withoutOpenssl(name: string): boolean {
  if (!hasOpenssl) notRun(name, 'openssl 3 is not installed');
  return !hasOpenssl;
}

/**
 * The certificate that a new connection gets, verified with `ca.pem` or another file. By openssl, which accepts a time: the machine's
 * clock is not the server's.
 */
async function shown(
  { port: ownPort, folder, now }: TestServer,
  { port, name, file } = { port: ownPort, name: 'localhost', file: 'ca.pem' },
): Promise<X509Certificate> {
  const trusting = ['-CAfile', join(folder.path, file), '-attime', String(Math.floor(now() / 1000))];
  const target = ['-connect', `127.0.0.1:${port}`, '-servername', name, '-verify_return_error'];
  const running = run('openssl', ['s_client', ...target, ...trusting]);
  running.child.stdin?.end();
  return new X509Certificate((await running).stdout);
}

function authorities({ folder }: TestServer, file = 'ca.pem'): readonly X509Certificate[] {
  const pem = readFileSync(join(folder.path, file), 'utf8');
  return pem.split(/(?<=-----END CERTIFICATE-----\n)/).map((text) => new X509Certificate(text));
}

async function keyIds({ client }: TestServer): Promise<readonly string[]> {
  const { body } = await client.send(`${client.home}/${client.identity.tenantId}/discovery/keys`);
  const { keys } = body as unknown as { readonly keys: readonly { readonly kid: string }[] };
  return keys.map(({ kid }) => kid);
}

test('the certificate is renewed while the server runs, and an open connection continues', async () => {
  if (withoutOpenssl('the certificate is renewed while the server runs')) return;
  await using world = await startServer();
  const before = await shown(world);
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const status = async () => (await world.client.send(`${world.client.home}/nothing`, { agent })).status;
  const freed = once(agent, 'free');
  assert.equal(await status(), 404);
  const [socket] = (await freed) as [Socket];

  world.advance(300 * dayMs);
  await world.server.renewals.look();
  assert.equal((await shown(world)).serialNumber, before.serialNumber, 'too early');
  world.advance(40 * dayMs);
  await world.server.renewals.look();
  const after = await shown(world);
  assert.notEqual(after.serialNumber, before.serialNumber);
  assert.ok(after.validToDate.getTime() > world.now() + 300 * dayMs);
  const [authority] = authorities(world);
  assert.ok(authority !== undefined && after.verify(authority.publicKey));

  assert.equal(await status(), 404);
  assert.equal(Object.values(agent.freeSockets).flat()[0] ?? socket, socket);
  agent.destroy();
});

test('after a clock that was years ahead is corrected while the server runs, nothing from the future is in use', async () => {
  if (withoutOpenssl('a clock that was years ahead')) return;
  await using world = await startServer();
  const [before, [authority]] = [await shown(world), authorities(world)];
  assert.ok(authority !== undefined);
  const yearsAhead = 15 * 365 * dayMs;
  world.advance(yearsAhead);
  await world.server.renewals.look();
  assert.ok((await shown(world)).validFromDate.getTime() > before.validToDate.getTime());
  world.advance(-yearsAhead);
  await world.server.renewals.look();
  const after = await shown(world);
  assert.ok(after.validFromDate.getTime() <= world.now());
  assert.ok(after.verify(authority.publicKey));
  assert.deepEqual(
    authorities(world).map(({ serialNumber }) => serialNumber),
    [authority.serialNumber],
  );
  const { status } = await world.client.vault('demo', 'GET', '/secrets/none', { from: '127.0.0.7' });
  assert.equal(status, 404);
});

test('the successor of the authority is in ca.pem long before it signs', async () => {
  if (withoutOpenssl('the successor of the authority is in ca.pem beside it long before it signs')) return;
  await using world = await startServer();
  const [first] = authorities(world);
  assert.ok(first !== undefined);
  world.advance((3650 - 700) * dayMs);
  await world.server.renewals.look();
  const both = authorities(world);
  assert.equal(both.length, 2);
  assert.ok((await shown(world)).verify(first.publicKey));
  world.advance(650 * dayMs);
  await world.server.renewals.look();
  const [, second] = both;
  assert.ok(second !== undefined && (await shown(world)).verify(second.publicKey));
});

test('keys for tokens are renewed with an overlap in which tokens of both verify', async () => {
  await using world = await startServer();
  const [old] = await keyIds(world);
  world.advance(90 * dayMs);
  await world.server.renewals.look();
  const announced = await keyIds(world);
  assert.equal(announced.length, 2);
  const inFlight = await world.client.token('arm');
  assert.equal(keyOf(inFlight), old);
  world.advance(dayMs - 600_000);
  const late = { clientId: world.client.identity.clientId, clientSecret: world.client.identity.clientSecret };
  const lateToken = await world.client.token('https://management.azure.com', late);
  assert.equal(keyOf(lateToken), old);
  world.advance(1_200_000);
  await world.server.renewals.look();
  const answer = await world.client.arm('GET', '/resourceGroups', undefined, { token: lateToken });
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  const next = await world.client.token('https://vault.azure.net', late);
  assert.equal(
    keyOf(next),
    announced.find((kid) => kid !== old),
  );
  world.advance(2 * 3_600_000);
  assert.deepEqual(await keyIds(world), [keyOf(next)]);
});

test("the certificate for Azure's names is renewed, and fabric-ca.pem has the authority's successor", async () => {
  if (withoutOpenssl("the certificate for Azure's names is renewed while the server runs")) return;
  await using world = await startServer();
  const { address } = await world.server.ingress.addPublic({ host: '127.0.0.1', port: 0 }, 'vaults');
  assert.ok(typeof address === 'object' && address !== null);
  const seen = () => shown(world, { port: address.port, name: 'kv.vault.azure.net', file: 'fabric-ca.pem' });
  const [before, own] = [await seen(), await shown(world)];
  world.advance((3650 - 700) * dayMs);
  await world.server.renewals.look();
  const after = await seen();
  assert.notEqual(after.serialNumber, before.serialNumber);
  assert.notEqual((await shown(world)).serialNumber, own.serialNumber);
  const [first, second] = authorities(world, 'fabric-ca.pem');
  assert.ok(first !== undefined && after.verify(first.publicKey));
  assert.ok(second !== undefined);
  const others = new Set(authorities(world).map(({ serialNumber }) => serialNumber));
  for (const { serialNumber } of [first, second]) assert.ok(!others.has(serialNumber));
});

function keyOf(jwt: string): string {
  const header = JSON.parse(Buffer.from(jwt.split('.')[0] ?? '', 'base64url').toString()) as { readonly kid: string };
  return header.kid;
}
