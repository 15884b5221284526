import { useEffect, useRef } from 'preact/hooks';
import { mergeDrafts } from './draft.ts';
import { stepsBetween } from './draft-words.ts';
import type { Step } from './draft-words.ts';
import type { Conflict } from './use-draft.ts';

/** The rules were changed while these were edited (412), by another user or in another tab: both changes side by side. */
export function Conflicted({
  conflict: { base, mine, theirs },
  onSettle,
}: {
  readonly conflict: Conflict;
  readonly onSettle: (keep: 'both' | 'theirs') => void;
}) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus();
  }, []);
  const { boundaryCollides } = mergeDrafts(base, mine, theirs);
  return (
    <section class="message message-warn networking-conflict" role="alert">
      <h3 ref={heading} tabIndex={-1}>
        The rules were changed meanwhile, by another user or in another tab. Nothing was saved.
      </h3>
      <div class="networking-sides">
        <Side title="The other change, in force" steps={stepsBetween(base, theirs)} />
        <Side title="Your change" steps={stepsBetween(base, mine)} />
      </div>
      {boundaryCollides && (
        <p>Both changed “Allow access from”. The other change's is taken over; choose again if yours is to hold.</p>
      )}
      <div class="buttons">
        <button
          type="button"
          class="button"
          onClick={() => {
            onSettle('both');
          }}
        >
          Put both together
        </button>
        <button
          type="button"
          class="button"
          onClick={() => {
            onSettle('theirs');
          }}
        >
          Discard mine
        </button>
      </div>
    </section>
  );
}

function Side({ title, steps }: { readonly title: string; readonly steps: readonly Step[] }) {
  return (
    <div>
      <h4>{title}</h4>
      <StepList steps={steps} />
    </div>
  );
}

function StepList({ steps }: { readonly steps: readonly Step[] }) {
  if (steps.length === 0) return <p class="muted">none of the rules</p>;
  return (
    <ul>
      {steps.map(({ sign, text }) => (
        <li key={`${sign}${text}`}>
          <span class={sign === '+' ? 'good' : sign === '−' ? 'bad' : ''}>{sign}</span> {text}
        </li>
      ))}
    </ul>
  );
}
