import type { ComponentChildren } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import type { Collection } from '../../types/collection.ts';
import { collections, newestFirst } from '../objects/collections.ts';
import { readIdentifier, writeIdentifier } from '../objects/identifier.ts';
import type { ObjectIdentifier } from '../objects/identifier.ts';
import { useListed } from '../objects/use-vault.ts';
import { VaultFailure } from '../objects/vault-failure.tsx';
import { usePortal } from '../portal.ts';
import { askSeenAs } from '../seen-as.ts';
import { Select, Text } from '../ui/fields.tsx';
import { Failed } from '../ui/message.tsx';
import { useVaults } from '../vaults/use-vaults.ts';
import { boundaryInWords } from '../vaults/vault.ts';
import type { Vault } from '../vaults/vault.ts';
import type { Chosen } from './blades.ts';
import { Choice } from './choice.tsx';

interface Props {
  readonly kind: Collection;
  /** Whether a version can be named; where it cannot, the reader follows the current one. */
  readonly versions: boolean;
  /** Whether the resource that is chosen for can itself use the vault. */
  readonly standing: (vault: Vault) => ComponentChildren;
  readonly onChange: (chosen: Chosen | undefined) => void;
}

/**
 * Chooses an object of a vault. The vaults come from the resource manager, from any network; the objects come from the
 * vault itself, asked by this browser, as in Azure. Where the vault refuses, an identifier can be entered by hand.
 */
export function KeyVaultPicker({ kind, versions, standing, onChange }: Props) {
  const { items, done, error, reload } = useVaults();
  const [vaultId, setVaultId] = useState<string>();
  const vault = items.find(({ id }) => id === vaultId);
  useEffect(() => {
    if (vault !== undefined) void askSeenAs(vault.properties.vaultUri);
  }, [vault?.id]);
  return (
    <div class="form">
      {error !== undefined && <Failed what="The vaults could not be loaded." error={error} again={reload} />}
      <Choice
        label="Key vault"
        options={items.map((each) => ({ key: each.id, text: each.name, note: boundaryInWords(each) }))}
        chosen={vaultId}
        done={done}
        onChoose={(id) => {
          setVaultId(id);
          onChange(undefined);
        }}
      />
      {vault !== undefined && (
        <ObjectStep
          key={vault.id}
          vault={vault}
          kind={kind}
          versions={versions}
          standing={standing}
          onChange={onChange}
        />
      )}
      <ByHand kind={kind} vaults={items} onChange={onChange} />
    </div>
  );
}

function ObjectStep({ vault, kind, versions, standing, onChange }: Props & { readonly vault: Vault }) {
  const { settings } = usePortal();
  const { rows, done, error, reload } = useListed(vault, [kind]);
  const [name, setName] = useState<string>();
  const { one } = collections[kind];
  if (error !== undefined)
    return (
      <VaultFailure
        vault={vault}
        error={error}
        what={`The ${kind} of ${vault.name} could not be loaded.`}
        needs={`${kind}/list`}
        again={reload}
      >
        {standing(vault)}
        <p>You can also enter the {one}’s identifier by hand, below.</p>
      </VaultFailure>
    );
  const choose = (chosenName: string, version: string) => {
    const { vaultUri } = vault.properties;
    const identifier = readIdentifier(
      writeIdentifier({ vaultUri, vaultName: vault.name, collection: kind, name: chosenName, version }),
      {
        vaultSuffix: settings.vaultSuffix,
        collection: kind,
      },
    );
    onChange(identifier.ok ? { identifier: identifier.value, vaultId: vault.id } : undefined);
  };
  return (
    <>
      <Choice
        label={collections[kind].title.slice(0, -1)}
        options={rows.map((row) => ({ key: row.name, text: row.name, ...(!row.enabled && { note: 'disabled' }) }))}
        chosen={name}
        done={done}
        onChoose={(chosen) => {
          setName(chosen);
          choose(chosen, '');
        }}
      />
      {versions && name !== undefined && (
        <VersionStep
          key={name}
          vault={vault}
          segments={[kind, name, 'versions']}
          onChange={(version) => {
            choose(name, version);
          }}
        />
      )}
      <div class="standing">{standing(vault)}</div>
    </>
  );
}

function VersionStep({
  vault,
  segments,
  onChange,
}: {
  readonly vault: Vault;
  readonly segments: readonly string[];
  readonly onChange: (version: string) => void;
}) {
  const { rows } = useListed(vault, segments);
  const [version, setVersion] = useState('');
  const options = newestFirst(rows).map((row) => [row.version, row.version] as const);
  return (
    <Select
      label="Version"
      options={{ '': 'Always the current version', ...Object.fromEntries(options) }}
      at={{
        value: version,
        change: (chosen) => {
          setVersion(chosen);
          onChange(chosen);
        },
      }}
    />
  );
}

/** The identifier as a string, for a user whose browser the vault does not let in. */
function ByHand({ kind, vaults, onChange }: Pick<Props, 'kind' | 'onChange'> & { readonly vaults: readonly Vault[] }) {
  const { settings } = usePortal();
  const [typed, setTyped] = useState('');
  const [fault, setFault] = useState<string>();
  const change = (text: string) => {
    setTyped(text);
    const read = readIdentifier(text, { vaultSuffix: settings.vaultSuffix, collection: kind });
    const vaultId = read.ok ? idOf(read.value, vaults) : undefined;
    const unknown = 'You can read no vault of that name.';
    setFault(text === '' ? undefined : read.ok ? (vaultId === undefined ? unknown : undefined) : read.fault);
    onChange(read.ok && vaultId !== undefined ? { identifier: read.value, vaultId } : undefined);
  };
  return (
    <details>
      <summary>Enter the identifier by hand</summary>
      <Text
        label={`Identifier of the ${collections[kind].one}`}
        placeholder={`https://NAME${settings.vaultSuffix}/${kind}/NAME`}
        error={fault}
        at={{ value: typed, change }}
      />
    </details>
  );
}

function idOf({ vaultName }: ObjectIdentifier, vaults: readonly Vault[]): string | undefined {
  return vaults.find(({ name }) => name.toLowerCase() === vaultName.toLowerCase())?.id;
}
