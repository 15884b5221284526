import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { RuleArena } from '../../src/firewall/arena.ts';
import { compileFirewall, release } from '../../src/firewall/compile.ts';
import type { CompiledFirewall } from '../../src/firewall/compile.ts';
import { decide } from '../../src/firewall/decide.ts';
import type { FirewallSettings } from '../../src/types/firewall.ts';
import { bindings, fromAddress, fromSubnet, ipRules, secretGet, settingsWith } from './samples.ts';

/** Rules that only this number has: an address, and a subnet bound under the number. */
function settingsOf(number: number, size: number): FirewallSettings {
  const own = `1.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
  const more = Array.from({ length: size }, (_, n) => `2.0.${n >> 8}.${n & 255}`);
  return settingsWith({ ipRules: ipRules(...more, own), virtualNetworkRules: bindings(`subnet ${number}`, 'shared') });
}

function assertDecides(firewall: CompiledFirewall, number: number, size: number): void {
  const own = fromAddress(`1.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`);
  const neighbour = fromAddress(`1.${(number >> 16) & 255}.${(number >> 8) & 255}.${(number + 1) & 255}`);
  const ask = (source: Parameters<typeof decide>[1]): unknown => decide(firewall, source, undefined, secretGet);
  assert.deepEqual(ask(own), { allowed: true, because: 'ipRule', index: size });
  assert.deepEqual(ask(neighbour), { allowed: false, because: 'noIpRule' });
  assert.deepEqual(ask(fromSubnet(`subnet ${number}`)), { allowed: true, because: 'virtualNetworkRule', index: 0 });
  assert.deepEqual(ask(fromSubnet('shared')), { allowed: true, because: 'virtualNetworkRule', index: 1 });
  assert.deepEqual(ask(fromSubnet(`subnet ${number + 1}`)), { allowed: false, because: 'noVirtualNetworkRule' });
}

type Change = { readonly vault: number; readonly size: number; readonly remove: boolean };

test('whatever is stored, replaced and released, every vault decides by its own rules', () => {
  const change: fc.Arbitrary<Change> = fc.record({
    vault: fc.integer({ min: 0, max: 15 }),
    size: fc.oneof(fc.integer({ min: 0, max: 8 }), fc.integer({ min: 0, max: 300 })),
    remove: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(change, { minLength: 1, maxLength: 120 }), (changes) => {
      const arena = new RuleArena();
      const vaults = new Map<number, { firewall: CompiledFirewall; size: number }>();
      for (const { vault, size, remove } of changes) {
        const old = vaults.get(vault);
        // As a rule change does it: the new rules are in force before the old ones are released.
        if (remove) vaults.delete(vault);
        else vaults.set(vault, { firewall: compileFirewall(settingsOf(vault, size), arena), size });
        if (old !== undefined) release(old.firewall);
      }
      for (const [number, { firewall, size }] of vaults) assertDecides(firewall, number, size);
      assert.equal(arena.usage.blocks, vaults.size);
      assert.equal(arena.usage.incarnations, vaults.size === 0 ? 0 : vaults.size + 1);
    }),
    { numRuns: 60 },
  );
});

test('a hundred thousand rule changes on one vault among others do not grow the arena', () => {
  const arena = new RuleArena();
  const others = Array.from({ length: 100 }, (_, number) => compileFirewall(settingsOf(number, 5), arena));
  let changed = compileFirewall(settingsOf(1000, 3), arena);
  const warm = (changes: number): void => {
    for (let n = 1; n <= changes; n++) {
      const next = compileFirewall(settingsOf(1000, n % 8), arena);
      release(changed);
      changed = next;
    }
  };
  warm(1000);
  const { capacity, blocks, incarnations } = arena.usage;
  warm(100_000);
  assert.deepEqual({ ...arena.usage, used: 0 }, { capacity, used: 0, blocks, incarnations });
  assert.equal(incarnations, 102);
  for (const [number, firewall] of others.entries()) assertDecides(firewall, number, 5);
  assertDecides(changed, 1000, 0);
});

test('the arena is at most twice what was in use, and shrinks when vaults go', () => {
  const arena = new RuleArena();
  const vaults = Array.from({ length: 5000 }, (_, number) => compileFirewall(settingsOf(number, 5), arena));
  const full = arena.usage;
  assert.ok(full.capacity <= 2 * full.used, JSON.stringify(full));
  for (const firewall of vaults.slice(10)) release(firewall);
  const { capacity, used, blocks, incarnations } = arena.usage;
  assert.equal(blocks, 10);
  assert.equal(incarnations, 11);
  assert.ok(used < full.used / 400);
  assert.ok(capacity < full.capacity / 50, `${capacity} of ${full.capacity}`);
  for (const [number, firewall] of vaults.slice(0, 10).entries()) assertDecides(firewall, number, 5);
});

test('a subnet that many vaults allow is stored once, until the last of them releases it', () => {
  const arena = new RuleArena();
  const settings = settingsWith({ virtualNetworkRules: bindings('s1', 's1') });
  const vaults = [compileFirewall(settings, arena), compileFirewall(settings, arena)] as const;
  assert.equal(arena.usage.incarnations, 1);
  release(vaults[0]);
  release(vaults[0]);
  assert.equal(arena.usage.incarnations, 1);
  assert.equal(decide(vaults[1], fromSubnet('s1'), undefined, secretGet).allowed, true);
  release(vaults[1]);
  assert.equal(arena.usage.incarnations, 0);
});

test('the number of a subnet that no vault allows any more does not let another subnet in', () => {
  const arena = new RuleArena();
  const first = compileFirewall(settingsWith({ virtualNetworkRules: bindings('old') }), arena);
  const kept = compileFirewall(settingsWith({ virtualNetworkRules: bindings('kept') }), arena);
  release(first);
  const next = compileFirewall(settingsWith({ virtualNetworkRules: bindings('new') }), arena);
  const allows = (firewall: CompiledFirewall, incarnation: string): boolean =>
    decide(firewall, fromSubnet(incarnation), undefined, secretGet).allowed;
  assert.deepEqual(
    ['old', 'kept', 'new'].map((name) => [allows(kept, name), allows(next, name)]),
    [
      [false, false],
      [true, false],
      [false, true],
    ],
  );
});

test('a vault that is open to all networks takes no space', () => {
  const arena = new RuleArena();
  const { used } = arena.usage;
  compileFirewall({ publicNetworkAccess: 'Enabled', networkAcls: undefined }, arena);
  compileFirewall(settingsWith({ defaultAction: 'Allow', ipRules: ipRules('203.0.113.7') }), arena);
  assert.equal(arena.usage.used, used);
  assert.equal(arena.usage.blocks, 0);
});
