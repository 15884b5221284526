import type { Address } from '../types/address.ts';

/** What the addresses of one place have in common: an IPv4 address, or an IPv6 network of 64 bits. */
export function siteOf(address: Address): string {
  return address.family === 4 ? address.text : networkOf64(address.text);
}

/** One site has at least 64 bits of addresses (RFC 6177 section 2), each of which could be a client's. */
function networkOf64(text: string): string {
  const [head = '', tail] = text.split('%', 1).join('').split('::');
  const groups = (part: string) => (part === '' ? [] : part.split(':'));
  const [first, last] = [groups(head), groups(tail ?? '')];
  const middle = tail === undefined ? 0 : 8 - first.length - last.length;
  return `${[...first, ...Array.from({ length: middle }, () => '0'), ...last].slice(0, 4).join(':')}::/64`;
}
