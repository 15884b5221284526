import { collections } from '../objects/collections.ts';
import { useAsk } from '../objects/use-vault.ts';
import { isRefusal, useLoaded } from '../portal.ts';
import { Message } from '../ui/message.tsx';
import { useVaults } from '../vaults/use-vaults.ts';
import type { Vault } from '../vaults/vault.ts';
import { usedIn } from './blades.ts';
import type { Blade, Resource, Used } from './blades.ts';
import { StandingNote } from './standing-note.tsx';

interface Props {
  readonly kept: string | undefined;
  readonly blade: Blade;
  readonly resource: Resource;
}

/** Shows the object that the resource uses; and, as long as it does, whether that exists and the resource can use it. */
export function Kept({ kept, blade, resource }: Props) {
  const { items } = useVaults();
  const { one } = collections[blade.kind];
  if (kept === undefined) return <p class="kept">No {one} of a vault is used.</p>;
  const used = usedIn(kept);
  const vault = items.find(({ name }) => name.toLowerCase() === used.vaultName.toLowerCase());
  return (
    <div class="kept stack">
      <p>
        Uses <code>{kept}</code>
      </p>
      {vault !== undefined && (
        <>
          <Missing key={kept} vault={vault} used={used} blade={blade} />
          <div class="standing">
            <StandingNote vault={vault} blade={blade} resource={resource} />
          </div>
        </>
      )}
    </div>
  );
}

/** Says that what is used does not exist. Only a vault that lets the browser in can say so. */
function Missing({
  vault,
  used,
  blade: { kind, noun },
}: { readonly vault: Vault; readonly used: Used } & Pick<Props, 'blade'>) {
  const ask = useAsk(vault);
  const { loaded } = useLoaded(
    (signal) => ask([kind, used.name, ...(used.version === '' ? [] : [used.version])], { signal }),
    [vault.id, used.name, used.version].join(' '),
  );
  if (loaded.state !== 'failed') return null;
  const { one } = collections[kind];
  if (isRefusal(loaded.error, 404))
    return (
      <Message tone="warn" live title={`${vault.name} has no such ${one}.`}>
        <p>The {noun} cannot use what does not exist: make it, or choose another.</p>
      </Message>
    );
  return <p class="detail">Whether the {one} exists is not known: the vault did not show it to your browser.</p>;
}
