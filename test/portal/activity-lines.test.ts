import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { countOf, isLetIn, outcomeOf, reasonOf } from '../../src/portal/activity/entry.ts';
import { explainRequest, gainsInWords } from '../../src/portal/activity/explain.ts';
import {
  delayMs,
  emptyFeed,
  entriesKept,
  entriesPerAnswer,
  fed,
  filterExpression,
  filtersIn,
  waitMs,
} from '../../src/portal/activity/feed.ts';
import { ladderOf } from '../../src/portal/activity/ladder.ts';
import { beatMs, linesOf, pulseMs, pulseOf } from '../../src/portal/activity/lines.ts';
import { servicesTenant } from '../../src/types/caller.ts';
import type { ActivityAnswer, ActivityEntry } from '../../src/types/activity.ts';

const startMs = Date.UTC(2026, 0, 31, 12);

const vault = { id: '/subscriptions/1/resourceGroups/g/providers/Microsoft.KeyVault/vaults/demo', name: 'demo' };

const usual: ActivityEntry = {
  time: new Date(startMs).toISOString(),
  plane: 'data',
  operation: 'SecretGet',
  vault,
  source: { kind: 'public', address: '203.0.113.7' },
  caller: { issuerClass: 'own', objectId: 'ada', applicationId: 'app' },
  verdict: { allowed: true, because: 'ipRule', rule: '203.0.113.7' },
  permission: { allowed: true, by: 'accessPolicy' },
  status: 200,
  correlationId: 'c',
};

function entry(given: Partial<ActivityEntry> = {}): ActivityEntry {
  return { ...usual, ...given };
}

type Optional = 'source' | 'caller' | 'verdict' | 'permission';

function without(absent: readonly Optional[], given: Partial<ActivityEntry> = {}): ActivityEntry {
  const { source, caller, verdict, permission, ...rest } = entry(given);
  return {
    ...rest,
    ...(source !== undefined && !absent.includes('source') && { source }),
    ...(caller !== undefined && !absent.includes('caller') && { caller }),
    ...(verdict !== undefined && !absent.includes('verdict') && { verdict }),
    ...(permission !== undefined && !absent.includes('permission') && { permission }),
  };
}

const denied = without(['permission'], {
  verdict: { allowed: false, because: 'noIpRule', explanation: 'Denied: 203.0.113.9 is in none of the IP rules (1).' },
  status: 403,
  message: 'Client address is not authorized.\nClient address: 203.0.113.9',
});

const withoutPermission = entry({ permission: { allowed: false, by: 'role' }, status: 403, message: 'Not allowed.' });

describe('where a request ended', () => {
  const cases: readonly [string, ActivityEntry, string, string, string][] = [
    ['let in', entry(), 'done', 'IP rule 203.0.113.7, an access policy', 'passed passed passed passed'],
    [
      'no object',
      entry({ status: 404, message: 'Not found.\nMore.' }),
      'object',
      'Not found.',
      'passed passed passed refused',
    ],
    ['no permission', withoutPermission, 'permission', 'Not allowed.', 'passed passed refused unreached'],
    [
      'no rule',
      denied,
      'firewall',
      '203.0.113.9 is in none of the IP rules (1).',
      'passed refused unreached unreached',
    ],
    [
      'no token',
      without(['caller', 'verdict', 'permission'], { status: 401, message: 'AKV10022' }),
      'token',
      'AKV10022',
      'refused unreached unreached unreached',
    ],
    [
      'a change of the vault',
      without(['verdict', 'permission'], { plane: 'control', operation: 'VaultPatch' }),
      'done',
      'changed the vault',
      'passed skipped skipped passed',
    ],
    [
      'the vault by itself',
      without(['source', 'caller', 'verdict', 'permission']),
      'done',
      'the vault did it by itself',
      'passed skipped skipped passed',
    ],
  ];
  for (const [title, one, outcome, reason, states] of cases) {
    it(title, () => {
      assert.equal(outcomeOf(one), outcome);
      assert.equal(reasonOf(one), reason);
      assert.equal(
        ladderOf(one)
          .map(({ state }) => state)
          .join(' '),
        states,
      );
    });
  }
});

