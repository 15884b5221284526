import type { SeenAs } from '../network-info.ts';
import type { Boundary } from '../vaults/vault.ts';
import { boundaryIn, withAcls, withBoundary } from './draft.ts';
import { boundaryLabels, exceptionLabel } from './draft-words.ts';
import { IpRules } from './ip-rules.tsx';
import { SubnetRules } from './subnet-rules.tsx';
import type { Editing } from './use-draft.ts';
import type { Known } from './use-known.ts';

const boundaries: readonly Boundary[] = ['open', 'rules', 'closed'];

const kept: Readonly<Partial<Record<Boundary, string>>> = {
  open: 'Kept, but not applied: all networks get in.',
  closed: 'Kept, but not applied: public access is disabled.',
};

/** Everything that can be changed, in the order and the words of Azure's page. */
export function RulesForm({
  editing,
  known,
  seen,
}: {
  readonly editing: Editing;
  readonly known: Known;
  readonly seen: SeenAs | undefined;
}) {
  const { draft, edit } = editing;
  const boundary = boundaryIn(draft);
  const note = kept[boundary];
  return (
    <>
      <fieldset class="card panel">
        <legend class="card-title">Allow access from</legend>
        <div>
          {boundaries.map((each) => (
            <label key={each} class="choice">
              <input
                type="radio"
                name="boundary"
                value={each}
                checked={boundary === each}
                onChange={() => {
                  edit(withBoundary(draft, each));
                }}
              />
              {boundaryLabels[each]}
            </label>
          ))}
        </div>
      </fieldset>
      <SubnetRules editing={editing} known={known} note={note} />
      <IpRules editing={editing} states={known.states} seen={seen} note={note} />
      <fieldset class="card panel">
        <legend class="card-title">Exception</legend>
        <label class="choice">
          <input
            type="checkbox"
            checked={draft.networkAcls.bypass === 'AzureServices'}
            onChange={(event) => {
              edit(withAcls(draft, { bypass: event.currentTarget.checked ? 'AzureServices' : 'None' }));
            }}
          />
          {exceptionLabel}
        </label>
      </fieldset>
    </>
  );
}
