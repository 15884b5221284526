import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { portalFolder, readPortal } from '../../src/site/portal-files.ts';
import { get } from '../world/get.ts';
import { dataFolder } from '../world/process.ts';
import { startServer, startServerWith } from '../world/server.ts';

const html = '<!doctype html><title>Postern</title>';
const script = `console.log('${'portal '.repeat(500)}')`;

/** A folder as the build makes it, with a page, a script and a picture. */
function build(folder: string): void {
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), html);
  writeFileSync(join(folder, 'index.html.gz'), gzipSync(html));
  writeFileSync(join(folder, 'assets/app-AbC_1.js'), script);
  writeFileSync(join(folder, 'assets/app-AbC_1.js.gz'), gzipSync(script));
  writeFileSync(join(folder, 'assets/logo-2.svg'), '<svg/>');
  writeFileSync(join(folder, 'assets/notes.txt'), 'of no type that is served');
}

test('the page, its deep links and its assets, each cached as long as it stays the same', async () => {
  using folder = dataFolder();
  build(folder.path);
  await using world = await startServerWith({ portal: readPortal(folder.path) });
  const page = await get(world, '/portal/');
  assert.equal(page.status, 200);
  assert.equal(page.body.toString(), html);
  assert.equal(page.headers['content-type'], 'text/html; charset=utf-8');
  assert.equal(page.headers['cache-control'], 'no-cache');
  for (const path of [
    '/portal/vaults/demo/demo/secrets?filter=db',
    '/portal/index.html',
    '/portal/asset',
    '/portal/?code=x',
  ]) {
    const link = await get(world, path);
    assert.deepEqual([link.status, link.body.toString()], [200, html], path);
  }
  const asset = await get(world, '/portal/assets/app-AbC_1.js');
  assert.equal(asset.body.toString(), script);
  assert.equal(asset.headers['content-type'], 'text/javascript; charset=utf-8');
  assert.equal(asset.headers['cache-control'], 'public, max-age=31536000, immutable');
  assert.equal((await get(world, '/portal/assets/logo-2.svg')).headers['content-type'], 'image/svg+xml');

  const etag = page.headers.etag ?? '';
  const known = await get(world, '/portal/', { headers: { 'if-none-match': `"other", W/${etag}` } });
  assert.deepEqual([known.status, known.body.length, known.headers.etag], [304, 0, etag]);
  assert.equal((await get(world, '/portal/', { headers: { 'if-none-match': '"other"' } })).status, 200);
});

test('a compressed body goes to those who accept it, under an ETag of its own', async () => {
  using folder = dataFolder();
  build(folder.path);
  await using world = await startServerWith({ portal: readPortal(folder.path) });
  const path = '/portal/assets/app-AbC_1.js';
  const accepting = (encoding: string) => get(world, path, { headers: { 'accept-encoding': encoding } });
  const [plain, zipped] = [await get(world, path), await accepting('gzip, deflate, br')];
  assert.equal(zipped.headers['content-encoding'], 'gzip');
  assert.equal(zipped.headers.vary, 'accept-encoding');
  assert.equal(gunzipSync(zipped.body).toString(), script);
  assert.ok(zipped.body.length < plain.body.length);
  assert.notEqual(zipped.headers.etag, plain.headers.etag);
  assert.equal((await accepting('*')).headers['content-encoding'], 'gzip');
  for (const refused of ['', 'br', 'gzip;q=0', 'identity', '*;q=0', 'gzip;q=0, *']) {
    assert.equal((await accepting(refused)).headers['content-encoding'], undefined, refused);
  }
  // The build put nothing beside it.
  const picture = await get(world, '/portal/assets/logo-2.svg', { headers: { 'accept-encoding': 'gzip' } });
  assert.deepEqual([picture.headers['content-encoding'], picture.headers.vary], [undefined, undefined]);

  const head = await get(world, path, { method: 'HEAD', headers: { 'accept-encoding': 'gzip' } });
  assert.equal(head.body.length, 0);
  assert.equal(head.headers['content-length'], String(zipped.body.length));
});

