import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync, X509Certificate } from 'node:crypto';
import { after, before, suite, test } from 'node:test';
import { register } from '../data-plane/vaults.ts';
import { assign } from '../world/assign.ts';
import type { Answered, Credentials } from '../world/client.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { activityLog, at, expectStatus, group, location, networks, putNetwork, startWithGroup } from './resources.ts';

const listen = '127.0.0.1:8444';
const action = 'Microsoft.Network/virtualNetworks/issueGatewayCertificate/action';
const { publicKey, privateKey } = generateKeyPairSync('ec', {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

async function ask({ client }: TestServer, body: object, as?: Credentials, network = 'net') {
  const token = await client.token('arm', as);
  return client.arm('POST', `${networks}/${network}/issueGatewayCertificate`, body, { token });
}

/** The message of an error. */
function refused(answered: Answered, status: number, code: string): string {
  expectStatus(answered, status);
  assert.equal(at(answered.body, 'error', 'code'), code);
  return String(at(answered.body, 'error', 'message'));
}

suite("gateways' certificates", () => {
  let world: TestServer;
  before(async () => {
    world = await startServerWith({ config: { gateways: { tls: { listen } } } });
    expectStatus(await world.client.arm('PUT', group, { location }), 201);
    await putNetwork(world.client, 'net', ['web']);
  });
  after(() => world[Symbol.asyncDispose]());

  test('the administrator gets one for the network, with what a gateway must know of the server', async () => {
    const { body } = expectStatus(await ask(world, { publicKey }), 200);
    const network = expectStatus(await world.client.arm('GET', `${networks}/net`), 200).body;
    const vnet = at(network, 'properties', 'resourceGuid');
    const made = new X509Certificate(String(body['certificate']));
    assert.equal(made.subjectAltName, `URI:spiffe://localhost/vnet/${String(vnet)}`);
    assert.equal(made.publicKey.export({ type: 'spki', format: 'pem' }), publicKey);
    assert.equal(body['notAfter'], made.validToDate.toISOString());
    assert.equal(body['vnet'], vnet);
    assert.deepEqual(body['listen'], { address: '127.0.0.1', port: 8444 });
    assert.equal(body['serverName'], 'localhost');
    assert.equal(body['serverAuthorities'], `${world.folder.certificates.authority.certificate}\n`);
  });

  test('who may change networks gets one, and who may read them, or has no role, does not', async () => {
    for (const [role, status] of [
      ['Network Contributor', 200],
      ['Owner', 200],
      ['Reader', 403],
      ['Key Vault Administrator', 403],
    ] as const) {
      const caller = await register(world);
      await assign(world.client, { role, principalId: caller.objectId, principalType: 'ServicePrincipal' });
      const answered = await ask(world, { publicKey }, caller);
      assert.equal(answered.status, status, role);
      if (status === 403) assert.match(JSON.stringify(answered.body), new RegExp(action), role);
    }
    refused(await ask(world, { publicKey }, await register(world)), 403, 'AuthorizationFailed');
  });

  test('a private key is refused, and not repeated; so is any key but one on P-256', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).publicKey.export({ type: 'spki', format: 'pem' });
    const p384 = generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ type: 'spki', format: 'pem' });
    const cut = publicKey.replace(/.{8}\n-----END/, '\n-----END');
    for (const given of [privateKey, rsa, p384, cut, `${publicKey}${privateKey}`, '', 7, undefined]) {
      const answered = await ask(world, { publicKey: given });
      assert.match(refused(answered, 400, 'BadRequest'), /public key of the gateway: PEM/);
      assert.ok(!JSON.stringify(answered.body).includes(privateKey.slice(40, 80)));
    }
  });

  test('a key on P-256 has one form alone', async () => {
    const der = Buffer.from(publicKey.replaceAll(/-----[^-]+-----/g, ''), 'base64');
    const pem = (bytes: Buffer) =>
      `-----BEGIN PUBLIC KEY-----\n${bytes.toString('base64')}\n-----END PUBLIC KEY-----\n`;
    const converted = (form: string, parameters: string): string => {
      const options = ['ec', '-pubin', '-conv_form', form, '-param_enc', parameters];
      const { status, stdout, stderr } = spawnSync('openssl', options, { input: publicKey, encoding: 'utf8' });
      assert.equal(status, 0, stderr);
      assert.ok(createPublicKey(stdout).equals(createPublicKey(publicKey)), 'Node reads the same key');
      return stdout;
    };
    const forms = [
      converted('uncompressed', 'explicit'),
      converted('compressed', 'named_curve'),
      converted('hybrid', 'named_curve'),
      pem(Buffer.concat([der, Buffer.from([0x05, 0x00])])),
    ];
    for (const form of forms)
      assert.match(
        refused(await ask(world, { publicKey: form }), 400, 'BadRequest'),
        /by its name, with an uncompressed/,
      );
    for (const form of [pem(der), converted('uncompressed', 'named_curve')])
      expectStatus(await ask(world, { publicKey: form }), 200);
    // Not a point of the curve.
    const off = Buffer.from(der);
    off[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
    assert.match(refused(await ask(world, { publicKey: pem(off) }), 400, 'BadRequest'), /public key of the gateway/);
  });

  test('a body with anything else is refused', async () => {
    const message = refused(await ask(world, { publicKey, vnet: 'other' }), 400, 'BadRequest');
    assert.match(message, /^The member 'vnet' is not supported: the body has publicKey alone\.$/);
  });

  test('a network that does not exist has none', async () => {
    refused(await ask(world, { publicKey }, undefined, 'other'), 404, 'ResourceNotFound');
  });

  test('each is recorded in the activity log, without a key', async () => {
    expectStatus(await ask(world, { publicKey }), 200);
    const records = activityLog(world).filter(
      (line) => String(line['operationName']).toLowerCase() === action.toLowerCase(),
    );
    const record = records.at(-1);
    const id = `/subscriptions/${world.client.identity.subscriptionId}${networks}/net`;
    assert.equal(record?.['resourceId'], id.toUpperCase());
    assert.ok(!JSON.stringify(record).includes('BEGIN'));
  });

  test('a network whose lock forbids changes issues none', async () => {
    const lock = `${networks}/net/providers/Microsoft.Authorization/locks/still`;
    await world.client.arm('PUT', lock, { properties: { level: 'ReadOnly' } });
    refused(await ask(world, { publicKey }), 409, 'ScopeLocked');
    await world.client.arm('DELETE', lock);
    expectStatus(await ask(world, { publicKey }), 200);
  });
});

test('a server without a listener for gateways issues none, and says what to configure', async () => {
  await using world = await startWithGroup();
  await putNetwork(world.client, 'net', ['web']);
  assert.match(refused(await ask(world, { publicKey }), 400, 'BadRequest'), /: set gateways\.tls\.listen in/);
});