describe('lines', () => {
  it('put together one caller, operation and reason, with its addresses; the newest is first', () => {
    const at = (seconds: number, address: string, given: ActivityEntry = denied) => ({
      ...given,
      time: new Date(startMs + seconds * 1000).toISOString(),
      source: { kind: 'public', address } as const,
    });
    const lines = linesOf([
      at(0, '203.0.113.9'),
      at(1, '203.0.113.8'),
      at(2, '203.0.113.7', entry()),
      at(3, '203.0.113.8'),
    ]);
    assert.deepEqual(
      lines.map(({ outcome, count, addresses, firstMs, lastMs }) => ({
        outcome,
        count,
        addresses: addresses.map(({ text, count: times }) => `${text} ${times}`),
        seconds: [firstMs, lastMs].map((ms) => (ms - startMs) / 1000),
      })),
      [
        { outcome: 'firewall', count: 3, addresses: ['203.0.113.8 2', '203.0.113.9 1'], seconds: [0, 3] },
        { outcome: 'done', count: 1, addresses: ['203.0.113.7 1'], seconds: [2, 2] },
      ],
    );
  });

  const other: readonly [string, Partial<ActivityEntry>][] = [
    ['another operation', { operation: 'KeyGet' }],
    ['another caller', { caller: { issuerClass: 'own', objectId: 'grace', applicationId: 'app' } }],
    ['another reason', { verdict: { allowed: false, because: 'ipv6' } }],
    ['another vault', { vault: { ...vault, name: 'open' } }],
  ];
  for (const [title, given] of other) {
    it(`keep apart ${title}`, () => {
      assert.equal(linesOf([denied, { ...denied, ...given }]).length, 2);
    });
  }
});

const anyEntry = fc
  .record({
    one: fc.constantFrom(entry(), denied, withoutPermission, entry({ operation: 'KeySign', status: 404 })),
    beforeMs: fc.nat(2 * pulseMs),
    suppressed: fc.option(fc.integer({ min: 1, max: 1000 }), { nil: undefined }),
  })
  .map(({ one, beforeMs, suppressed }) => ({
    ...one,
    time: new Date(startMs - beforeMs).toISOString(),
    ...(suppressed !== undefined && { suppressed }),
  }));

const sum = (counts: readonly number[]) => counts.reduce((all, count) => all + count, 0);

describe('counts', () => {
  it('of all lines together are those of the entries', () => {
    fc.assert(
      fc.property(fc.array(anyEntry), (entries) => {
        const lines = linesOf(entries.toSorted((one, other) => (one.time < other.time ? -1 : 1)));
        assert.equal(sum(lines.map(({ count }) => count)), sum(entries.map(countOf)));
        assert.deepEqual(
          lines.map(({ lastMs }) => lastMs),
          lines.map(({ lastMs }) => lastMs).toSorted((one, other) => other - one),
        );
      }),
    );
  });

  it('of the pulse are those of the entries in its ten minutes', () => {
    fc.assert(
      fc.property(fc.array(anyEntry), (entries) => {
        const beats = pulseOf(entries, startMs);
        assert.equal(beats.length, pulseMs / beatMs);
        const firstMs = beats[0]?.atMs ?? 0;
        const within = entries.filter(({ time }) => Date.parse(time) >= firstMs);
        const count = (letIn: boolean) =>
          sum(within.filter((each) => isLetIn(outcomeOf(each)) === letIn).map((each) => countOf(each)));
        assert.equal(sum(beats.map(({ letIn }) => letIn)), count(true));
        assert.equal(sum(beats.map(({ refused }) => refused)), count(false));
      }),
    );
  });
});

function answer(value: readonly ActivityEntry[], given: Partial<ActivityAnswer> = {}): ActivityAnswer {
  return { value, next: 'n', more: false, gap: false, since: new Date(startMs - 1000).toISOString(), ...given };
}

