import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import type { CellName, Outcome } from '../../examples/trusted-services/parts/cells.ts';
import { documentedServices } from '../../src/firewall/trusted-services.ts';
import { withParts } from '../../tools/generated-parts.ts';
import { lessonFolder, lessons, outcomeTable, runLesson } from '../../tools/lesson.ts';
import type { Lesson } from '../../tools/lesson.ts';
import { startAzurite } from '../delivery/azurite.ts';
import type { Azurite } from '../delivery/azurite.ts';
import { startCollector } from '../delivery/collector.ts';
import type { Collector } from '../delivery/collector.ts';
import { configOf } from '../delivery/logged-vault.ts';
import { notRun } from '../not-run.ts';

const datacenter = '203.0.113.8';
const untrusted = new RegExp(
  `^Client address is not authorized and caller is not a trusted service\\.\\r\\nClient address: ${datacenter}\\r\\n`,
);

/** The outcome that every service must be seen to get, by the cell: the answer, its words, and the reason in the record. */
const expected: Readonly<Record<CellName, (seen: Outcome, service: string) => void>> = {
  'option on': (seen, service) => {
    assert.deepEqual(shown(seen), ['200', datacenter, 'trustedService', service]);
  },
  'option off': (seen) => {
    assert.deepEqual(shown(seen), ['403 ForbiddenByFirewall', datacenter, 'noIpRule', undefined]);
    assert.match(
      seen.message ?? '',
      /^Client address is not authorized and caller was ignored because bypass is set to None\r\n/,
    );
  },
  'no permission': (seen, service) => {
    assert.deepEqual(shown(seen), ['403 AccessDenied', datacenter, 'trustedService', service]);
    assert.match(
      seen.message ?? '',
      /does not have (?:keys|secrets) \w+ permission|^Access denied to first party service\./,
    );
  },
  'outside the scenario': (seen) => {
    assert.deepEqual(shown(seen), ['403 ForbiddenByFirewall', datacenter, 'noIpRule', undefined]);
    assert.match(seen.message ?? '', untrusted);
  },
  forged: (seen) => {
    if (seen.status === 401) {
      assert.deepEqual(shown(seen).slice(1), [datacenter, undefined, undefined]);
    } else {
      assert.deepEqual(shown(seen), ['403 ForbiddenByFirewall', datacenter, 'noIpRule', undefined]);
      assert.match(seen.message ?? '', untrusted);
    }
  },
  'network disabled': (seen, service) => {
    const [result, ...reason] = shown(seen);
    if (result === '200') assert.deepEqual(reason, [datacenter, 'trustedService', service]);
    else
      assert.deepEqual(
        [result, ...reason],
        ['403 ForbiddenByConnection', '203.0.113.1', 'publicNetworkAccessDisabled', undefined],
      );
  },
};

function shown({ status, code, address, because, trustedService }: Outcome) {
  return [
    code === undefined || status === 401 ? String(status) : `${status} ${code}`,
    address,
    because,
    trustedService,
  ];
}

test('each service of the document has its lesson, in the order of the document', () => {
  assert.deepEqual(
    lessons.map(([, service]) => service),
    documentedServices.map(({ name }) => name),
  );
  const files = readdirSync(lessonFolder).filter((name) => name.endsWith('.ts'));
  assert.deepEqual(files.toSorted(), lessons.map(([program]) => `${program}.ts`).toSorted());
});

interface DeliveredRecord {
  readonly correlationId: string;
  readonly operationName: string;
  readonly properties: { readonly httpStatusCode: number };
}

const ran: Lesson[] = [];
let azurite: Azurite;
let collector: Collector;

before(async () => {
  azurite = await startAzurite();
  collector = await startCollector();
});

suite('the lessons', { concurrency: 2 }, () => {
  for (const [program, service] of lessons) {
    test(service, async (t) => {
      const { audit } = configOf(azurite);
      const otlp = [{ name: 'collector', endpoint: collector.endpoint }];
      const lesson = await runLesson(program, { audit: { ...audit, otlp } });
      if (lesson.code === 69) {
        notRun(`${program} of the trusted services`, lesson.said.trim());
        return;
      }
      assert.equal(lesson.code, 0, lesson.said);
      assert.equal(lesson.service, service);
      ran.push(lesson);
      const cells = lesson.outcomes.map(({ cell }) => cell);
      assert.deepEqual(cells, [...Object.keys(expected), 'network disabled']);
      for (const seen of lesson.outcomes) {
        await t.test(`${seen.cell}: ${seen.title}`, () => expected[seen.cell](seen, service));
      }
    });
  }
});

/** The records of every cell's request, in what a sink has. */
function assertAllCells(lines: readonly string[]): void {
  assert.ok(ran.length > 0);
  const records = lines.map((line) => JSON.parse(line) as DeliveredRecord);
  for (const { program, outcomes } of ran) {
    for (const { requestId, status, operation, cell } of outcomes) {
      const found = records.filter(
        ({ correlationId, operationName }) => correlationId === requestId && operationName === operation,
      );
      const statuses = found.map(({ properties }) => properties.httpStatusCode);
      // A client first asks without a token, and that is a 401 of its own with the same id.
      assert.deepEqual(statuses, status === 401 ? [401, 401] : [status], `${program}: ${cell}`);
    }
  }
}

test('the records of all cells are in the storage account, in the layout of Azure, each once', async () => {
  const blobs = await azurite.blobs();
  const lines = [...blobs.values()].flatMap((blob) => blob.trimEnd().split('\n'));
  assertAllCells(lines);
  assert.equal(new Set(lines).size, lines.length);
  const vault =
    /^resourceId=\/SUBSCRIPTIONS\/[^/]+\/RESOURCEGROUPS\/CONTOSO\/PROVIDERS\/MICROSOFT\.KEYVAULT\/VAULTS\/[^/]+$/;
  const hour = /^\/y=\d{4}\/m=\d\d\/d=\d\d\/h=\d\d\/m=00\/PT1H\.json$/;
  for (const name of blobs.keys()) {
    const end = name.indexOf('/y=');
    assert.match(name.slice(0, end), vault);
    assert.match(name.slice(end), hour);
  }
});

test('the records of all cells are at the collector, each with an id of its own', () => {
  const { taken } = collector;
  assertAllCells([...new Map(taken.map(({ uid, body }) => [uid, body])).values()]);
});

after(async () => {
  await azurite[Symbol.asyncDispose]();
  await collector[Symbol.asyncDispose]();
  if (ran.length < lessons.length) return;
  const page = readFileSync(join(lessonFolder, 'README.md'), 'utf8');
  const inOrder = lessons.flatMap(([program]) => ran.filter((lesson) => lesson.program === program));
  assert.equal(
    page,
    withParts(page, new Map([['outcomes', outcomeTable(inOrder)]])),
    'run "npm run lessons -- --write"',
  );
});
