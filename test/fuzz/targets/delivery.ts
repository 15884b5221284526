import assert from 'node:assert/strict';
import { lineOf } from '../../../src/audit/line.ts';
import { auditRecord } from '../../../src/audit/record.ts';
import { blobName } from '../../../src/delivery/blob-name.ts';
import { linesIn } from '../../../src/delivery/line-head.ts';
import { retryAfterMs } from '../../../src/delivery/failed.ts';
import type { FuzzTarget } from '../target.ts';
import { bytesOf, textOf } from '../target.ts';

const offset = 7;

/** The records in a part of the log are those that a parser finds, each where it is; a blob's name is made of digits and the id. */
export const logPart: FuzzTarget = {
  form: 'bytes',
  words: ['"time":"', '"resourceId":"', '"category":"', '\\u002f', '\\"', '\n'],
  samples: () => ({
    inputs: [
      ['/subscriptions/s/resourcegroups/g/providers/microsoft.keyvault/vaults/v', '/a "quoted" Ä\u2028 name']
        .map(line)
        .join('\n'),
      `not a record\n${line('/x')}\n{"time":"2026-01-31T12:00:00Z"`,
    ].map(bytesOf),
    read(input) {
      const part = Buffer.from(input);
      for (const { bytes, offset: at, time, resourceId, category } of linesIn(part, offset)) {
        assert.ok(bytes.equals(part.subarray(at - offset, at - offset + bytes.length)));
        assert.equal(part[at - offset + bytes.length], 0x0a);
        assert.match(
          blobName({ resourceId: '', time }),
          /^resourceId=\/y=\d{4}\/m=\d\d\/d=\d\d\/h=\d\d\/m=00\/PT1H\.json$/,
        );
        const parsed = recordOf(bytes.toString());
        if (parsed !== undefined)
          assert.deepEqual([parsed['time'], parsed['resourceId'], parsed['category']], [time, resourceId, category]);
      }
    },
  }),
};

/** The time to wait is a number of milliseconds that is not negative, or there is none. */
export const retryAfter: FuzzTarget = {
  form: 'text',
  samples: () => ({
    inputs: ['120', 'Fri, 31 Dec 2027 23:59:59 GMT', '0', '999999999'].map(bytesOf),
    read(input) {
      const waitMs = retryAfterMs(textOf(input), 0);
      assert.ok(waitMs === undefined || (Number.isFinite(waitMs) && waitMs >= 0), String(waitMs));
    },
  }),
};

/** The record, unless a name appears twice, of which a parser takes the last. */
function recordOf(text: string): Readonly<Record<string, unknown>> | undefined {
  const names = ['time', 'resourceId', 'category'].map((name) => text.split(`"${name}"`).length);
  if (names.some((parts) => parts !== 2) || text.includes('\\u')) return undefined;
  try {
    return JSON.parse(text) as Readonly<Record<string, unknown>>;
  } catch {
    return undefined;
  }
}

function line(resourceId: string): string {
  const record = auditRecord({
    at: Date.UTC(2026, 0, 31, 12),
    durationMs: 1,
    operationName: 'SecretGet',
    apiVersion: '7.4',
    resourceId,
    status: 200,
    correlationId: 'c',
    requestUri: undefined,
  });
  return `${lineOf(record).text}\n`;
}
