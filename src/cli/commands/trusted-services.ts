import { trustFor } from '../../firewall/trust.ts';
import { describeCaller } from '../../firewall/trusted-services.ts';
import type { TrustedService } from '../../firewall/trusted-services.ts';
import type { Command } from '../command.ts';

export const trustedServices: Command = {
  name: 'trusted-services',
  synopsis:
    'Lists the services that a vault with the bypass AzureServices lets through its firewall: how each is recognised, and for which permissions.',
  options: {},
  required: [],
  flags: {
    json: 'as JSON: a list of { name, scenario, callers }',
    current: "Azure's list of 2026, instead of the document's",
  },
  isWithoutData: true,
  run(_options, { flags }) {
    const { services } = trustFor(flags.has('current') ? 'current' : 'documented', 'scenario');
    return Promise.resolve(
      flags.has('json') ? JSON.stringify(services, undefined, 2) : services.map(inLines).join('\n\n'),
    );
  },
};

function inLines({ name, scenario, callers, vaultSwitch }: TrustedService): string {
  return [
    name,
    `  ${scenario}`,
    ...callers.map((caller) => `  ${describeCaller(caller)}: ${caller.permissions.join(', ')}`),
    ...(vaultSwitch === undefined ? [] : [`  needs ${vaultSwitch}, and no access policy or role`]),
  ].join('\n');
}
