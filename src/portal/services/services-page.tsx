import { trustFor } from '../../firewall/trust.ts';
import type { TrustedService } from '../../firewall/trusted-services.ts';
import type { ActivityAnswer } from '../../types/activity.ts';
import { activityQuery } from '../activity/feed.ts';
import { everyPage } from '../every-page.ts';
import { hrefOf } from '../navigation.ts';
import { useLoaded, usePortal } from '../portal.ts';
import { Failed } from '../ui/message.tsx';
import { Card, Heading, Loading, Time } from '../ui/parts.tsx';
import { counted, numberOf } from '../ui/words.ts';
import { groupOf, vaultApiVersion } from '../vaults/vault.ts';
import type { Vault } from '../vaults/vault.ts';
import { callsByService, optsIn, waysOf } from './service.ts';
import type { Calls } from './service.ts';
import './services.css';

const entriesAsked = 1000;

/** The trusted services of this server: who they are, what they may, and what they did. */
export function ServicesPage() {
  const { services, settings } = usePortal();
  const { list, scope } = settings.rules.trustedServices;
  const trust = trustFor(list, scope);
  const at = `/subscriptions/${settings.subscriptionId}/providers`;
  const { loaded, reload } = useLoaded(async (signal) => {
    const [vaults, activity] = await Promise.all([
      everyPage<Vault>(services, `${at}/Microsoft.KeyVault/vaults?${vaultApiVersion}`, signal),
      services.arm<ActivityAnswer>(`${at}/Postern.Insight/activity?${activityQuery({}, undefined, entriesAsked)}`, {
        signal,
      }),
    ]);
    return { vaults, activity: activity.value };
  }, at);
  return (
    <>
      <Heading title="Trusted services">
        <span>
          {counted(trust.services.length, 'service')} of the {list} list
        </span>
        <span>{scope === 'scenario' ? 'trusted for their scenario only' : 'trusted for whatever they ask'}</span>
        <a href={hrefOf(['resources'])}>Choose a key or a certificate for a resource</a>
      </Heading>
      {loaded.state === 'loading' && <Loading what="the vaults" />}
      {loaded.state === 'failed' && (
        <Failed what="The vaults and their activity could not be loaded." error={loaded.error} again={reload} />
      )}
      {loaded.state === 'ready' && (
        <div class="stack">
          <OptedIn vaults={loaded.value.vaults} />
          <ServiceTable
            services={trust.services}
            calls={callsByService(trust, loaded.value.activity.value, settings.tenantId)}
          />
          <p class="detail">
            Calls are counted in the last {counted(loaded.value.activity.value.length, 'record')} of the activity, since{' '}
            <Time ms={Date.parse(loaded.value.activity.since)} withDate />.
          </p>
        </div>
      )}
    </>
  );
}

function OptedIn({ vaults }: { readonly vaults: readonly Vault[] }) {
  const [opted, others] = [vaults.filter(optsIn), vaults.filter((vault) => !optsIn(vault))];
  return (
    <Card
      title="Allow trusted Microsoft services to bypass this firewall"
      note={`${numberOf(opted.length)} of ${counted(vaults.length, 'vault')}`}
    >
      <p class="detail">
        The switch of each vault is in Networking. It opens the firewall only: a service still needs its permission.
      </p>
      <VaultLinks label="On" vaults={opted} />
      <VaultLinks label="Off" vaults={others} />
    </Card>
  );
}

const vaultsNamed = 20;

function VaultLinks({ label, vaults }: { readonly label: string; readonly vaults: readonly Vault[] }) {
  if (vaults.length === 0) return null;
  return (
    <p class="opted">
      <span class="muted">{label}</span>
      {vaults.slice(0, vaultsNamed).map((vault) => (
        <a key={vault.id} href={hrefOf(['vaults', groupOf(vault.id), vault.name, 'networking'])}>
          {vault.name}
        </a>
      ))}
      {vaults.length > vaultsNamed && <span class="muted">and {numberOf(vaults.length - vaultsNamed)} more</span>}
    </p>
  );
}

function ServiceTable({
  services,
  calls,
}: {
  readonly services: readonly TrustedService[];
  readonly calls: ReadonlyMap<string, Calls>;
}) {
  return (
    <div class="table-wrap services">
      <table>
        <thead>
          <tr>
            <th scope="col">Service, and what it is let through for</th>
            <th scope="col">Recognised by, and what it may</th>
            <th scope="col" class="number">
              Let in
            </th>
            <th scope="col" class="number">
              Refused
            </th>
          </tr>
        </thead>
        <tbody>
          {services.map((service) => (
            <ServiceRow key={service.name} service={service} calls={calls.get(service.name)} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function ServiceRow({ service, calls }: { readonly service: TrustedService; readonly calls: Calls | undefined }) {
  return (
    <tr>
      <th scope="row">
        {service.name}
        <p class="detail">{service.scenario}</p>
        {service.vaultSwitch !== undefined && (
          <p class="detail">
            Also needs the vault's switch <code>{service.vaultSwitch}</code>.
          </p>
        )}
      </th>
      <td>
        {waysOf(service).map(({ how, may }) => (
          <div key={how} class="way">
            <p>{how}</p>
            <p class="detail">{may}</p>
          </div>
        ))}
      </td>
      <td class="number">{calls === undefined ? '–' : numberOf(calls.letIn)}</td>
      <td class="number">
        {calls === undefined ? '–' : numberOf(calls.refused)}
        {calls?.why !== undefined && (
          <p class="detail refused-why">
            <a href={hrefOf(['activity'], { caller: calls.caller, result: 'failed' })}>{calls.why}</a>
          </p>
        )}
      </td>
    </tr>
  );
}
