/**
 * Starts eight servers at the same time, uses and stops them, and prints what of this process is different afterwards.
 * It ends by itself: an open handle would keep it. Run with `TMPDIR` set to an empty folder.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { startPostern } from '../../src/in-process/imported.ts';

/** A library leaves all of this alone. */
function state() {
  return {
    folder: process.cwd(),
    umask: readFileSync('/proc/self/status', 'utf8').match(/^Umask:.*$/m)?.[0],
    environment: { ...process.env },
    listeners: process.eventNames().map((name) => [String(name), process.listenerCount(name)]),
    title: process.title,
    exitCode: process.exitCode,
    files: readdirSync(tmpdir()),
  };
}

/** The kinds of what keeps a process alive, but for those of the output. */
function resources(): readonly string[] {
  return process.getActiveResourcesInfo().filter((name) => !['PipeWrap', 'TTYWrap', 'FSReqCallback'].includes(name));
}

// The output is opened before the first look.
process.stdout.write('');
const before = state();
const started = await Promise.all(Array.from({ length: 8 }, () => startPostern()));
const during = state();
const read = await Promise.all(started.map((one) => one.expectAllowed({ vault: 'open', secret: 'greeting' })));
const denied = await Promise.all(
  started.map((one) => one.expectDenied({ vault: 'demo', secret: 'greeting', from: '203.0.113.9' })),
);
const urls = new Set(started.map(({ url }) => url)).size;
const tenants = new Set(started.map(({ tenantId }) => tenantId)).size;
const records = await Promise.all(started.map(async (one) => (await one.audit()).length));
await Promise.all(started.map((one) => one.stop()));
// A second call is one too many, and harmless.
await started[0]?.stop();
await new Promise((resolve) => setImmediate(resolve));
const left = resources();
const after = state();
process.stdout.write(
  `${JSON.stringify({ before, during: { ...during, files: [] }, after, read, denied: denied.length, urls, tenants, records, left })}\n`,
);
