import type { FunctionComponent } from 'preact';
import { lazily } from './ui/lazily.tsx';
import { VaultsPage } from './vaults/vaults-page.tsx';
import { VaultPage } from './vaults/vault-page.tsx';

export interface PageProps {
  /** The names of the segments behind `at`, in order. */
  readonly rest: readonly string[];
  readonly query: URLSearchParams;
}

export interface PageCard {
  /** The first segment below `/portal/`; `''` is the portal's own. */
  readonly at: string;
  readonly component: FunctionComponent<PageProps>;
  /** Its entry in the top bar; pages without one are reached from others. */
  readonly nav?: string;
}

/** Every page of the portal, in the order of the top bar. */
export const pages: readonly PageCard[] = [
  { at: '', component: VaultsPage, nav: 'Vaults' },
  { at: 'vaults', component: VaultPage },
  {
    at: 'networks',
    component: lazily(async () => (await import('./networks/networks-page.tsx')).NetworksPage),
    nav: 'Virtual networks',
  },
  {
    at: 'services',
    component: lazily(async () => (await import('./services/services-page.tsx')).ServicesPage),
    nav: 'Trusted services',
  },
  {
    at: 'activity',
    component: lazily(async () => (await import('./activity/activity-page.tsx')).ActivityPage),
    nav: 'Activity',
  },
  { at: 'resources', component: lazily(async () => (await import('./picker/resources-page.tsx')).ResourcesPage) },
  { at: 'pick', component: lazily(async () => (await import('./picker/pick-page.tsx')).PickPage) },
];
