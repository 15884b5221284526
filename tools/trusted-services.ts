import { laterServices } from '../src/firewall/later-trusted-services.ts';
import { describeCaller, documentedServices } from '../src/firewall/trusted-services.ts';
import type { TrustedService } from '../src/firewall/trusted-services.ts';
import { markdownTable } from './markdown-table.ts';

/** The trusted services of `docs/reference/document.md`: the document's in its order, and Azure's later ones. */
export function trustedServiceTables(): ReadonlyMap<string, string> {
  return new Map([
    ['trusted services', tableOf(documentedServices)],
    ['later trusted services', tableOf(laterServices)],
  ]);
}

function tableOf(services: readonly TrustedService[]): string {
  const rows = services.map(({ name, scenario, callers, vaultSwitch }) => [
    name,
    scenario,
    callers.map((caller) => describeCaller(caller, (id) => `\`${id}\``)).join('; '),
    [...new Set(callers.flatMap(({ permissions }) => permissions))].map((permission) => `\`${permission}\``).join(', '),
    vaultSwitch === undefined ? 'access policy or role' : `\`${vaultSwitch}\``,
  ]);
  return markdownTable(
    ['trusted service', 'supported usage scenarios', 'recognised by', 'trusted for', 'permission by'],
    rows,
  );
}
