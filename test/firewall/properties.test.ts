import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { contains, formatIpv4, formatRange, networkOf, parseAddress } from '../../src/address/address.ts';
import type { Range } from '../../src/address/address.ts';
import { RuleArena } from '../../src/firewall/arena.ts';
import { compileFirewall } from '../../src/firewall/compile.ts';
import type { CompiledFirewall } from '../../src/firewall/compile.ts';
import { decide } from '../../src/firewall/decide.ts';
import type { Source } from '../../src/types/source.ts';
import type { Verdict } from '../../src/types/verdict.ts';
import { bindings, fromSubnet, ipRules, secretGet, settingsWith } from './samples.ts';

/** Ranges of every size that are close together, so that they nest, repeat and touch, and some far away. */
const range: fc.Arbitrary<Range> = fc.oneof(
  fc
    .tuple(fc.integer({ min: 0, max: 1023 }), fc.integer({ min: 22, max: 32 }))
    .map(([n, p]) => networkOf(0xcb007000 + n, p)),
  fc.tuple(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 32 })).map(([n, p]) => networkOf(n, p)),
);
const ranges = fc.array(range, { maxLength: 40 });

/** Every edge of every range, one before and one after it, and the ends of the address space. */
function addressesAround(of: readonly Range[]): readonly number[] {
  const around = of.flatMap(({ first, last }) => [first - 1, first, first + 1, last - 1, last, last + 1]);
  return [0, 0xffffffff, ...around].filter((address) => address >= 0 && address <= 0xffffffff);
}

function fromValue(value: number): Source {
  const address = parseAddress(formatIpv4(value));
  assert.ok(address !== undefined);
  return { kind: 'public', address };
}

function compiled(of: readonly Range[], arena = new RuleArena()): CompiledFirewall {
  return compileFirewall(settingsWith({ ipRules: ipRules(...of.map((one) => formatRange(one))) }), arena);
}

function ask(firewall: CompiledFirewall, address: number): Verdict {
  return decide(firewall, fromValue(address), undefined, secretGet);
}

/** Checks one rule after the other: the narrowest that contains the address, of equal ones the first. */
function naive(of: readonly Range[], address: number): Verdict {
  let found = -1;
  for (const [index, one] of of.entries()) {
    const inside = one.first <= address && address <= one.last;
    if (inside && (found < 0 || one.prefix > (of[found]?.prefix ?? 0))) found = index;
  }
  return found < 0 ? { allowed: false, because: 'noIpRule' } : { allowed: true, because: 'ipRule', index: found };
}

test('a decision agrees with checking one rule after the other, at every edge and next to it', () => {
  fc.assert(
    fc.property(ranges, fc.array(fc.integer({ min: 0, max: 0xffffffff })), (of, anywhere) => {
      const firewall = compiled(of);
      for (const address of [...addressesAround(of), ...anywhere]) {
        assert.deepEqual(ask(firewall, address), naive(of, address), formatIpv4(address));
      }
    }),
    { numRuns: 300 },
  );
});

test('the rule that is named is really there and contains the address, and no rule inside it does', () => {
  fc.assert(
    fc.property(ranges, (of) => {
      const firewall = compiled(of);
      for (const address of addressesAround(of)) {
        const verdict = ask(firewall, address);
        if (!verdict.allowed || verdict.because !== 'ipRule') continue;
        const named = of[verdict.index];
        assert.ok(named !== undefined && named.first <= address && address <= named.last);
        const narrower = of.filter((one) => one.prefix > named.prefix && contains(named, one));
        assert.ok(narrower.every(({ first, last }) => address < first || last < address));
      }
    }),
  );
});

const inTwoOrders = ranges.chain((of) =>
  fc.tuple(fc.constant(of), fc.shuffledSubarray(of, { minLength: of.length, maxLength: of.length })),
);

test('the order of the rules changes neither which sources are let in nor the value of the rule that is named', () => {
  fc.assert(
    fc.property(inTwoOrders, ([of, shuffled]) => {
      const one = compiled(of);
      const other = compiled(shuffled);
      for (const address of addressesAround(of)) {
        assert.deepEqual(namedValue(ask(one, address), of), namedValue(ask(other, address), shuffled));
      }
    }),
  );
});

function namedValue(verdict: Verdict, of: readonly Range[]): string {
  if (!verdict.allowed) return verdict.because;
  const named = verdict.because === 'ipRule' ? of[verdict.index] : undefined;
  assert.ok(named !== undefined);
  return formatRange(named);
}

test('adding a rule takes no access away, and gives none outside the rule', () => {
  fc.assert(
    fc.property(ranges, range, fc.nat(), (of, added, at) => {
      const place = at % (of.length + 1);
      const before = compiled(of);
      const after = compiled([...of.slice(0, place), added, ...of.slice(place)]);
      for (const address of addressesAround([...of, added])) {
        const inside = added.first <= address && address <= added.last;
        assert.equal(ask(after, address).allowed, ask(before, address).allowed || inside);
      }
    }),
  );
});

test('a bound subnet is named by its first rule, and an unbound one is denied', () => {
  const incarnations = fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'));
  fc.assert(
    fc.property(incarnations, (bound) => {
      const settings = settingsWith({ virtualNetworkRules: bindings(...bound) });
      const firewall = compileFirewall(settings, new RuleArena());
      for (const incarnation of ['a', 'b', 'c', 'd', 'e', 'f', 'g']) {
        const index = bound.findIndex((one) => one === incarnation);
        assert.deepEqual(
          decide(firewall, fromSubnet(incarnation), undefined, secretGet),
          index < 0
            ? { allowed: false, because: 'noVirtualNetworkRule' }
            : { allowed: true, because: 'virtualNetworkRule', index },
        );
      }
    }),
  );
});
