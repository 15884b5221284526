import { trustedServices } from '../src/firewall/trusted-services.ts';
import { markdownTable } from './markdown-table.ts';

/** The trusted services of `docs/reference/document.md`, in the document's order. */
export function trustedServiceTable(): ReadonlyMap<string, string> {
  const rows = trustedServices.map(({ name, scenario, applicationIds, resourceTypes, permissions }) => [
    name,
    scenario,
    applicationIds
      .map((id) => `application \`${id}\``)
      .concat(resourceTypes.map((type) => `identity of \`${type}\``))
      .join(', '),
    permissions.map((permission) => `\`${permission}\``).join(', '),
  ]);
  const head = ['trusted service', 'supported usage scenarios', 'recognised by', 'trusted for'];
  return new Map([['trusted services', markdownTable(head, rows)]]);
}
