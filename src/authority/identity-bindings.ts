import { headerBinding } from '../directory/bindings.ts';
import type { IdentityBinding } from '../types/supervision.ts';

/**
 * The identities that workloads were started with, by their places: what the supervisor was told and has told this process,
 * beside the bindings in the store. They are in memory only, and end with the workload.
 */
export class IdentityBindings {
  readonly #atPlace = new Map<string, { readonly id: string; readonly binding: string }>();

  /** Replaces an earlier one of the same place. */
  bind({ id, incarnation, address, identityHeader }: IdentityBinding): void {
    this.#atPlace.set(placeOf(incarnation, address), { id, binding: headerBinding(identityHeader) });
  }

  /** A binding that was replaced is not there any more. */
  unbind(id: string): void {
    for (const [place, bound] of this.#atPlace) if (bound.id === id) this.#atPlace.delete(place);
  }

  /** The binding of the identity's header (`headerBinding`), if a workload was started there with one. */
  at(incarnation: string, address: string): string | undefined {
    return this.#atPlace.get(placeOf(incarnation, address))?.binding;
  }
}

function placeOf(incarnation: string, address: string): string {
  return `${incarnation} ${address}`;
}
