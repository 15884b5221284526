/**
 * A first start as the README and the start's own message describe it: an empty folder, the demo world in it, and a
 * listener for the subnet of each network, in real network namespaces. Nothing is started twice.
 */
import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { notRun } from '../not-run.ts';
import type { Json } from '../world/client.ts';
import type { ReadyLine } from '../world/process.ts';
import { whyNotInLab } from './in-lab.ts';
import { inside, natAddresses, Networks, vaultAddress, type VnetName } from './namespaces.ts';
import { parseAs } from './parse-as.ts';
import { PosternProcess } from './postern-process.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const port = 9001;

/** One request from inside a namespace; `code` if there was no answer. */
const program = `
const { url, ca, address, body, ...options } = JSON.parse(process.argv[1]);
const { hostname, pathname, search } = new URL(url);
const outgoing = require('node:https').request(
  { ...options, ca, host: address, servername: hostname, path: pathname + search, headers: { ...options.headers, host: hostname } },
  async (answer) => {
    let text = '';
    for await (const chunk of answer) text += chunk;
    console.log(JSON.stringify({ status: answer.statusCode, body: JSON.parse(text || '{}') }));
  });
outgoing.on('error', ({ code }) => console.log(JSON.stringify({ code })));
outgoing.end(body);`;

interface Answer {
  readonly status?: number;
  readonly code?: string;
  readonly body?: Json;
}

class FirstStart {
  readonly #networks: Networks;
  readonly #ready: ReadyLine;

  constructor(networks: Networks, ready: ReadyLine) {
    this.#networks = networks;
    this.#ready = ready;
  }

  async ask(
    from: 'internet' | 'blueApp' | 'greenApp',
    url: string,
    options: { readonly method?: string; readonly token?: string; readonly body?: string; readonly type?: string } = {},
  ): Promise<Answer> {
    const { method = 'GET', token, body, type = 'application/json' } = options;
    const headers = { 'content-type': type, ...(token !== undefined && { authorization: `Bearer ${token}` }) };
    const ca = readFileSync(this.#ready.caFile, 'utf8');
    const asked = { url, ca, address: vaultAddress, method, headers, body };
    const place = this.#networks.of(from);
    return parseAs<Answer>(await inside(place, process.execPath, '-e', program, JSON.stringify(asked)));
  }

  async token(resource: string): Promise<string> {
    const { home, tenantId, clientId, clientSecret } = this.#ready;
    const form = { grant_type: 'client_credentials', client_id: clientId, client_secret: clientSecret };
    const body = new URLSearchParams({ ...form, scope: `${resource}/.default` }).toString();
    const type = 'application/x-www-form-urlencoded';
    const answer = await this.ask('internet', `${home}/${tenantId}/oauth2/v2.0/token`, { method: 'POST', body, type });
    return String(answer.body?.['access_token']);
  }

  subnetId(vnet: VnetName): string {
    const group = `/subscriptions/${this.#ready.subscriptionId}/resourceGroups/demo`;
    return `${group}/providers/Microsoft.Network/virtualNetworks/demo-${vnet}/subnets/workloads`;
  }

  async read(from: 'blueApp' | 'greenApp'): Promise<Answer> {
    const token = await this.token(`https://${this.#ready.vaultSuffix.slice(1)}`);
    const url = `https://demo${this.#ready.vaultSuffix}/secrets/greeting?api-version=7.4`;
    return this.ask(from, url, { token });
  }

  async endpoint(vnet: VnetName, to: 'on' | 'off'): Promise<void> {
    const serviceEndpoints = to === 'on' ? [{ service: 'Microsoft.KeyVault' }] : [];
    const answer = await this.ask('internet', `${this.#ready.home}${this.subnetId(vnet)}?api-version=2023-07-01`, {
      method: 'PUT',
      token: await this.token(this.#ready.home),
      body: JSON.stringify({ properties: { addressPrefix: '10.0.0.0/24', serviceEndpoints } }),
    });
    assert.ok(answer.status === 200 || answer.status === 201, JSON.stringify(answer));
  }
}

function assertIn(answer: Answer): void {
  assert.equal(answer.status, 200, JSON.stringify(answer));
  assert.equal(answer.body?.['value'], 'hello from behind the boundary');
}

function assertOut(answer: Answer, address: string): void {
  assert.equal(answer.status, 403, JSON.stringify(answer));
  const error = answer.body?.['error'];
  assert.equal(error?.['innererror']?.['code'], 'ForbiddenByFirewall');
  assert.ok(String(error?.['message']).includes(`Client address: ${address}\r\n`), JSON.stringify(error));
}

async function see(data: string): Promise<void> {
  using networks = new Networks(`pf${process.pid.toString(36)}`);
  await networks.make();
  const place = ['--listen', vaultAddress, '--port', '443', '--domain', 'postern.test', '--data', data];
  await using postern = new PosternProcess({ root, namespace: networks.of('vault'), parameters: place });
  const world = new FirstStart(networks, await postern.ready);
  for (const vnet of ['blue', 'green'] as const) {
    await postern.openListener(data, { namespace: networks.of(vnet), port, subnet: world.subnetId(vnet) });
    await networks.redirect(vnet, 'apps', port);
  }
  assertIn(await world.read('blueApp'));
  // The same private address, in the network that no rule names.
  assertOut(await world.read('greenApp'), '10.0.0.4');
  assert.deepEqual(postern.refusals(), []);

  // The vault does not wait for the network: a connection that still arrives at the listener is ended.
  await world.endpoint('blue', 'off');
  assert.equal((await world.read('blueApp')).code, 'ECONNRESET');
  assert.equal(postern.refusals().at(-1)?.refusal.kind, 'endpointOff');
  for (const vnet of ['blue', 'green'] as const) {
    await world.endpoint(vnet, 'off');
    await networks.unredirect(vnet, 'apps');
    await networks.forgetFlows(vnet, 'apps');
  }
  // Now they arrive from their public addresses, of which the demo vault's IP rule names the first.
  assertIn(await world.read('blueApp'));
  assertOut(await world.read('greenApp'), natAddresses.green);

  for (const vnet of ['blue', 'green'] as const) {
    await world.endpoint(vnet, 'on');
    await networks.redirect(vnet, 'apps', port);
    await networks.forgetFlows(vnet, 'apps');
  }
  assertIn(await world.read('blueApp'));
  assertOut(await world.read('greenApp'), '10.0.0.4');
}

const why = whyNotInLab();
if (why === undefined) {
  test('from an empty folder: blue is in, green is out with the reason, and so with the endpoint off and on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'postern-first-'));
    chmodSync(folder, 0o755);
    try {
      await see(join(folder, 'data'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
} else {
  notRun('a first start in network namespaces', why);
}
