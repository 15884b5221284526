import type { FunctionComponent } from 'preact';
import { useEffect, useMemo } from 'preact/hooks';
import { NotFoundPage } from '../not-found.tsx';
import { hrefOf } from '../navigation.ts';
import type { PageProps } from '../pages.tsx';
import { PortalContext, isRefusal, useLoaded, usePortal } from '../portal.ts';
import { askSeenAs } from '../seen-as.ts';
import { lazily } from '../ui/lazily.tsx';
import { Failed } from '../ui/message.tsx';
import { Empty, Heading, Loading, Tabs } from '../ui/parts.tsx';
import { groupOf, vaultApiVersion, vaultPath } from './vault.ts';
import type { Vault } from './vault.ts';
import { watched } from './watched.ts';

export interface VaultTabProps {
  readonly vault: Vault;
  /** Of the vault's resource when it was read, for `If-Match`. */
  readonly etag: string | undefined;
  /** Reads the vault again, after a change. */
  readonly reload: () => void;
  /** The segments behind the tab's. */
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
}

interface VaultTab {
  readonly at: string;
  readonly label: string;
  readonly component: FunctionComponent<VaultTabProps>;
}

const objects = () => import('../objects/objects-tab.tsx');

/** The tabs of a vault; the first is what its own address shows. */
const tabs: readonly VaultTab[] = [
  {
    at: 'networking',
    label: 'Networking',
    component: lazily(async () => (await import('../networking/networking.tsx')).Networking),
  },
  { at: 'secrets', label: 'Secrets', component: lazily(async () => (await objects()).SecretsTab) },
  { at: 'keys', label: 'Keys', component: lazily(async () => (await objects()).KeysTab) },
  { at: 'certificates', label: 'Certificates', component: lazily(async () => (await objects()).CertificatesTab) },
  {
    at: 'activity',
    label: 'Activity',
    component: lazily(async () => (await import('../activity/activity-tab.tsx')).ActivityTab),
  },
  {
    at: 'access',
    label: 'Access',
    component: lazily(async () => (await import('../access/access-tab.tsx')).AccessTab),
  },
  { at: 'logs', label: 'Logs', component: lazily(async () => (await import('../logs/logs-tab.tsx')).LogsTab) },
];

export function VaultPage({ rest, query }: PageProps) {
  const portal = usePortal();
  const { services, settings } = portal;
  const [group = '', name = '', at = tabs[0]?.at ?? '', ...others] = rest;
  const path = vaultPath(settings.subscriptionId, group, name);
  const { loaded, reload } = useLoaded((signal) => services.arm<Vault>(`${path}?${vaultApiVersion}`, { signal }), path);
  // A vault that is deleted while its page is open: whichever request finds out, the vault is read again.
  const inside = useMemo(() => ({ ...portal, services: watched(services, reload) }), [path]);
  const vaultUri = loaded.state === 'ready' ? loaded.value.value.properties.vaultUri : undefined;
  useEffect(() => {
    if (vaultUri !== undefined) void askSeenAs(vaultUri);
  }, [vaultUri]);
  const tab = tabs.find((each) => each.at === at);
  if (tab === undefined || name === '') return <NotFoundPage />;
  if (loaded.state === 'failed') {
    if (isRefusal(loaded.error, 404)) return <NoSuchVault name={name} group={group} />;
    return (
      <>
        <Heading title={name} />
        <Failed what={`The vault ${name} could not be loaded.`} error={loaded.error} again={reload} />
      </>
    );
  }
  if (loaded.state === 'loading') {
    return (
      <>
        <Heading title={name} />
        <Loading what={`the vault ${name}`} />
      </>
    );
  }
  const { value: vault, headers } = loaded.value;
  return (
    <>
      <Heading title={vault.name}>
        <span>Key vault</span>
        <span>{groupOf(vault.id)}</span>
        <span>{vault.location}</span>
        <code>{vault.properties.vaultUri}</code>
      </Heading>
      <Tabs
        label={`The vault ${vault.name}`}
        of={tabs.map((each) => ({
          label: each.label,
          href: hrefOf(['vaults', group, name, each.at]),
          current: each.at === at,
        }))}
      />
      <PortalContext.Provider value={inside}>
        <tab.component
          vault={vault}
          etag={headers.get('etag') ?? undefined}
          reload={reload}
          rest={others}
          query={query}
        />
      </PortalContext.Provider>
    </>
  );
}

function NoSuchVault({ name, group }: { readonly name: string; readonly group: string }) {
  return (
    <>
      <Heading title={name} />
      <Empty title={`There is no vault ${name} in the resource group ${group}.`}>
        <p>
          It may have been deleted: <a href={hrefOf([])}>go to the vaults</a>.
        </p>
      </Empty>
    </>
  );
}
