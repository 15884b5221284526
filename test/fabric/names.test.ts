import assert from 'node:assert/strict';
import { it } from 'node:test';
import { allocate, emptyAllocation } from '../../src/fabric/allocation.ts';
import { FabricFailed } from '../../src/fabric/failed.ts';
import { internetRules } from '../../src/fabric/internet-rules.ts';
import { thingsOf } from '../../src/fabric/links.ts';
import { plan } from '../../src/fabric/plan.ts';
import { routerRules } from '../../src/fabric/router-rules.ts';
import type { FabricState } from '../../src/fabric/state.ts';
import { guidOf, stateOf } from './states.ts';

const hostile = '"; flush ruleset } # $(reboot) link delete lo';

/** Two peered networks with a group and a route table, their names and ids written by `name`. */
function named(name: (plain: string) => string): FabricState {
  const subnets = { web: { securityGroup: 'group', routeTable: 'table', serviceEndpoint: true } };
  const state = stateOf({
    networks: { a: { peers: [{ to: 'b' }], subnets }, b: { addressPrefixes: ['10.1.0.0/16'], peers: [{ to: 'a' }] } },
    groups: { group: [{ priority: 100, destinationPrefixes: ['AzureKeyVault', name('no prefix!')], access: 'Deny' }] },
    tables: {
      table: [
        { name: 'one', addressPrefix: '0.0.0.0/0', nextHopType: 'VirtualAppliance', nextHopIpAddress: name('x') },
      ],
    },
  });
  return {
    ...state,
    virtualNetworks: state.virtualNetworks.map((network) => ({
      ...network,
      id: name(network.id),
      name: name(network.name),
      subnets: network.subnets.map((subnet) => ({
        ...subnet,
        id: name(subnet.id),
        name: name(subnet.name),
        securityGroup: name('group'),
        routeTable: name('table'),
      })),
      peerings: network.peerings.map((peering) => ({ ...peering, name: name(peering.name), remote: name('remote') })),
    })),
    securityGroups: state.securityGroups.map(({ id, rules, ...group }) => ({
      ...group,
      id: name(id),
      rules: rules.map((rule) => ({ ...rule, name: name(rule.name) })),
    })),
    routeTables: state.routeTables.map(({ id, routes }) => ({
      id: name(id),
      routes: routes.map((route) => ({ ...route, name: name(route.name) })),
    })),
  };
}

function scripts(state: FabricState): string {
  const workloads = [{ number: 1, incarnation: guidOf('a/web'), address: 0x0a_00_00_04 }];
  const made = plan({ state, allocation: allocate(emptyAllocation, state), workloads, hosts: [] });
  return JSON.stringify([
    made.routers.map((router) => routerRules(router)),
    internetRules(made.internet),
    [...thingsOf(made, 'abc123')],
  ]);
}

it('no name, id or string of a rule or route reaches the scripts: the same numbers give the same scripts', () => {
  const plain = scripts(named((text) => text));
  assert.equal(scripts(named((text) => `${text}${hostile}`)), plain);
  assert.match(plain, /192\.0\.2\.10/);
});

it('no control character of a name reaches a terminal', () => {
  const state = (name: string) => stateOf({ networks: { [name]: { subnets: { web: {} } } } });
  for (const name of ['red\u001b[2J', 'red\n', 'red\u009b2J', '\u007f']) {
    assert.throws(() => state(name), /"expected":"text without control characters"/, JSON.stringify(name));
  }
  assert.equal(state('größe 2').virtualNetworks[0]?.name, 'größe 2');
  assert.equal(new FabricFailed('it said \u001b]0;x\u0007\u009b').message, 'it said \\u001b]0;x\\u0007\\u009b');
});
