import { contains, formatIpv4, formatRange, givenAddresses, parseIpv4, parseRange } from '../../address/address.ts';

/** Why a workload of a subnet with this prefix cannot have the address; `undefined` if it can. */
export function whyNotGiven(addressPrefix: string, text: string): string | undefined {
  const [parsed, address] = [parseRange(addressPrefix), parseIpv4(text)];
  const outside = `The address ${text} is not one of ${addressPrefix}, which the subnet has.`;
  if (!parsed.ok || address === undefined) return outside;
  const span = { first: address, last: address };
  if (!contains(parsed.range, span)) return outside;
  const given = givenAddresses(parsed.range);
  if (contains(given, span)) return undefined;
  const reserved = `The address ${text} of ${formatRange(parsed.range)} is reserved: Azure keeps the first four of a subnet and the last.`;
  if (given.first > given.last) return `${reserved} This subnet has no other.`;
  return `${reserved} Give one from ${formatIpv4(given.first)} to ${formatIpv4(given.last)}.`;
}
