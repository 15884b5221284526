import type { ComponentChildren } from 'preact';
import type { Permission } from '../../types/operation.ts';
import { hrefOf } from '../navigation.ts';
import { useLoaded, usePortal } from '../portal.ts';
import { useSeenAs } from '../seen-as.ts';
import { groupOf } from '../vaults/vault.ts';
import type { Vault } from '../vaults/vault.ts';
import { principalOf } from './blades.ts';
import type { Blade, Resource } from './blades.ts';
import { standingOf } from './ask-standing.ts';
import type { Standing } from './standing.ts';

interface Props {
  readonly vault: Vault;
  readonly blade: Blade;
  readonly resource: Resource;
}

/** Whether the resource itself can use the vault: it does not come from the user's address. */
export function StandingNote({ vault, blade, resource }: Props) {
  const { services } = usePortal();
  const from = useSeenAs()?.text;
  const { loaded } = useLoaded(
    async () => (from === undefined ? undefined : standingOf(services, { vault, blade, resource }, from)),
    [vault.id, resource.id, principalOf(resource), from].join(' '),
  );
  if (loaded.state === 'loading') return null;
  if (loaded.state === 'failed') return <p>Whether the {blade.noun} itself can use this vault is not known.</p>;
  if (loaded.value === undefined) return null;
  return <Said standing={loaded.value} vault={vault} blade={blade} />;
}

function Said({ vault, blade, standing }: Omit<Props, 'resource'> & { readonly standing: Standing }) {
  const { by, because, permissions } = standing;
  const { noun, needs, application } = blade;
  const tab = (at: string, text: string) => <a href={hrefOf(['vaults', groupOf(vault.id), vault.name, at])}>{text}</a>;
  return (
    <>
      <p>
        <strong>The {noun} itself does not need your address</strong>
        {by === 'trustedService' && <>: it calls as the trusted service {because}, which this vault lets in.</>}
        {by === 'everyNetwork' && ': this vault lets in every network.'}
        {by === 'nothing' && (
          <>
            , and gets into this vault only from an address or a subnet that a rule names, because {because}. See{' '}
            {tab('networking', 'Networking')}.
          </>
        )}
      </p>
      <p>
        {permissions === undefined ? (
          <>
            {application === undefined
              ? `The ${noun} has no identity yet: it gets one with the choice. It`
              : 'Azure App Service reads it with its own application, which'}{' '}
            needs {names(needs)}, from {tab('access', 'Access')}.
          </>
        ) : permissions.lacks.length === 0 ? (
          <>Its identity has {names(permissions.has)}.</>
        ) : (
          <>
            Its identity lacks {names(permissions.lacks)}
            {permissions.has.length > 0 && <>, and has {names(permissions.has)}</>}: give it that in{' '}
            {tab('access', 'Access')}.
          </>
        )}
      </p>
    </>
  );
}

function names(permissions: readonly Permission[]): ComponentChildren {
  return permissions.map((permission, index) => (
    <>
      {index > 0 && ', '}
      <code>{permission}</code>
    </>
  ));
}
