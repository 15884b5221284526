import { networkInterfaces } from 'node:os';
import { formatIpv4, parseAddress, parseRange } from '../address/address.ts';
import type { Connection } from './connection.ts';
import { CommandFailed, WrongUsage } from './failed.ts';

/**
 * The local address from which a request is seen as coming from `seen`: the NAT table, read backwards. An address that
 * no line gives is its own, if no line takes it to another.
 * @throws {CommandFailed} when nothing is seen as coming from there
 */
export function localAddressFor(seen: string, { nat }: Connection): string {
  const address = parseAddress(seen);
  if (address === undefined) throw new WrongUsage(`--from ${seen} is not an IP address.`);
  for (const { from, to } of nat) {
    const [local, outside] = [offsetIn(to, seen), offsetIn(from, seen)];
    if (local !== undefined) return addressAt(from, local);
    if (outside !== undefined) {
      const instead = addressAt(to, outside);
      throw new CommandFailed(
        `No request is seen as coming from ${seen}: the NAT table shows the vault ${instead} instead.`,
        `Use --from ${instead}, the address that the vault sees, or --local-address ${seen}, the one to connect from.`,
      );
    }
  }
  const own = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  if (nat.length === 0 || seen.startsWith('127.') || own.some((found) => found.address === seen)) return seen;
  const seenAs = nat.map(({ to }) => to).join(', ');
  throw new CommandFailed(
    `No request is seen as coming from ${seen}: it is not an address of this machine, and the NAT table has ${seenAs} only.`,
  );
}

/** The distance of an address from the first of a range, both as written; `undefined` outside the range. */
function offsetIn(range: string, text: string): number | undefined {
  const [parsed, address] = [parseRange(range), parseAddress(text)];
  if (!parsed.ok || address?.family !== 4) return range.toLowerCase() === text.toLowerCase() ? 0 : undefined;
  const { first, last } = parsed.range;
  return first <= address.value && address.value <= last ? address.value - first : undefined;
}

function addressAt(range: string, offset: number): string {
  const parsed = parseRange(range);
  return parsed.ok ? formatIpv4(parsed.range.first + offset) : range;
}
