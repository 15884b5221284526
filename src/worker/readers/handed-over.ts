import type { Ingress } from '../../ingress/ingress.ts';
import type { Service } from '../../types/service.ts';
import type { Source } from '../../types/source.ts';
import type { Readers } from './readers.ts';

/** The source of a connection: as the ingress proved it here, or the one of the reader that hands it over. */
export function sourcesOf(ingress: Ingress, readers: Readers | undefined): (connection: object) => Source {
  if (readers === undefined) return ingress.sourceOf.bind(ingress);
  return (connection) => readers.sourceOf(connection) ?? ingress.sourceOf(connection);
}

/** Likewise, the service that its listener serves. */
export function servesBy(
  ingress: Ingress,
  readers: Readers | undefined,
): { servesOn(connection: object): Service | undefined } {
  if (readers === undefined) return ingress;
  return { servesOn: (connection) => readers.servesOn(connection) ?? ingress.servesOn(connection) };
}
