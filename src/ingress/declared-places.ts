import { createHash, timingSafeEqual } from 'node:crypto';
import type { Socket } from 'node:net';
import { parseAddress } from '../address/address.ts';
import type { Address } from '../types/address.ts';
import type { Subnet } from './attribution.ts';

/** Where a program says that it is. */
export interface DeclaredPlace extends Subnet {
  readonly address: Address;
}

export interface DeclaredCredential extends Subnet {
  /** The user name of the credential. */
  readonly id: string;
  /** SHA-256 of its token, in hex. */
  readonly tokenDigest: string;
  /** A private IPv4 address of the subnet. */
  readonly address: string;
}

interface Held {
  readonly place: DeclaredPlace;
  readonly tokenDigest: Buffer;
  readonly connections: Set<Socket>;
}

/** The places that programs declare, by the credentials that they show. */
export class DeclaredPlaces {
  readonly #held = new Map<string, Held>();

  bind({ id, tokenDigest, subnet, incarnation, address: text }: DeclaredCredential): void {
    const address = parseAddress(text);
    if (address === undefined) return;
    const place = { subnet: subnet.toLowerCase(), incarnation, address };
    this.#held.set(id, { place, tokenDigest: Buffer.from(tokenDigest, 'hex'), connections: new Set() });
  }

  /** The credential is worth nothing from now on, and its open connections end. */
  unbind(id: string): void {
    const held = this.#held.get(id);
    this.#held.delete(id);
    for (const socket of held?.connections ?? []) socket.destroy();
  }

  /** Unbinds the credentials of a subnet; returns their ids. */
  endSubnet(incarnation: string): readonly string[] {
    const ids = [...this.#held].flatMap(([id, { place }]) => (place.incarnation === incarnation ? [id] : []));
    for (const id of ids) this.unbind(id);
    return ids;
  }

  /** The place of the credential in a `Proxy-Authorization` header (RFC 7617), and its id. */
  shownBy(authorization: string): { readonly id: string; readonly place: DeclaredPlace } | undefined {
    const [, encoded = ''] = /^Basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization) ?? [];
    const [, id = '', token = ''] = /^([^:]+):(.+)$/s.exec(Buffer.from(encoded, 'base64').toString()) ?? [];
    const held = this.#held.get(id);
    if (held === undefined) return undefined;
    const digest = createHash('sha256').update(token).digest();
    return timingSafeEqual(digest, held.tokenDigest) ? { id, place: held.place } : undefined;
  }

  /** The connection ends with the credential. */
  keep(id: string, socket: Socket): void {
    const connections = this.#held.get(id)?.connections;
    connections?.add(socket);
    socket.once('close', () => connections?.delete(socket));
  }
}
