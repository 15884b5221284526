import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { at } from '../control-plane/resources.ts';
import { members, putVault } from '../data-plane/vaults.ts';
import { notRun } from '../not-run.ts';
import type { Json } from '../world/client.ts';
import { startServerWith } from '../world/server.ts';
import type { TestServer } from '../world/server.ts';
import { azIsInstalled, refused, signedIn, typed } from './az.ts';
import type { Az } from './az.ts';

const vault = 'kv-az';
const premium = { sku: { family: 'A', name: 'premium' } };

let world: TestServer;
let az: Az;
let folder: string;

const title = 'the Azure CLI, secrets, keys and certificates';

/** A file of the test's own. */
const file = (name: string) => join(folder, name);

/** `az keyvault NOUN COMMAND` on the vault. */
const keyvault = (command: string) => typed(az, `keyvault ${command} --vault-name ${vault}`);

const names = (list: Json) => Object.values<Json>(list).map((item) => at(item, 'name'));

/** One of openssl's commands, in the test's folder. */
const openssl = (command: string) =>
  execFileSync('openssl', command.split(' '), { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** The names of the purged are free when that is complete; so is what is deleted or recovered to be seen. */
const transitionMs = 100;
const complete = () => new Promise((resolve) => setTimeout(resolve, transitionMs));

function runSuite(): void {
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'postern-az-files-'));
    world = await startServerWith({ config: { softDelete: { transitionMs } } });
    await putVault(world.client, vault, premium);
    az = await signedIn(world, { PYTHONPATH: join(import.meta.dirname, 'shim') });
  });

  after(async () => {
    az[Symbol.dispose]();
    await world[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  test('secrets are set, changed, kept in files, deleted, purged and restored', async () => {
    const secret = (command: string) => keyvault(`secret ${command}`);
    await secret('set --name plain --value v1 --description text/plain --expires 2030-01-01T00:00:00Z --tags a=b');
    const changed = await secret('set-attributes --name plain --enabled false');
    assert.equal(at(changed, 'attributes', 'exp'), Date.parse('2030-01-01T00:00:00Z') / 1000);
    assert.match(
      await refused(az, `keyvault secret show --name plain --vault-name ${vault}`),
      /Operation get is not allowed on a disabled secret[\s\S]*SecretDisabled/,
    );
    await secret('set-attributes --name plain --enabled true');
    assert.equal(at(await secret('show --name plain'), 'value'), 'v1');

    writeFileSync(file('in.bin'), 'from a file');
    await secret(`set --name filed --file ${file('in.bin')} --encoding base64`);
    await secret(`download --name filed --file ${file('out.bin')} --encoding base64`);
    assert.equal(readFileSync(file('out.bin'), 'utf8'), 'from a file');
    assert.deepEqual(names(await secret('list')), ['filed', 'plain']);

    await secret(`backup --name filed --file ${file('secret.backup')}`);
    await secret('delete --name filed');
    await complete();
    assert.deepEqual(names(await secret('list-deleted')), ['filed']);
    await secret('purge --name filed');
    await complete();
    await secret(`restore --file ${file('secret.backup')}`);
    const restored = Buffer.from(String(at(await secret('show --name filed'), 'value')), 'base64');
    assert.equal(restored.toString(), 'from a file');
  });

  test('keys are made, imported, used, rotated, recovered and downloaded', async () => {
    const key = (command: string) => keyvault(`key ${command}`);
    await key('create --name rsa --kty RSA --size 2048');
    assert.equal(at(await key('create --name ec --kty EC --curve P-256K'), 'key', 'crv'), 'P-256K');
    assert.equal(at(await key('create --name hsm --protection hsm'), 'key', 'kty'), 'RSA-HSM');
    const encrypted = await key('encrypt --name rsa -a RSA-OAEP-256 --data-type base64 --value aGVsbG8=');
    const value = String(at(encrypted, 'result'));
    const decrypted = await key(`decrypt --name rsa -a RSA-OAEP-256 --data-type base64 --value ${value}`);
    assert.equal(at(decrypted, 'result'), 'aGVsbG8=');
    const digest = createHash('sha256').update('hello').digest('base64');
    const signature = String(at(await key(`sign --name rsa -a RS256 --digest ${digest}`), 'signature'));
    const other = createHash('sha256').update('hullo').digest('base64');
    for (const [said, isValid] of [
      [digest, true],
      [other, false],
    ] as const) {
      const verified = await key(`verify --name rsa -a RS256 --digest ${said} --signature ${signature}`);
      assert.equal(at(verified, 'isValid'), isValid);
    }

    const trigger = { timeAfterCreate: 'P90D' };
    const policy = { lifetimeActions: [{ trigger, action: { type: 'Rotate' } }], attributes: { expiryTime: 'P1Y' } };
    const set = await key(`rotation-policy update --name rsa --value ${JSON.stringify(policy)}`);
    assert.equal(at(set, 'expiresIn'), 'P1Y');
    await key('rotate --name rsa');
    assert.equal(at(await key('list-versions --name rsa'), 'length'), 2);

    openssl('ecparam -genkey -name prime256v1 -noout -out ec.pem');
    await key(`import --name imported --pem-file ${file('ec.pem')}`);
    await key(`download --name imported --encoding PEM --file ${file('public.pem')}`);
    assert.equal(openssl('ec -in ec.pem -pubout'), openssl('pkey -pubin -in public.pem'));
    await key('delete --name imported');
    await complete();
    await key('recover --name imported');
    await complete();
    assert.deepEqual(names(await key('list')), ['ec', 'hsm', 'imported', 'rsa']);
  });

  test('certificates are made, imported, merged, downloaded, purged and restored', async () => {
    const certificate = (command: string) => keyvault(`certificate ${command}`);
    const policy = await typed(az, 'keyvault certificate get-default-policy');
    writeFileSync(file('self.json'), JSON.stringify(policy));
    assert.equal(at(await certificate(`create --name self --policy @${file('self.json')}`), 'status'), 'completed');
    await certificate(`download --name self --file ${file('self.pem')}`);
    assert.match(openssl('x509 -in self.pem -noout -subject'), /CN\s*=\s*CLIGetDefaultPolicy/);
    await keyvault(`secret download --name self --encoding base64 --file ${file('self.pfx')}`);
    assert.match(openssl('pkcs12 -in self.pfx -passin pass: -nodes'), /BEGIN CERTIFICATE[\s\S]*BEGIN PRIVATE KEY/);

    openssl('req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.pem -days 30 -subj /CN=authority');
    openssl('pkcs12 -export -in ca.pem -inkey ca.key -passout pass:word -out ca.pfx');
    writeFileSync(file('both.pem'), `${readFileSync(file('ca.key'), 'utf8')}${readFileSync(file('ca.pem'), 'utf8')}`);
    await certificate(`import --name pfx --file ${file('ca.pfx')} --password word`);
    await certificate(`import --name pem --file ${file('both.pem')}`);
    const [pfx, pem] = [await certificate('show --name pfx'), await certificate('show --name pem')];
    assert.deepEqual(at(pem, 'x509Thumbprint'), at(pfx, 'x509Thumbprint'));
    assert.equal(at(pem, 'policy', 'secretProperties', 'contentType'), 'application/x-pem-file');

    const unknown = { ...members(policy), issuerParameters: { name: 'Unknown' } };
    writeFileSync(file('unknown.json'), JSON.stringify(unknown));
    const pending = await certificate(`create --name merged --policy @${file('unknown.json')}`);
    writeFileSync(file('request.der'), Buffer.from(String(at(pending, 'csr')), 'base64'));
    openssl('x509 -req -inform DER -in request.der -CA ca.pem -CAkey ca.key -days 10 -out merged.pem');
    await certificate(`pending merge --name merged --file ${file('merged.pem')}`);
    await certificate(`download --name merged --file ${file('back.pem')}`);
    assert.match(openssl('verify -CAfile ca.pem back.pem'), /OK/);

    await certificate(`backup --name merged --file ${file('certificate.backup')}`);
    await certificate('delete --name merged');
    await complete();
    await certificate('purge --name merged');
    await complete();
    await certificate(`restore --file ${file('certificate.backup')}`);
    assert.deepEqual(names(await certificate('list')), ['merged', 'pem', 'pfx', 'self']);
  });

  test('certificates have contacts and issuers', async () => {
    const certificate = (command: string) => keyvault(`certificate ${command}`);
    await certificate('contact add --email ada@contoso.example --name Ada');
    assert.equal(at(await certificate('contact list'), 'contactList', 0, 'emailAddress'), 'ada@contoso.example');
    await certificate('contact delete --email ada@contoso.example');
    await certificate('issuer create --issuer-name mine --provider-name Test --account-id 1 --password p');
    await certificate('issuer admin add --issuer-name mine --email ada@contoso.example --first-name Ada');
    assert.equal(at(await certificate('issuer admin list --issuer-name mine'), 0, 'firstName'), 'Ada');
    assert.match(String(at(await certificate('issuer list'), 0, 'id')), /\/certificates\/issuers\/mine$/);
  });
}

const why = reasonNotToRun();
if (why === undefined) suite(title, { concurrency: 1 }, runSuite);
else notRun(title, why);

function reasonNotToRun(): string | undefined {
  if (!azIsInstalled()) return 'az is not installed (Debian: apt-get install azure-cli)';
  const isResolved = spawnSync('getent', ['hosts', `${vault}.vault.localhost`], { stdio: 'ignore' }).status === 0;
  return isResolved ? undefined : 'names below localhost are not resolved (Debian: apt-get install libnss-myhostname)';
}