test('only what the build made is there, and only to read', async () => {
  using folder = dataFolder();
  build(folder.path);
  writeFileSync(join(folder.path, 'secret.js'), 'outside');
  symlinkSync(join(folder.path, 'secret.js'), join(folder.path, 'assets/link-1.js'));
  await using world = await startServerWith({ portal: readPortal(folder.path) });
  const missing = [
    'nothing-1.js',
    'notes.txt',
    'link-1.js',
    'app-AbC_1.js.gz',
    'app-abc_1.js',
    '',
    'app-AbC_1.js/',
    'constructor',
  ];
  for (const name of missing) {
    const answer = await get(world, `/portal/assets/${name}`);
    assert.deepEqual([answer.status, answer.headers['cache-control']], [404, 'no-cache'], name);
    assert.match(answer.body.toString(), /no such file/);
  }
  for (const path of [
    '/portal/assets/../secret.js',
    '/portal/assets/%2e%2e/secret.js',
    '/portal/assets/..%2fsecret.js',
  ]) {
    assert.equal((await get(world, path)).status, 400, path);
  }
  const posted = await get(world, '/portal/', { method: 'POST' });
  assert.deepEqual([posted.status, posted.headers.allow], [405, 'GET, HEAD']);
  const bare = await get(world, '/portal');
  assert.deepEqual([bare.status, bare.headers.location], [308, '/portal/']);
  // The resource manager answers everything else.
  for (const path of ['/portals/', '/Portal/', '/portal-x']) assert.equal((await get(world, path)).status, 404, path);
});

test('the page may run its own scripts, and call this server and its vaults by each of their names', async () => {
  using folder = dataFolder();
  build(folder.path);
  await using world = await startServerWith({ portal: readPortal(folder.path) });
  for (const path of ['/portal/', '/portal/vaults', '/portal/assets/app-AbC_1.js']) {
    const { headers } = await get(world, path);
    assert.equal(
      headers['content-security-policy'],
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
        `connect-src 'self' https://*.vault.localhost:${world.port} https://*.vault.localhost; frame-ancestors 'none'; ` +
        "base-uri 'none'; form-action 'self'; require-trusted-types-for 'script'; trusted-types 'none'",
    );
    assert.equal(headers['x-content-type-options'], 'nosniff');
    assert.equal(headers['referrer-policy'], 'no-referrer');
    assert.equal(headers['cross-origin-opener-policy'], 'same-origin');
  }
});

test('without a build the page says how to make one, and the settings are there all the same', async () => {
  using folder = dataFolder();
  assert.deepEqual(readPortal(folder.path), { ok: false, why: 'The portal is not built.' });
  await using world = await startServerWith({ portal: readPortal(join(folder.path, 'nowhere')) });
  const page = await get(world, '/portal/vaults');
  assert.equal(page.status, 404);
  assert.match(page.body.toString(), /The portal is not built.*npm run build:portal/s);
  assert.equal((await get(world, '/portal/settings.json')).status, 200);
  assert.equal((await get(world, '/portal/assets/app.js')).status, 404);
});

test('what is read is bounded before it is read', () => {
  using folder = dataFolder();
  build(folder.path);
  const most = { files: 7, bytes: 8192 };
  assert.equal(readPortal(folder.path, most).ok, true);
  const why = (one: Partial<typeof most>) => {
    const found = readPortal(folder.path, { ...most, ...one });
    return found.ok ? undefined : found.why;
  };
  assert.match(why({ files: 5 }) ?? '', /^The portal has more than 5 files or 8192 bytes\.$/);
  assert.match(why({ bytes: 1000 }) ?? '', /^The portal has more than 7 files or 1000 bytes\.$/);
});

test('the build is found beside the sources and in the package', () => {
  assert.equal(portalFolder('file:///here/src/site/portal-files.ts'), '/here/dist/portal/');
  assert.equal(portalFolder('file:///here/dist/programs/worker.js'), '/here/dist/portal/');
});

test('a browser that opens the address gets a page, and a program what it got before', async () => {
  await using world = await startServer();
  const accepting = (accept: string | undefined, path = '/') =>
    get(world, path, { headers: accept === undefined ? {} : { accept } });
  const chromium = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8';
  const page = await accepting(chromium);
  assert.equal(page.status, 200);
  assert.match(page.body.toString(), /<a href="\/portal\/">/);
  assert.match(page.body.toString(), /postern trust install/);
  assert.match(
    String(page.headers['content-security-policy']),
    /^default-src 'none'; style-src 'sha256-[^']+'; frame-/,
  );
  assert.equal(page.headers.vary, 'accept');
  for (const accept of [
    undefined,
    '*/*',
    'application/json',
    'application/json, text/html;q=0.9',
    'text/*',
    'text/html;q=0.5,*/*',
  ]) {
    const answer = await accepting(accept);
    assert.deepEqual(
      [answer.status, answer.headers['content-type']],
      [404, 'application/json; charset=utf-8'],
      String(accept),
    );
  }
  assert.equal(
    (await accepting(chromium, '/subscriptions')).headers['content-type'],
    'application/json; charset=utf-8',
  );
});
