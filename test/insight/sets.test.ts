import assert from 'node:assert/strict';
import { suite, test } from 'node:test';
import fc from 'fast-check';
import { formatRange, networkOf } from '../../src/address/address.ts';
import { RuleArena } from '../../src/firewall/arena.ts';
import { compileFirewall } from '../../src/firewall/compile.ts';
import type { CompileOptions } from '../../src/firewall/compile.ts';
import { decide } from '../../src/firewall/decide.ts';
import { accessOf, isIn, letsIn } from '../../src/insight/access-set.ts';
import { changeOf, isNobody } from '../../src/insight/diff.ts';
import { count, has, minus, piecesOf, rangesOf, union } from '../../src/insight/spans.ts';
import type { Span } from '../../src/insight/spans.ts';
import type { FirewallSettings } from '../../src/types/firewall.ts';
import { address, options, request, settings } from './arbitraries.ts';
import type { Request } from './arbitraries.ts';

const span: fc.Arbitrary<Span> = fc
  .tuple(address, address)
  .map(([one, other]) => ({ first: Math.min(one, other), last: Math.max(one, other) }));
const spans = fc.array(span, { maxLength: 8 });

suite('a set of addresses', () => {
  test('union, minus and pieces hold each address that they should', () => {
    fc.assert(
      fc.property(spans, spans, fc.array(address), (one, other, anywhere) => {
        const [first, second] = [union(one), union(other)];
        const inOne = (value: number) => one.some((each) => each.first <= value && value <= each.last);
        const inOther = (value: number) => other.some((each) => each.first <= value && value <= each.last);
        const edges = [...one, ...other].flatMap((each) => [each.first - 1, each.first, each.last, each.last + 1]);
        for (const value of [...edges, ...anywhere].filter((each) => each >= 0 && each <= 0xffffffff)) {
          assert.equal(has(first, value), inOne(value));
          assert.equal(has(minus(first, second), value), inOne(value) && !inOther(value));
          assert.equal(has(piecesOf(first, second), value), inOne(value) && inOther(value));
        }
      }),
    );
  });

  test('equal sets have equal lists', () => {
    fc.assert(
      fc.property(spans, (some) => {
        const set = union(some);
        assert.deepEqual(union([...some].toReversed()), set);
        assert.deepEqual(union([...set, ...some]), set);
        assert.deepEqual(union(rangesOf(set)), set);
        assert.equal(count(rangesOf(set)), count(set));
        for (const [index, { first }] of set.entries())
          assert.ok(index === 0 || first > (set[index - 1]?.last ?? 0) + 1);
      }),
    );
  });

  test('ranges are the fewest: no two of them are halves of one', () => {
    fc.assert(
      fc.property(spans, (some) => {
        const ranges = new Set(rangesOf(union(some)).map((each) => formatRange(each)));
        for (const range of rangesOf(union(some))) {
          if (range.prefix === 0) continue;
          const whole = networkOf(range.first, range.prefix - 1);
          const sibling = range.first === whole.first ? range.last + 1 : whole.first;
          assert.equal(ranges.has(formatRange({ ...networkOf(sibling, range.prefix) })), false);
        }
      }),
    );
  });
});

function decides(of: FirewallSettings, { source, caller, operation }: Request, given: CompileOptions): boolean {
  return decide(compileFirewall(of, new RuleArena(), given), source, caller, operation).allowed;
}

suite('what a rule set lets in', () => {
  test('is what the firewall decides', () => {
    fc.assert(
      fc.property(settings, request, options, (of, asked, given) => {
        assert.equal(letsIn(accessOf(of, given), asked), decides(of, asked, given));
      }),
      { numRuns: 2000 },
    );
  });

  test('changes by exactly those whom the firewall decides otherwise about', () => {
    fc.assert(
      fc.property(settings, settings, request, options, (before, after, asked, given) => {
        const { gains, losses } = changeOf(accessOf(before, given), accessOf(after, given));
        const [was, is] = [decides(before, asked, given), decides(after, asked, given)];
        const isTrusted = asked.caller !== undefined && given.trust?.of(asked.caller, asked.operation) !== undefined;
        if (isTrusted && asked.source.kind !== 'unknown') {
          // A trusted caller gains by the bypass, from everywhere but where the network let it in anyway.
          if (is && !was) assert.ok(gains.services.length > 0 || isIn(gains.network, asked.source));
          if (was && !is) assert.ok(losses.services.length > 0 || isIn(losses.network, asked.source));
        } else {
          assert.equal(isIn(gains.network, asked.source), is && !was);
          assert.equal(isIn(losses.network, asked.source), was && !is);
        }
      }),
      { numRuns: 3000 },
    );
  });

  test('does not change by order, repetition or a range inside another', () => {
    const acls = { bypass: 'None', defaultAction: 'Deny', virtualNetworkRules: [] } as const;
    const of = (...values: readonly string[]): FirewallSettings => ({
      publicNetworkAccess: 'Enabled',
      networkAcls: { ...acls, ipRules: values.map((value) => ({ value })) },
    });
    const before = accessOf(of('203.0.113.0/25', '203.0.113.128/25', '198.51.100.7'));
    const after = accessOf(of('198.51.100.7/32', '203.0.113.0/24', '203.0.113.9', '198.51.100.7'));
    const { gains, losses } = changeOf(before, after);
    assert.deepEqual([isNobody(gains), isNobody(losses)], [true, true]);
    const { gains: more } = changeOf(before, accessOf(of('203.0.113.0/24', '198.51.100.6/31')));
    assert.deepEqual(
      rangesOf(more.network.ipv4).map((each) => formatRange(each)),
      ['198.51.100.6/32'],
    );
  });
});
