import { useMemo, useState } from 'preact/hooks';
import type { CompileOptions } from '../../firewall/compile.ts';
import type { Request } from '../../insight/fixes.ts';
import { Time } from '../ui/parts.tsx';
import { counted, numberOf } from '../ui/words.ts';
import type { JudgedCallers } from './callers.ts';
import { addressesIn, gainedOf } from './callers.ts';
import { ChangeList } from './change-list.tsx';
import { Doors } from './doors.tsx';
import type { Draft } from './draft.ts';
import { addressCount, doorsOf, effectOf } from './effect.ts';
import type { Effect } from './effect.ts';
import { CallerList } from './guard.tsx';
import { rangeOf } from './ip-rule.ts';
import type { Judge } from './judge.ts';
import { AddressMap } from './map.tsx';
import { readyOr } from './use-known.ts';
import type { Known } from './use-known.ts';
import { WouldGetIn } from './would-get-in.tsx';

interface EffectsProps {
  readonly isDraft: boolean;
  readonly base: Draft;
  readonly draft: Draft;
  readonly before: Judge;
  readonly after: Judge;
  readonly judged: JudgedCallers;
  readonly known: Known;
  readonly options: CompileOptions;
  readonly you: Request | undefined;
}

/** Shows exactly what the draft does to every client: in numbers, as doors, on the map, for one address, as a list. */
export function Effects({ isDraft, base, draft, before, after, judged, known, options, you }: EffectsProps) {
  const [asked, setAsked] = useState('');
  const effect = useMemo(() => effectOf(before, after), [before, after]);
  const ranges = useMemo(
    () => [base, draft].flatMap(({ networkAcls }) => networkAcls.ipRules.flatMap(({ value }) => rangeOf(value) ?? [])),
    [base, draft],
  );
  const callers = useMemo(
    () => addressesIn(known.callers.state === 'ready' ? known.callers.value.rows.map(({ source }) => source) : []),
    [known.callers],
  );
  return (
    <div class="networking-effects">
      <Counts effect={effect} isDraft={isDraft} />
      <Doors doors={doorsOf(base, draft, options.trust?.services.length ?? 0)} />
      <AddressMap
        change={effect.addresses}
        ranges={ranges}
        marks={{ you: addressOf(you), denied: readyOr(known.denied, []), callers }}
        onAsk={setAsked}
      />
      <LateCallers known={known} judged={judged} before={before} after={after} />
      <WouldGetIn text={asked} onText={setAsked} before={before} after={after} />
      <ChangeList effect={effect} />
    </div>
  );
}

function addressOf(you: Request | undefined): number | undefined {
  const source = you?.source;
  return source?.kind === 'public' && source.address.family === 4 ? source.address.value : undefined;
}

/** Without a draft no address gains or loses: how many are let in today is the only number. */
function Counts({ effect: { addresses }, isDraft }: { readonly effect: Effect; readonly isDraft: boolean }) {
  const { stay, gain, lose } = addresses;
  const counts = isDraft ? { stay, gain, lose } : { 'let in': stay };
  return (
    <section aria-label="Public IPv4 addresses">
      <h3 class="counts-title">Public IPv4 addresses</h3>
      <dl class="counts">
        {Object.entries(counts).map(([name, spans]) => (
          <div key={name} class={`count count-${name}`}>
            <dt>{name}</dt>
            <dd>{addressCount(spans)}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

type LateProps = Pick<EffectsProps, 'known' | 'judged' | 'before' | 'after'>;

function LateCallers({ known: { callers, denied }, judged, before, after }: LateProps) {
  if (callers.state === 'loading') return null;
  if (callers.state === 'failed') return <p class="detail">Who called lately could not be loaded.</p>;
  const { stay, lose, gain } = judged;
  const all = stay.length + lose.length + gain.length;
  const since = <Time ms={Date.parse(callers.value.since)} withDate />;
  const refused = gainedOf(readyOr(denied, []), { before, after });
  const gained = refused > 0 && <p>{counted(refused, 'refused address', 'refused addresses')} would get in.</p>;
  if (all === 0)
    return (
      <div>
        <p class="detail">No caller was let in since {since}.</p>
        {gained}
      </div>
    );
  return (
    <div>
      <p>
        Of {counted(all, 'caller')} since {since}: {numberOf(stay.length)} stay,{' '}
        <span class={lose.length > 0 ? 'bad' : ''}>{numberOf(lose.length)} lose</span>
        {gain.length > 0 && <>, {numberOf(gain.length)} get in again</>}.
      </p>
      {gained}
      {lose.length > 0 && <CallerList callers={lose} />}
      {callers.value.dropped > 0 && (
        <p class="detail">{counted(callers.value.dropped, 'more caller')} did not fit into the list.</p>
      )}
    </div>
  );
}
