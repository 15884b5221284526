import type { Server as HttpServer } from 'node:http';
import { Ingress } from '../ingress/ingress.ts';
import { compileNat } from '../ingress/nat.ts';
import type { IngressOptions } from '../ingress/options.ts';
import { subnetKey } from '../resources/keys.ts';
import type { Rulebook } from '../rulebook/rulebook.ts';
import { limitsOfEach } from './connection-limits.ts';
import { namedCertificates } from './operator-certificates.ts';
import { serverChain } from './renewals.ts';
import type { ServerParts } from './server.ts';

type IngressParts = Pick<ServerParts, 'settings' | 'certificates' | 'azureCertificates' | 'tls' | 'now' | 'log'>;

/** Opens the ingress with the server's certificates, its NAT table and the subnets of its networks; it has no listener yet. */
export function openIngress(
  { settings, certificates, azureCertificates, tls = [], now, log }: IngressParts,
  rulebook: Rulebook,
  http: HttpServer,
): Ingress {
  const ingress: Ingress = new Ingress({
    certificates: {
      own: serverChain(certificates),
      azure: serverChain(azureCertificates),
      operator: namedCertificates(tls),
    },
    nat: compileNat(settings.nat),
    subnets: {
      ...directoryOf(() => rulebook),
      async lookUp(incarnation) {
        for (const ended of await rulebook.changed([subnetKey(incarnation)])) ingress.closeSubnet(ended);
      },
    },
    limits: limitsOfEach(settings),
    onConnection: (socket) => http.emit('connection', socket),
    log: (refused) => log.warn(refused, 'a connection was refused'),
    now,
  });
  return ingress;
}

/** The subnets that a rulebook knows. Without a rulebook none is known. */
export function directoryOf(rulebook: () => Rulebook | undefined): Omit<IngressOptions['subnets'], 'lookUp'> {
  return {
    state(incarnation) {
      const subnet = rulebook()?.subnet(incarnation);
      if (subnet === undefined) return 'gone';
      return subnet.serviceEndpoint ? 'live' : 'endpointOff';
    },
    inVnet(vnet, incarnation) {
      const subnet = rulebook()?.subnetOf(vnet, incarnation);
      return subnet === undefined ? undefined : { subnet: subnet.id, addressPrefix: subnet.addressPrefix };
    },
  };
}
