import { useState } from 'preact/hooks';
import { navigate } from '../navigation.ts';
import { readIdentifier, writeIdentifier } from '../objects/identifier.ts';
import { isRefusal, useLoaded, usePortal } from '../portal.ts';
import { useAction } from '../ui/action.ts';
import { Failed } from '../ui/message.tsx';
import { Card, Heading, Loading } from '../ui/parts.tsx';
import { useVaults } from '../vaults/use-vaults.ts';
import { groupOf } from '../vaults/vault.ts';
import type { Blade, Chosen, Resource } from './blades.ts';
import { hrefOfBlade } from './blade-href.ts';
import { KeyVaultPicker } from './key-vault-picker.tsx';
import { Kept } from './kept.tsx';
import { StandingNote } from './standing-note.tsx';

interface Props {
  readonly id: string;
  readonly blade: Blade;
  /** The identifier that the picker's own page returned with. */
  readonly chosen: string | undefined;
}

/** A resource, as far as it takes an object of a vault. */
export function BladePage({ id, blade, chosen }: Props) {
  const { services } = usePortal();
  const { loaded, reload } = useLoaded(async (signal) => {
    const resource = await services.arm<Resource>(`${id}?${blade.apiVersion}`, { signal });
    const keptAt = blade.keptAt(id);
    const keeper = keptAt === id ? resource.value : await other(keptAt, signal);
    return { resource: resource.value, kept: keeper && blade.kept(keeper.properties ?? {}) };
  }, id);
  const other = async (keptAt: string, signal: AbortSignal) => {
    try {
      return (await services.arm<Resource>(`${keptAt}?${blade.apiVersion}`, { signal })).value;
    } catch (error) {
      if (isRefusal(error, 404)) return undefined;
      throw error;
    }
  };
  return (
    <>
      <Heading title={id.split('/').at(-1) ?? ''}>
        <span>{blade.noun}</span>
        <span>{groupOf(id)}</span>
      </Heading>
      {loaded.state === 'loading' && <Loading what={`the ${blade.noun}`} />}
      {loaded.state === 'failed' && (
        <Failed what={`The ${blade.noun} could not be loaded.`} error={loaded.error} again={reload} />
      )}
      {loaded.state === 'ready' && (
        <Card title={blade.title}>
          <Kept kept={loaded.value.kept} blade={blade} resource={loaded.value.resource} />
          {chosen === undefined ? (
            <Change blade={blade} resource={loaded.value.resource} onSaved={reload} />
          ) : (
            <Returned
              blade={blade}
              resource={loaded.value.resource}
              chosen={chosen}
              onSaved={() => {
                reload();
                navigate(hrefOfBlade(id), { replace: true });
              }}
            />
          )}
        </Card>
      )}
    </>
  );
}

interface SaveProps {
  readonly blade: Blade;
  readonly resource: Resource;
  readonly onSaved: () => void;
}

function Change(props: SaveProps) {
  const { blade, resource } = props;
  const [chosen, setChosen] = useState<Chosen>();
  return (
    <>
      <KeyVaultPicker
        kind={blade.kind}
        versions={blade.kind === 'keys'}
        standing={(vault) => <StandingNote vault={vault} blade={blade} resource={resource} />}
        onChange={setChosen}
      />
      <Save {...props} chosen={chosen} />
    </>
  );
}

/** The choice that was made on the picker's own page, to be saved. */
function Returned({ chosen: text, ...props }: SaveProps & { readonly chosen: string }) {
  const { settings } = usePortal();
  const { items } = useVaults();
  const read = readIdentifier(text, { vaultSuffix: settings.vaultSuffix, collection: props.blade.kind });
  const vault = items.find(({ name }) => read.ok && name === read.value.vaultName);
  return (
    <>
      <p>
        Chosen: <code>{text}</code>
      </p>
      {!read.ok && <p class="field-error">{read.fault}</p>}
      {vault !== undefined && <StandingNote vault={vault} blade={props.blade} resource={props.resource} />}
      <Save
        {...props}
        chosen={read.ok && vault !== undefined ? { identifier: read.value, vaultId: vault.id } : undefined}
      />
    </>
  );
}

function Save({ blade, resource, chosen, onSaved }: SaveProps & { readonly chosen: Chosen | undefined }) {
  const { services } = usePortal();
  const { busy, error, run } = useAction();
  const [saved, setSaved] = useState<Chosen>();
  return (
    <>
      {error !== undefined && <Failed what="It was not saved." error={error} />}
      <p class="buttons">
        <button
          type="button"
          class="button button-main"
          disabled={busy || chosen === undefined || chosen === saved}
          onClick={() => {
            if (chosen === undefined) return;
            run(async () => {
              await services.arm(`${blade.keptAt(resource.id)}?${blade.apiVersion}`, blade.change(resource, chosen));
              setSaved(chosen);
              onSaved();
            });
          }}
        >
          Save
        </button>
        <output class="detail">
          {chosen !== undefined && (chosen === saved ? 'Saved.' : writeIdentifier(chosen.identifier))}
        </output>
      </p>
    </>
  );
}
