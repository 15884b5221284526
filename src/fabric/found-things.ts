import { parseIpv4 } from '../address/address.ts';
import { array, number, object, optional, string } from '../shape/shape.ts';
import type { Shape } from '../shape/shape.ts';
import { address, route, ruleTo, up, wire, type NamespaceThings, type Thing } from './things.ts';

/** The commands whose output `foundThings` reads, for `ip -json -batch` in the namespace. */
export const findCommands: readonly string[] = ['address show', 'route show table all', 'rule show'];

const open = { ignoredIf: () => true } as const;

const interfaces = array(
  object(
    {
      ifname: string,
      flags: array(string),
      group: string,
      addr_info: array(object({ family: string, local: optional(string), prefixlen: number }, open)),
    },
    open,
  ),
);

const routes = array(
  object(
    {
      type: optional(string, 'unicast'),
      dst: string,
      gateway: optional(string),
      dev: optional(string),
      table: optional(string),
      protocol: optional(string),
      scope: optional(string),
      flags: optional(array(string), []),
    },
    open,
  ),
);

const rules = array(object({ priority: number, fwmark: optional(string), table: optional(string) }, open));

/**
 * The things that exist in a namespace, from what `ip` printed for `findCommands`. Of a wire between two routers only
 * the end in the router with the smaller number counts: `router` is the number of this one.
 */
export function foundThings(printed: string, router?: number): NamespaceThings {
  const [links = '[]', found = '[]', selected = '[]'] = printed.split('\n').filter((line) => line !== '');
  const seen = read(interfaces, links);
  return {
    wires: seen.flatMap(({ ifname, group }) => foundWire(ifname, group, router)),
    settings: [
      ...seen.filter(({ flags }) => flags.includes('UP')).map(({ ifname }) => up(ifname)),
      ...seen.flatMap(({ ifname, addr_info: addresses }) =>
        addresses.flatMap(({ family, local, prefixlen }) => {
          const value = family === 'inet' && prefixlen === 32 ? parseIpv4(local ?? '') : undefined;
          return value === undefined ? [] : [address(value, ifname)];
        }),
      ),
      ...read(routes, found).flatMap(foundRoute),
      ...read(rules, selected).flatMap(foundRule),
    ],
  };
}

function read<T>(shape: Shape<T>, line: string): T {
  const outcome = shape(JSON.parse(line));
  if (outcome.ok) return outcome.value;
  throw new Error(`"ip -json" printed what this version cannot read, at ${outcome.fault.path.join('.')}.`);
}

function foundWire(name: string, group: string, router = Number.POSITIVE_INFINITY): readonly Thing[] {
  const [, kind, digits] = /^([vwp])(\d+)$/.exec(name) ?? [];
  if (kind === undefined || (kind === 'p' && Number(digits) < router)) return [];
  const ends = { namespace: '', otherName: '', otherNamespace: '' };
  return [wire({ name, ...ends, group: group === 'default' ? 0 : Number(group) })];
}

function foundRoute({ type, dst, gateway, dev, ...rest }: (typeof routes extends Shape<infer T> ? T : never)[number]) {
  if (rest.protocol === 'kernel' || rest.table === 'local' || dst.includes(':')) return [];
  const table = rest.table === undefined ? undefined : Number(rest.table);
  if (type !== 'unicast') return [route(dst, type, table)];
  const onlink = rest.flags.includes('onlink') ? ' onlink' : '';
  const scope = rest.scope === undefined ? '' : ` scope ${rest.scope}`;
  const hop = gateway === undefined ? `dev ${dev ?? ''}${scope}` : `via ${gateway} dev ${dev ?? ''}${onlink}`;
  return [route(dst, hop, table)];
}

function foundRule({ priority, fwmark }: { readonly priority: number; readonly fwmark?: string }): readonly Thing[] {
  return fwmark === undefined ? [] : [ruleTo(priority, Number(fwmark))];
}
