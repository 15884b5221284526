import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { documentedTrust } from '../../src/firewall/trust.ts';
import { contentsOf, createLine, jsonLines, newSetting, sinksOf } from '../../src/portal/logs/setting.ts';
import { callsByService, optsIn, waysOf } from '../../src/portal/services/service.ts';
import { denialsByVault } from '../../src/portal/vaults/denials.ts';
import type { ActivityEntry } from '../../src/types/activity.ts';

const nowMs = Date.UTC(2026, 0, 31, 12);
const storage = '/subscriptions/1/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/logs';

function call(given: Partial<ActivityEntry>): ActivityEntry {
  return {
    time: new Date(nowMs).toISOString(),
    plane: 'data',
    operation: 'KeyUnwrap',
    vault: { id: '/Vaults/Demo', name: 'demo' },
    caller: { issuerClass: 'own', objectId: 'o', managedIdentity: storage },
    status: 200,
    correlationId: 'c',
    ...given,
  };
}

describe('calls of trusted services', () => {
  const denied = {
    verdict: { allowed: false, because: 'noIpRule', explanation: 'Denied: bypass is None.' },
    status: 403,
  };

  it('are recognised also where the vault did not let them in, with the reason', () => {
    const calls = callsByService(documentedTrust, [call({}), call({ ...denied, suppressed: 4 })], 't');
    assert.deepEqual(
      [...calls],
      [['Azure Storage', { letIn: 1, refused: 4, lastMs: nowMs, why: 'bypass is None.', caller: 'o' }]],
    );
  });

  it('are not those of a user, of an external issuer with the same claims, or of the resource manager', () => {
    const others: Partial<ActivityEntry>[] = [
      { caller: { issuerClass: 'own', objectId: 'o', name: 'ada@localhost' } },
      { caller: { issuerClass: 'external', objectId: 'o', managedIdentity: storage } },
      { plane: 'control' },
    ];
    assert.equal(callsByService(documentedTrust, others.map(call), 't').size, 0);
  });

  it('there are 18 of them, each recognised in some way and for some permissions', () => {
    assert.equal(documentedTrust.services.length, 18);
    for (const service of documentedTrust.services) {
      const ways = waysOf(service);
      assert.ok(ways.length > 0 && ways.every(({ how, may }) => how !== '' && may !== ''), service.name);
    }
  });

  it('a vault without rules lets them in, and one with bypass None does not', () => {
    const properties = { tenantId: '', vaultUri: '' };
    const networkAcls = { bypass: 'None', defaultAction: 'Deny', ipRules: [], virtualNetworkRules: [] } as const;
    assert.equal(optsIn({ properties }), true);
    assert.equal(optsIn({ properties: { ...properties, networkAcls } }), false);
  });
});

describe('denials of the last hour', () => {
  it('are counted for each vault, whatever the case of its id, and older ones are not', () => {
    const at = (beforeMs: number) => ({ time: new Date(nowMs - beforeMs).toISOString() });
    const value = [
      call(at(3_600_001)),
      call(at(3_599_999)),
      call({ ...at(0), suppressed: 9, vault: { id: '/VAULTS/DEMO', name: 'demo' } }),
    ];
    assert.deepEqual([...denialsByVault({ value }, nowMs)], [['/vaults/demo', 10]]);
  });
});

describe('diagnostic settings', () => {
  const properties = { storageAccountId: storage, logs: [{ category: null, categoryGroup: 'audit', enabled: true }] };

  it('in words', () => {
    const setting = { id: '', name: 'copy', properties };
    assert.equal(sinksOf(setting), 'storage account logs');
    assert.equal(contentsOf(setting), 'audit');
    const off = { ...properties, logs: [{ category: 'AuditEvent', categoryGroup: null, enabled: false }] };
    assert.equal(contentsOf({ ...setting, properties: off }), 'nothing');
    const both = { ...properties, marketplacePartnerId: '/subscriptions/1/x/collectors/grafana' };
    assert.equal(sinksOf({ ...setting, properties: both }), 'storage account logs, collector grafana');
  });

  it('as they are made', () => {
    const group = '/subscriptions/1/resourceGroups/g';
    assert.deepEqual(newSetting({ storageAccountId: storage, collector: '', group: 'audit' }, group), {
      storageAccountId: storage,
      logs: [{ categoryGroup: 'audit', enabled: true }],
    });
    assert.deepEqual(newSetting({ storageAccountId: '', collector: 'grafana', group: 'allLogs' }, group), {
      marketplacePartnerId: `${group}/providers/Postern.Delivery/collectors/grafana`,
      logs: [{ categoryGroup: 'allLogs', enabled: true }],
    });
  });

  it('a command by ids, which need no resource group', () => {
    const line = createLine('/subscriptions/1/resourceGroups/g/providers/Microsoft.KeyVault/vaults/v');
    assert.match(line, / --resource \/subscriptions\/1\/resourceGroups\/g\/providers\/Microsoft\.KeyVault\/vaults\/v /);
    assert.match(
      line,
      / --storage-account \/subscriptions\/1\/resourceGroups\/g\/providers\/Microsoft\.Storage\/\S+\/NAME /,
    );
  });

  it('a line for each record', () => {
    assert.equal(jsonLines([{ a: 1 }, { b: '\n' }]), '{"a":1}\n{"b":"\\n"}\n');
  });
});
