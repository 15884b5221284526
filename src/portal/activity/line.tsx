import { useState } from 'preact/hooks';
import type { ActivityEntry } from '../../types/activity.ts';
import { Time } from '../ui/parts.tsx';
import { counted, numberOf } from '../ui/words.ts';
import { isLetIn, reasonOf, subnetName } from './entry.ts';
import type { Outcome } from './entry.ts';
import { Fix } from './fix.tsx';
import { callerText, ladderOf } from './ladder.ts';
import type { RungState } from './ladder.ts';
import type { Line } from './lines.ts';
import { filtered } from './place.ts';
import type { ActivityPlace } from './place.ts';

const marks: Readonly<Record<Outcome, readonly [mark: string, words: string]>> = {
  done: ['✓', 'let in'],
  object: ['–', 'let in, and failed'],
  token: ['✕', 'refused: no valid token'],
  firewall: ['✕', 'denied by the firewall'],
  permission: ['✕', 'refused: no permission'],
};

interface LineProps {
  readonly line: Line;
  readonly place: ActivityPlace;
}

export function ActivityLine({ line, place }: LineProps) {
  const [open, setOpen] = useState(false);
  const { latest, outcome, count } = line;
  const [mark, words] = marks[outcome];
  return (
    <li class={isLetIn(outcome) ? 'activity-in' : 'activity-refused'}>
      <details
        onToggle={(event) => {
          setOpen(event.currentTarget.open);
        }}
      >
        <summary>
          <span class="activity-mark" title={words}>
            <span aria-hidden="true">{mark}</span>
            <span class="unseen">{words}</span>
          </span>
          <Time ms={line.lastMs} />
          <span class="activity-what">
            <Breakable name={latest.operation} />
            {place.ofMany && <span class="muted"> {latest.vault.name}</span>}
          </span>
          <span class="mono">{whence(line)}</span>
          <span class="activity-why">
            {whoIs(latest, place)}: {reasonOf(latest)}
          </span>
          <span class="number activity-count">{count > 1 && `× ${numberOf(count)}`}</span>
        </summary>
        {open && <Opened line={line} place={place} />}
      </details>
    </li>
  );
}

/** A name of several words in one, which a narrow column breaks between them: `Certificate`, `Get`. */
function Breakable({ name }: { readonly name: string }) {
  const [first, ...others] = name.split(/(?=[A-Z])/);
  return (
    <>
      {first}
      {others.map((word) => (
        <>
          <wbr />
          {word}
        </>
      ))}
    </>
  );
}

function whence({ addresses, latest }: Line): string {
  const [first, ...others] = addresses;
  if (first === undefined) return latest.source === undefined ? '' : 'unknown';
  return others.length === 0 ? first.text : counted(addresses.length, 'address', 'addresses');
}

function whoIs({ caller, source }: ActivityEntry, { names }: ActivityPlace): string {
  if (caller === undefined) return source === undefined ? 'Postern' : 'no token';
  return caller.name ?? names.get(caller.objectId)?.name ?? callerText(caller);
}

const stateWords: Readonly<Record<RungState, readonly [mark: string, words: string]>> = {
  passed: ['✓', 'passed'],
  refused: ['✕', 'refused here'],
  unreached: ['·', 'not reached'],
  skipped: ['·', 'not asked'],
};

const rungTitles = { token: 'Token', firewall: 'Firewall', permission: 'Permission', object: 'Object' };

function Opened({ line, place }: LineProps) {
  const { latest, outcome } = line;
  return (
    <div class="activity-open">
      <ol class="ladder" aria-label="How far the request came">
        {ladderOf(latest).map(({ name, state, about }) => (
          <li key={name} class={`rung rung-${state}`}>
            <span class="rung-name">
              <span aria-hidden="true">{stateWords[state][0]} </span>
              {rungTitles[name]}
              <span class="unseen"> {stateWords[state][1]}: </span>
            </span>
            <span class="detail">{name === 'token' ? whoIs(latest, place) : about}</span>
          </li>
        ))}
      </ol>
      {outcome !== 'done' && <p class="activity-message">{latest.message ?? reasonOf(latest)}</p>}
      {(outcome === 'firewall' || outcome === 'permission') && <Fix entry={latest} />}
      <Details line={line} place={place} />
    </div>
  );
}

function Details({ line, place }: LineProps) {
  const { latest, addresses, firstMs, lastMs, count } = line;
  const { caller, source, objectId, vault } = latest;
  return (
    <dl class="facts">
      {objectId !== undefined && <Fact name="Object" value={objectId} />}
      {place.ofMany && <Fact name="Vault" value={vault.name} only={filtered(place, { vault: vault.name })} />}
      {caller !== undefined && (
        <Fact name="Caller" value={idsOf(caller)} only={filtered(place, { caller: caller.objectId })} />
      )}
      {source?.kind === 'subnet' && <Fact name="Subnet" value={`${subnetName(source.subnet)} (${source.assurance})`} />}
      {addresses.slice(0, 12).map(({ text, count: times }) => (
        <Fact
          key={text}
          name="Address"
          value={addresses.length > 1 ? `${text} × ${numberOf(times)}` : text}
          only={filtered(place, { address: text })}
        />
      ))}
      <Fact name="Operation" value={latest.operation} only={filtered(place, { operation: latest.operation })} />
      <div>
        <dt>{count > 1 ? 'Times' : 'Time'}</dt>
        <dd>
          <Time ms={lastMs} withDate />
          {count > 1 && (
            <>
              , {counted(count, 'request')} since <Time ms={firstMs} />
            </>
          )}
        </dd>
      </div>
      <Fact name="Correlation id" value={latest.correlationId} />
    </dl>
  );
}

function idsOf({ objectId, applicationId, managedIdentity, usedBy, issuer }: NonNullable<ActivityEntry['caller']>) {
  return [
    objectId !== '' && `object ${objectId}`,
    applicationId !== undefined && `application ${applicationId}`,
    managedIdentity !== undefined && `identity of ${managedIdentity}`,
    usedBy !== undefined && `used by ${usedBy}`,
    issuer !== undefined && `issuer ${issuer}`,
  ]
    .filter((part) => part !== false)
    .join(', ');
}

function Fact({ name, value, only }: { readonly name: string; readonly value: string; readonly only?: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <span class="mono">{value}</span>
        {only !== undefined && (
          <>
            {' '}
            <a href={only} aria-label={`Show only this ${name.toLowerCase()}: ${value}`}>
              only this
            </a>
          </>
        )}
      </dd>
    </div>
  );
}
