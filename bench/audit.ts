/**
 * `npm run bench -- audit [RECORDS]`: how many records a second `postern audit query` reads, and the most memory that it
 * takes. The log is made of files of the size at which the server begins another one. 10,000,000 records take 11 GB of disk.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const records = Number(process.argv[2] ?? 1_000_000);
const fileBytes = 64 * 1024 * 1024;
const postern = join(import.meta.dirname, '../bin/postern');
const data = mkdtempSync(join(tmpdir(), 'postern-bench-'));

/** A record as a GET leaves it; one of a thousand was refused. */
function recordOf(index: number): string {
  const denied = index % 1000 === 999;
  const [last, vault] = [(index % 250) + 1, `shop-${index % 100}`];
  const verdict = denied
    ? {
        allowed: false,
        because: 'noIpRule',
        explanation: `Denied: defaultAction is Deny, 203.0.113.${last} is in none of the IP rules (1).`,
      }
    : {
        allowed: true,
        because: 'ipRule',
        index: 0,
        explanation: `Allowed: 203.0.113.${last} is in ipRules[0] (203.0.113.0/24).`,
      };
  return `${JSON.stringify({
    time: new Date(1_790_000_000_000 + index * 10).toISOString().replace('Z', '0000Z'),
    resourceId: `/SUBSCRIPTIONS/6D2C1A3B-0000-4000-8000-000000000001/RESOURCEGROUPS/SHOP/PROVIDERS/MICROSOFT.KEYVAULT/VAULTS/${vault.toUpperCase()}`,
    category: 'AuditEvent',
    operationName: 'SecretGet',
    operationVersion: '2025-07-01',
    resultType: 'Success',
    resultSignature: denied ? 'Forbidden' : 'OK',
    durationMs: '1',
    callerIpAddress: `203.0.113.${last}`,
    correlationId: `5d7e2a6c-1b1f-4f3c-9d1e-${String(index).padStart(12, '0')}`,
    identity: {
      claim: {
        oid: 'bb9670e5-0000-4000-8000-000000000006',
        appid: '50a229a9-0000-4000-8000-000000000007',
        appidacr: '1',
        idtyp: 'app',
      },
    },
    properties: {
      httpStatusCode: denied ? 403 : 200,
      id: `https://${vault}.vault.localhost:8443/secrets/greeting`,
      clientInfo: 'azsdk-js-keyvault-secrets/4.12.0 core-rest-pipeline/1.24.0 Node/26.10.0 OS/(x64-Linux-6.12)',
      requestUri: `https://${vault}.vault.localhost:8443/secrets/greeting/?api-version=2025-07-01`,
      tlsVersion: 'TLS1_3',
      isAddressAuthorized: !denied,
      addrAuthType: 'PublicIP',
      ...(denied ? {} : { isAccessPolicyMatch: true }),
      verdict,
    },
  })}\n`;
}

/** The newest file is `audit.jsonl`, and the higher a number the older. */
function writeLog(): number {
  mkdirSync(join(data, 'audit'));
  const files = Math.ceil((records * recordOf(0).length) / fileBytes);
  const perFile = Math.ceil(records / files);
  let bytes = 0;
  for (let file = 0; file < files; file += 1) {
    const number = files - 1 - file;
    const descriptor = openSync(join(data, 'audit', number === 0 ? 'audit.jsonl' : `audit.${number}.jsonl`), 'wx');
    for (let first = file * perFile; first < Math.min(records, (file + 1) * perFile); first += 1000) {
      const count = Math.min(1000, records - first, (file + 1) * perFile - first);
      bytes += writeSync(descriptor, Array.from({ length: count }, (_, n) => recordOf(first + n)).join(''));
    }
    closeSync(descriptor);
  }
  return bytes;
}

interface Asked {
  readonly seconds: number;
  readonly peakMib: number;
  readonly lines: number;
  readonly said: string;
}

/** Runs the query, and looks at its memory ten times a second. */
async function ask(...options: readonly string[]): Promise<Asked> {
  const startMs = performance.now();
  const child = spawn(postern, ['audit', 'query', '--data', data, ...options], { stdio: ['ignore', 'pipe', 'pipe'] });
  let [lines, said, peakKib] = [0, '', 0];
  child.stdout.on('data', (chunk: Buffer) => {
    for (const byte of chunk) if (byte === 0x0a) lines += 1;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const looking = setInterval(() => {
    peakKib = Math.max(peakKib, peakOf(child.pid));
  }, 100);
  await once(child, 'close');
  clearInterval(looking);
  return { seconds: (performance.now() - startMs) / 1000, peakMib: peakKib / 1024, lines, said: said.trim() };
}

/** The most that a process has held at once, in KiB (proc_pid_status(5), VmHWM). */
function peakOf(pid: number | undefined): number {
  try {
    return Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
}

try {
  const bytes = writeLog();
  console.log(`${records.toLocaleString('en')} records, ${(bytes / 1e9).toFixed(2)} GB\n`);
  console.log('| query | found | records/s | MB/s | most memory, MiB |\n| --- | --- | --- | --- | --- |');
  const questions: Readonly<Record<string, readonly string[]>> = {
    'refused ones': ['--verdict', 'denied'],
    'one vault of a hundred, as JSON': ['--vault', 'shop-7', '--json'],
    'one address': ['--address', '203.0.113.7'],
  };
  for (const [name, options] of Object.entries(questions)) {
    const { seconds, peakMib, lines, said } = await ask(...options);
    if (!said.endsWith(`of ${records.toLocaleString('en')} records`)) throw new Error(said);
    const rates = [records / seconds, bytes / 1e6 / seconds, peakMib].map((value) =>
      Math.round(value).toLocaleString('en'),
    );
    console.log(`| ${[name, lines.toLocaleString('en'), ...rates].join(' | ')} |`);
  }
} finally {
  rmSync(data, { recursive: true });
}
