import { isLoopback } from './values.ts';
import type { NatMapping } from './values.ts';

/**
 * Shows a client on loopback as an address of TEST-NET-3 (RFC 5737), as a NAT gateway would: a loopback address can never
 * be in an IP rule.
 */
const defaultNat: readonly NatMapping[] = [
  { from: '127.0.0.0/24', to: '203.0.113.0/24' },
  { from: '::1', to: '203.0.113.1' },
];

/** Behind a proxy on this host, the default table would show the whole internet as one TEST-NET address. */
export function defaultNatFor(listen: readonly string[]): readonly NatMapping[] {
  return listen.every(isLoopback) ? defaultNat : [];
}