describe('the feed', () => {
  const second = { ...denied, correlationId: 'd' };

  it('counts as new what came after the first answer, and asks sooner while something comes', () => {
    const first = fed(emptyFeed, answer([entry()]), startMs);
    assert.equal(first.fresh, 0);
    const next = fed(first, answer([second], { next: 'm' }), startMs);
    assert.deepEqual([next.fresh, next.next, next.entries.length, delayMs(next, false)], [1, 'm', 2, 1000]);
    const quiet = fed(next, answer([]), startMs);
    assert.deepEqual([quiet.fresh, delayMs(quiet, false)], [1, 5000]);
  });

  it('asks at once for what the server has already, and not without end where it sends nothing', () => {
    assert.equal(delayMs({ busy: true }, true), 0);
    assert.equal(delayMs({ busy: false }, true), 5000);
  });

  it('waits after a failure as long as the server says, within what a timer can', () => {
    assert.deepEqual(
      [undefined, 0, 30, -1].map((seconds) => waitMs(seconds)),
      [5000, 5000, 30_000, 5000],
    );
    // A browser's timer has 31 bits.
    assert.deepEqual(
      [2_147_484, 99_999_999, Infinity].map((seconds) => waitMs(seconds)),
      Array(3).fill(3_600_000),
    );
  });

  it('says a gap for as long as it is shown, and shows nothing twice after it', () => {
    const feed = fed(fed(emptyFeed, answer([entry()]), startMs), answer([entry(), second], { gap: true }), startMs);
    assert.deepEqual([feed.gap, feed.entries.length], [true, 2]);
    assert.equal(fed(feed, answer([]), startMs).gap, true);
  });

  it("says since when it is whole: the server's time, or that of the oldest entry that is kept", () => {
    assert.equal(fed(emptyFeed, answer([entry()]), startMs).sinceMs, startMs - 1000);
    const full = fed(emptyFeed, answer(Array.from({ length: entriesPerAnswer }, () => entry())), startMs);
    assert.equal(full.sinceMs, startMs);
    const later = Array.from({ length: entriesKept }, () => entry({ time: new Date(startMs + 60_000).toISOString() }));
    const cut = fed(full, answer(later), startMs);
    assert.deepEqual([cut.entries.length, cut.sinceMs], [entriesKept, startMs + 60_000]);
  });
});

describe('filters', () => {
  it('come from the address of the page, and unknown ones do not', () => {
    const filters = filtersIn(new URLSearchParams('result=denied&address=203.0.113.7&x=1&vault='));
    assert.deepEqual(filters, { result: 'denied', address: '203.0.113.7' });
    assert.equal(filterExpression(filters), "result eq 'denied' and address eq '203.0.113.7'");
  });

  it('cannot leave their quotes', () => {
    assert.equal(filterExpression({ caller: "a' or 'b" }), "caller eq 'a'' or ''b'");
  });
});

describe('what explain is asked', () => {
  it('the address, and who called by a token of this server', () => {
    assert.deepEqual(explainRequest(denied), { from: '203.0.113.7', caller: { applicationId: 'app' } });
    assert.deepEqual(
      explainRequest({ source: { kind: 'public', address: '203.0.113.7' }, requiredPermission: 'keys/sign' }),
      { from: '203.0.113.7', permission: 'keys/sign' },
    );
  });

  it('the subnet as well, and the tenant of a service of Azure', () => {
    const source = { kind: 'subnet', subnet: '/s', address: '10.0.0.4', assurance: 'enforced' } as const;
    const caller = { issuerClass: 'services', objectId: 'o', applicationId: 'app' } as const;
    assert.deepEqual(explainRequest({ source, caller }), {
      from: '10.0.0.4',
      subnet: '/s',
      caller: { tenantId: servicesTenant, applicationId: 'app' },
    });
  });

  it("nothing of an external issuer's claims, and nothing at all where the source is unknown", () => {
    const caller = { issuerClass: 'external', objectId: 'o', applicationId: 'app' } as const;
    assert.deepEqual(explainRequest({ ...denied, caller }), { from: '203.0.113.7' });
    assert.equal(explainRequest({ source: { kind: 'unknown' } }), undefined);
    assert.equal(explainRequest({}), undefined);
  });

  it('its answer in words', () => {
    const none = { ipv4: [], ipv6: false, subnets: [], services: [] };
    assert.equal(gainsInWords(none), 'nobody else');
    const subnet = '/subscriptions/1/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/blue/subnets/work';
    assert.equal(
      gainsInWords({
        ipv4: [{ range: '203.0.113.0/31', addresses: 2 }],
        ipv6: true,
        subnets: [{ subnet }],
        services: ['a'],
      }),
      '2 addresses, IPv6, the subnet blue/work, 1 trusted service',
    );
  });
});
