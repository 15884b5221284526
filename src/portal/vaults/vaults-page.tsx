import { useEffect, useMemo } from 'preact/hooks';
import { hrefOf, navigate } from '../navigation.ts';
import type { PageProps } from '../pages.tsx';
import { Failed } from '../ui/message.tsx';
import { Empty, Heading, Loading } from '../ui/parts.tsx';
import { useRowWindow } from '../ui/window-of-rows.ts';
import { counted, numberOf } from '../ui/words.ts';
import { useDenials } from './use-denials.ts';
import { useVaults } from './use-vaults.ts';
import { boundaryInWords, boundaryOf, groupOf } from './vault.ts';
import type { Boundary, Vault } from './vault.ts';

const boundaries: Readonly<Record<Boundary, string>> = {
  open: 'Open to all networks',
  rules: 'Behind rules',
  closed: 'No public access',
};

export function VaultsPage({ query }: PageProps) {
  const { items: vaults, done, error, reload } = useVaults();
  const filter = query.get('filter') ?? '';
  const boundary = query.get('boundary') ?? '';
  const go = (next: Readonly<Record<string, string>>) => {
    navigate(hrefOf([], { filter, boundary, ...next }), { replace: true });
  };
  const shown = useMemo(() => {
    const wanted = filter.toLowerCase();
    return vaults.filter(
      (vault) =>
        (boundary === '' || boundaryOf(vault) === boundary) &&
        (vault.name.toLowerCase().includes(wanted) || groupOf(vault.id).toLowerCase().includes(wanted)),
    );
  }, [vaults, filter, boundary]);
  useOpened(query.get('open') === 'single' && done ? shown : []);
  return (
    <>
      <Heading title="Vaults">
        <span>{done ? counted(vaults.length, 'vault') : `${numberOf(vaults.length)} vaults so far`}</span>
      </Heading>
      <div class="toolbar">
        <input
          class="grow"
          type="search"
          aria-label="Filter by name or resource group"
          placeholder="Filter by name or resource group"
          spellcheck={false}
          value={filter}
          onInput={(event) => {
            go({ filter: event.currentTarget.value });
          }}
        />
        <BoundaryChips
          vaults={vaults}
          chosen={boundary}
          onChoose={(chosen) => {
            go({ boundary: chosen });
          }}
        />
      </div>
      {error !== undefined && <Failed what="The vaults could not be loaded." error={error} again={reload} />}
      {vaults.length === 0 && !done && <Loading what="the vaults" />}
      {vaults.length > 0 && <VaultTable vaults={shown} />}
      {done && error === undefined && shown.length === 0 && <NoVaults filtered={vaults.length > 0} />}
      {vaults.length > 0 && <HowToMake />}
      <output class="unseen">{done ? `${counted(shown.length, 'vault')} shown` : ''}</output>
    </>
  );
}

/** Opens a vault that is the only one. */
function useOpened(found: readonly Vault[]): void {
  const hit = found.length === 1 ? found[0] : undefined;
  useEffect(() => {
    if (hit !== undefined) navigate(hrefOf(['vaults', groupOf(hit.id), hit.name]), { replace: true });
  }, [hit]);
}

function BoundaryChips({
  vaults,
  chosen,
  onChoose,
}: {
  readonly vaults: readonly Vault[];
  readonly chosen: string;
  readonly onChoose: (boundary: string) => void;
}) {
  const counts = useMemo(() => {
    const all: Record<Boundary, number> = { open: 0, rules: 0, closed: 0 };
    for (const vault of vaults) all[boundaryOf(vault)] += 1;
    return Object.entries(all);
  }, [vaults]);
  return (
    <fieldset class="chips" aria-label="By boundary">
      {counts.map(([boundary, count]) => (
        <button
          key={boundary}
          type="button"
          class="chip"
          aria-pressed={chosen === boundary}
          onClick={() => {
            onChoose(chosen === boundary ? '' : boundary);
          }}
        >
          {labelOf(boundary)} <span class="number">{numberOf(count)}</span>
        </button>
      ))}
    </fieldset>
  );
}

function labelOf(boundary: string): string {
  return Object.entries(boundaries).find(([name]) => name === boundary)?.[1] ?? boundary;
}

const rowPx = 45;

function VaultTable({ vaults }: { readonly vaults: readonly Vault[] }) {
  const { ref, first, end, beforePx, afterPx } = useRowWindow(vaults.length, rowPx);
  const denials = useDenials();
  if (vaults.length === 0) return null;
  return (
    <div class="table-wrap rows" ref={ref}>
      <table aria-rowcount={vaults.length + 1}>
        <thead>
          <tr>
            <th scope="col">Name</th>
            <th scope="col">Lets in</th>
            <th scope="col" class="number">
              Denied, last hour
            </th>
            <th scope="col">Resource group</th>
            <th scope="col">Location</th>
          </tr>
        </thead>
        <tbody>
          {beforePx > 0 && <Gap px={beforePx} />}
          {vaults.slice(first, end).map((vault, index) => (
            <tr key={vault.id} aria-rowindex={first + index + 2}>
              <th scope="row">
                <a href={hrefOf(['vaults', groupOf(vault.id), vault.name])}>{vault.name}</a>
              </th>
              <td>
                <span class={`dot dot-${boundaryOf(vault)}`} aria-hidden="true" /> {boundaryInWords(vault)}
              </td>
              <td class="number">
                <Denials vault={vault} count={denials.get(vault.id.toLowerCase())} />
              </td>
              <td class="muted">{groupOf(vault.id)}</td>
              <td class="muted">{vault.location}</td>
            </tr>
          ))}
          {afterPx > 0 && <Gap px={afterPx} />}
        </tbody>
      </table>
    </div>
  );
}

function Denials({ vault, count }: { readonly vault: Vault; readonly count: number | undefined }) {
  if (count === undefined) return null;
  const href = hrefOf(['vaults', groupOf(vault.id), vault.name, 'activity'], { result: 'denied' });
  return (
    <a href={href} aria-label={`${counted(count, 'request')} to ${vault.name} denied: show them`}>
      {numberOf(count)}
    </a>
  );
}

/** Stands for the rows that are not drawn. */
function Gap({ px }: { readonly px: number }) {
  return (
    <tr aria-hidden="true">
      <td colSpan={5} style={{ height: `${px}px`, padding: 0, border: 0 }} />
    </tr>
  );
}

function NoVaults({ filtered }: { readonly filtered: boolean }) {
  if (filtered) {
    return (
      <Empty title="No vault is like that.">
        <p>
          <a href={hrefOf([])}>Show all vaults</a>
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="There is no vault yet.">
      <p>Make one with the Azure CLI:</p>
      <p>
        <MakeVault />
      </p>
    </Empty>
  );
}

function HowToMake() {
  return (
    <p class="detail vaults-made">
      Vaults are made with the Azure CLI: <MakeVault />
    </p>
  );
}

function MakeVault() {
  return <code>az keyvault create --name my-vault --resource-group my-group --default-action Deny</code>;
}
