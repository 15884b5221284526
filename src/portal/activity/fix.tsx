import type { ActivityEntry } from '../../types/activity.ts';
import { hrefOf } from '../navigation.ts';
import { useLoaded, usePortal } from '../portal.ts';
import { Failed } from '../ui/message.tsx';
import { groupOf, vaultApiVersion } from '../vaults/vault.ts';
import { outcomeOf } from './entry.ts';
import { explainRequest, gainsInWords } from './explain.ts';
import type { Explained } from './explain.ts';

/** The change that lets the request in, with the least that it lets in besides. */
export function Fix({ entry }: { readonly entry: ActivityEntry }) {
  if (outcomeOf(entry) === 'permission') return <Grant entry={entry} />;
  const request = explainRequest(entry);
  return request === undefined ? null : <RuleFix entry={entry} request={request} />;
}

function RuleFix({ entry, request }: { readonly entry: ActivityEntry; readonly request: object }) {
  const { services } = usePortal();
  const { id } = entry.vault;
  const { loaded, reload } = useLoaded(
    async (signal) =>
      services.arm<Explained>(`${id}/explain?${vaultApiVersion}`, { method: 'POST', body: request, signal }),
    id + JSON.stringify(request),
  );
  if (loaded.state === 'loading') return null;
  if (loaded.state === 'failed')
    return <Failed what="The smallest fix could not be asked for." error={loaded.error} again={reload} />;
  const { verdict, fixes, unnamable } = loaded.value.value;
  if (verdict.allowed) return <p class="good">The rules have changed since: it would be let in now.</p>;
  if (fixes.length === 0) return <p>{unnamable ?? 'No rule can let this request in.'}</p>;
  const address = addressToAllow(entry);
  return (
    <div class="activity-fix">
      {fixes.slice(0, fixesShown).map(({ gains, commands }, index) => (
        <div key={commands.join()}>
          <p>
            {index === 0 ? 'The smallest change that helps lets in' : 'Or one that lets in'}{' '}
            <strong>{gainsInWords(gains)}</strong>:
          </p>
          {commands.map((command) => (
            <p key={command}>
              <code>{command}</code>
            </p>
          ))}
        </div>
      ))}
      <p>
        <a class="button" href={hrefOf([...vaultSegments(entry), 'networking'], { add: address })}>
          {address === undefined ? 'Open Networking' : `Allow ${address}…`}
        </a>
      </p>
    </div>
  );
}

/** A trusted service's address may be another tomorrow, so the change that lets in the service itself is shown too. */
const fixesShown = 2;

/** A public IPv4 address is all that a draft can be made of. */
function addressToAllow({ source }: ActivityEntry): string | undefined {
  return source?.kind === 'public' && !source.address.includes(':') ? source.address : undefined;
}

function vaultSegments({ vault }: ActivityEntry): readonly string[] {
  return ['vaults', groupOf(vault.id), vault.name];
}

function Grant({ entry }: { readonly entry: ActivityEntry }) {
  const { caller } = entry;
  return (
    <p>
      <a class="button" href={hrefOf([...vaultSegments(entry), 'access'], { who: caller?.objectId })}>
        Open Access for this caller
      </a>
    </p>
  );
}
