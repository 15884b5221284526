import { useMemo, useState } from 'preact/hooks';
import { hrefOf, navigate } from '../navigation.ts';
import { useNames } from '../principals.ts';
import { Failed, Message } from '../ui/message.tsx';
import { Empty, Loading, Time } from '../ui/parts.tsx';
import { counted, numberOf } from '../ui/words.ts';
import { emptyFeed, filterNames, filtersIn } from './feed.ts';
import type { Feed } from './feed.ts';
import { ActivityLine } from './line.tsx';
import { linesOf, pulseOf } from './lines.ts';
import { filtered } from './place.ts';
import type { ActivityPlace } from './place.ts';
import { Pulse } from './pulse.tsx';
import { useFeed } from './use-feed.ts';
import './activity.css';

/** How many lines are drawn; more do not help who looks for one. */
const linesShown = 200;

/** The last requests, as they come. `path` is of a vault's activity or of the subscription's. */
export function Activity({
  path,
  at,
  query,
  ofMany,
}: {
  readonly path: string;
  readonly at: readonly string[];
  readonly query: URLSearchParams;
  readonly ofMany: boolean;
}) {
  const filters = filtersIn(query);
  const [paused, setPaused] = useState(false);
  const { feed, error } = useFeed(path, filters, paused);
  const lines = useMemo(() => linesOf(feed.entries), [feed.entries]);
  const names = useNames(lines.map(({ latest }) => latest.caller?.objectId ?? ''));
  const place = { at, filters, names, ofMany };
  if (feed === emptyFeed && error !== undefined)
    return <Failed what="The activity could not be loaded." error={error} />;
  return (
    <div class="stack">
      <Pulse beats={pulseOf(feed.entries, feed.atMs)} sinceMs={feed.sinceMs} />
      <div class="toolbar activity-tools">
        <ResultChips place={place} />
        <FilterChips place={place} />
        <Following feed={feed} paused={paused} onPause={setPaused} />
      </div>
      {error !== undefined && <Failed what="Nothing new is shown at the moment; it is tried again." error={error} />}
      {feed.gap && <Gap />}
      {feed === emptyFeed && <Loading what="the activity" rows={6} />}
      {lines.length > 0 && (
        <ol class="list activity">
          {lines.slice(0, linesShown).map((line) => (
            <ActivityLine key={line.key} line={line} place={place} />
          ))}
        </ol>
      )}
      {feed !== emptyFeed && lines.length === 0 && <Nothing place={place} />}
      <Scope feed={feed} lines={lines.length} />
    </div>
  );
}

const results = [
  { value: '', label: 'All' },
  { value: 'allowed', label: 'Let in' },
  { value: 'denied', label: 'Denied by the firewall' },
  { value: 'refused', label: 'Without permission' },
  { value: 'failed', label: 'All that failed' },
] as const;

function ResultChips({ place }: { readonly place: ActivityPlace }) {
  return (
    <fieldset class="chips" aria-label="By result">
      {results.map(({ value, label }) => (
        <button
          key={value}
          type="button"
          class="chip"
          aria-pressed={(place.filters.result ?? '') === value}
          onClick={() => {
            navigate(filtered(place, { result: value }), { replace: true });
          }}
        >
          {label}
        </button>
      ))}
    </fieldset>
  );
}

/** The other filters, each with a way out. */
function FilterChips({ place }: { readonly place: ActivityPlace }) {
  const set = filterNames.filter((name) => name !== 'result' && place.filters[name] !== undefined);
  if (set.length === 0) return null;
  return (
    <div class="chips">
      {set.map((name) => {
        const value = place.filters[name] ?? '';
        return (
          <a
            key={name}
            class="chip chip-set"
            href={filtered(place, { [name]: '' })}
            aria-label={`Remove the filter ${name} ${value}`}
          >
            {name} <span class="mono">{place.names.get(value)?.name ?? value}</span> <span aria-hidden="true">✕</span>
          </a>
        );
      })}
    </div>
  );
}

/** Says that the list is alive, how much has come, and stops it (WCAG 2.2.2). The count is read out, never the stream. */
function Following({
  feed,
  paused,
  onPause,
}: {
  readonly feed: Feed;
  readonly paused: boolean;
  readonly onPause: (paused: boolean) => void;
}) {
  return (
    <div class="activity-follow">
      <output class="detail">{feed.fresh > 0 && `${numberOf(feed.fresh)} new`}</output>
      <button
        type="button"
        class="button"
        aria-pressed={paused}
        onClick={() => {
          onPause(!paused);
        }}
      >
        {paused ? 'Follow' : 'Pause'}
      </button>
    </div>
  );
}

function Gap() {
  return (
    <Message tone="warn" title="Requests may be missing here." live>
      <p>
        The server keeps the last ones only, and this page was away for longer, or the server has been started again.
        The audit log has all of them: <code>postern audit query</code>.
      </p>
    </Message>
  );
}

function Nothing({ place }: { readonly place: ActivityPlace }) {
  if (Object.keys(place.filters).length > 0) {
    return (
      <Empty title="No request is like that.">
        <p>
          <a href={hrefOf(place.at)}>Show all</a>
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="No request has come yet.">
      <p>It appears here as soon as it is answered. Ask for a secret:</p>
      <p>
        <code>az keyvault secret list --vault-name {place.ofMany ? 'demo' : (place.at[2] ?? 'demo')}</code>
      </p>
    </Empty>
  );
}

function Scope({ feed, lines }: { readonly feed: Feed; readonly lines: number }) {
  if (feed === emptyFeed || feed.entries.length === 0) return null;
  const more = lines > linesShown ? ` The newest ${linesShown} of ${counted(lines, 'line')} are shown.` : '';
  return (
    <p class="detail">
      {counted(feed.entries.length, 'record')} since <Time ms={feed.sinceMs} withDate />.{more}
    </p>
  );
}
