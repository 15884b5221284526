/**
 * An IP address, parsed once at the edge. An IPv4 address that arrived mapped into IPv6 (`::ffff:a.b.c.d`, RFC 4291
 * section 2.5.5.2) is the IPv4 address. `value` is the IPv4 address as an unsigned 32-bit number.
 */
export type Address =
  { readonly family: 4; readonly value: number; readonly text: string } | { readonly family: 6; readonly text: string };
