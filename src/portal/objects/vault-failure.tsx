import type { ComponentChildren } from 'preact';
import { dataActionOf } from '../../access/data-actions.ts';
import type { Permission } from '../../types/operation.ts';
import { hrefOf } from '../navigation.ts';
import { RequestFailed } from '../request.ts';
import { useSeenAs } from '../seen-as.ts';
import { Failed, Message } from '../ui/message.tsx';
import { groupOf } from '../vaults/vault.ts';
import type { Vault } from '../vaults/vault.ts';
import { vaultRefusalOf } from './refusal.ts';

interface Props {
  readonly vault: Vault;
  readonly error: unknown;
  /** "The secrets could not be loaded." */
  readonly what: string;
  /** The permission that the request needs. */
  readonly needs: Permission;
  readonly again?: (() => void) | undefined;
  /** More about a refusal by the firewall. */
  readonly children?: ComponentChildren;
}

/** Shows a vault's refusal in place of what was asked: which gate refused, and the ways on; or another failure. */
export function VaultFailure(props: Props) {
  const { error, what, again } = props;
  const failure = error instanceof RequestFailed ? error.failure : undefined;
  const refusal = failure?.kind === 'refused' ? vaultRefusalOf(failure) : undefined;
  if (refusal === undefined) return <Failed what={what} error={error} {...(again !== undefined && { again })} />;
  return (
    <div role="alert">
      {refusal.gate === 'permission' ? (
        <WithoutPermission {...props} />
      ) : (
        <Outside {...props} address={refusal.gate === 'firewall' ? refusal.address : undefined} gate={refusal.gate} />
      )}
    </div>
  );
}

function Outside({
  vault,
  again,
  children,
  address,
  gate,
}: Props & { readonly address: string | undefined; readonly gate: 'firewall' | 'publicAccess' }) {
  const seen = useSeenAs();
  const stated = address ?? seen?.text;
  // No IP rule matches an address of IPv6 or of a subnet, whatever it says.
  const byRule = gate === 'firewall' && stated !== undefined && !stated.includes(':') && seen?.by !== 'serviceEndpoint';
  const networking = ['vaults', groupOf(vault.id), vault.name, 'networking'];
  return (
    <Message
      tone="bad"
      title={
        gate === 'firewall'
          ? 'Firewall is turned on and your client IP address is not authorized to access this key vault.'
          : 'Public network access is disabled, and your browser does not come over an approved private link.'
      }
    >
      {stated !== undefined && (
        <p>
          The vault sees your browser as <code>{stated}</code>
          {gate === 'firewall' && !byRule && ', which no IP rule can name: it takes the rule of a virtual network'}.
          What the vault holds is shown to allowed networks alone, its settings everywhere.
        </p>
      )}
      {children}
      <p class="buttons">
        {byRule && (
          <a class="button" href={hrefOf(networking, { add: stated })}>
            Add {stated} in Networking
          </a>
        )}
        {!byRule && (
          <a class="button" href={hrefOf(networking)}>
            Open Networking
          </a>
        )}
        <Again again={again} />
      </p>
    </Message>
  );
}

function WithoutPermission({ vault, what, needs, again }: Props) {
  const rbac = vault.properties.enableRbacAuthorization === true;
  const { name } = dataActionOf({ name: '', permission: needs });
  return (
    <Message tone="bad" title={/\/(?:get|list)$/.test(needs) ? 'You are unauthorized to view these contents.' : what}>
      <p>
        {rbac ? (
          <>
            None of your roles has the action <code>{name}</code> here.
          </>
        ) : (
          <>
            No access policy of this vault gives you <code>{needs}</code>.
          </>
        )}{' '}
        The firewall did let you in.
      </p>
      <p class="buttons">
        <a class="button" href={hrefOf(['vaults', groupOf(vault.id), vault.name, 'access'])}>
          Open Access
        </a>
        <Again again={again} />
      </p>
    </Message>
  );
}

function Again({ again }: Pick<Props, 'again'>) {
  if (again === undefined) return null;
  return (
    <button type="button" class="button" onClick={again}>
      Try again
    </button>
  );
}
