import { headerBinding } from '../directory/bindings.ts';
import type { IdentityBinding } from '../types/supervision.ts';

interface Bound {
  readonly id: string;
  readonly incarnation: string;
  readonly binding: string;
}

/**
 * The identities that workloads were started with, by their places: what the supervisor was told and has told this process,
 * beside the bindings in the store. They are in memory only, and end with the workload.
 */
export class IdentityBindings {
  readonly #atPlace = new Map<string, Bound>();

  /** Replaces an earlier one of the same place. */
  bind({ id, incarnation, address, identityHeader }: IdentityBinding): void {
    this.#atPlace.set(placeOf(incarnation, address), { id, incarnation, binding: headerBinding(identityHeader) });
  }

  /** A binding that was replaced is not there any more. */
  unbind(id: string): void {
    for (const [place, bound] of this.#atPlace) if (bound.id === id) this.#atPlace.delete(place);
  }

  /** Unbinds the identities of a subnet; returns the ids of the bindings. */
  endSubnet(incarnation: string): readonly string[] {
    const ids = [...this.#atPlace.values()].flatMap((bound) => (bound.incarnation === incarnation ? [bound.id] : []));
    for (const id of ids) this.unbind(id);
    return ids;
  }

  /** The binding of the identity's header (`headerBinding`), if a workload was started there with one. */
  at(incarnation: string, address: string): string | undefined {
    return this.#atPlace.get(placeOf(incarnation, address))?.binding;
  }
}

function placeOf(incarnation: string, address: string): string {
  return `${incarnation} ${address}`;
}
