import type { Socket } from 'node:net';
import { azureNames, refuse } from '../http/host.ts';
import type { HomeHost, HomeListener, HostListener, Served } from '../http/host.ts';
import type { OwnNames } from '../http/own-names.ts';
import { pathOf } from '../http/request.ts';
import type { HomeService, Service } from '../types/service.ts';

/** The hosts that a connection's listener serves: all of our own, or those of one service by Azure's names. */
export function servedBy(
  ingress: { servesOn(connection: Socket): Service | undefined },
  { sets, ofPort }: OwnNames,
): (connection: Socket) => Served {
  const all = { sets, ...(ofPort !== undefined && { ofPort }) };
  return (connection) => {
    const only = ingress.servesOn(connection);
    return only === undefined ? all : { sets: [azureNames], only };
  };
}

interface HomeEdges {
  /** The pages for people. */
  readonly site: HomeListener;
  readonly authority: HomeListener;
  readonly graph: HomeListener;
  /** Answers every path. */
  readonly resourceManager: HostListener<HomeHost>;
}

/** A host that has every service gives the resource manager what the others do not know; another host has its own alone. */
export function homeOf({ site, authority, graph, resourceManager }: HomeEdges): HostListener<HomeHost> {
  const before: Readonly<Record<HomeService | 'all', readonly HomeListener[]>> = {
    all: [site, authority, graph],
    resourceManager: [],
    authority: [authority],
    graph: [graph],
  };
  return (request, response, host) => {
    const { service = 'all' } = host;
    if (before[service].some((answers) => answers(request, response, host))) return;
    if (service === 'all' || service === 'resourceManager') {
      resourceManager(request, response, host);
      return;
    }
    const message = `There is nothing at '${pathOf(request.url ?? '').slice(0, 255)}'. This host has ${nouns[service]} only.`;
    refuse(response, { status: 404, code: 'NotFound', message });
  };
}

const nouns = { authority: 'the authority', graph: 'Microsoft Graph' } as const;
