import { numberOf } from '../ui/words.ts';
import type { Door } from './effect.ts';

const stateWords: Readonly<Record<Door['state'], string>> = {
  open: 'open',
  ajar: 'ajar',
  shut: 'shut',
  gone: 'walled up',
};

/** The three ways in, before anything is read. */
export function Doors({ doors }: { readonly doors: readonly Door[] }) {
  return (
    <ul class="doors" aria-label="Ways in">
      {doors.map(({ name, state, says, more, fewer }) => (
        <li key={name} class={`door door-${state}`}>
          <DoorPicture state={state} />
          <div>
            <h3>{name}</h3>
            <p>
              <span class="unseen">{stateWords[state]}: </span>
              {says}
            </p>
            {more + fewer > 0 && (
              <p class="door-change">
                {more > 0 && <span class="good">+{numberOf(more)}</span>}{' '}
                {fewer > 0 && <span class="bad">−{numberOf(fewer)}</span>}
              </p>
            )}
          </div>
        </li>
      ))}
    </ul>
  );
}

const arch = 'M6 34V15a8 8 0 0 1 16 0v19z';

/** A gate in a wall: the leaf is open, ajar or shut; no gate at all where nothing opens it. */
function DoorPicture({ state }: { readonly state: Door['state'] }) {
  return (
    <svg class="door-picture" viewBox="0 0 28 36" aria-hidden="true">
      <path class="door-wall" d="M1 34V4h26v30z" />
      {state !== 'gone' && <path class="door-way" d={arch} />}
      {state === 'shut' && <path class="door-leaf" d={arch} />}
      {state === 'ajar' && <path class="door-leaf" d="M6 34V15a8 8 0 0 1 5-7.4l4 3.4v23.6z" />}
      {state === 'open' && <path class="door-leaf" d="M6 34V15a8 8 0 0 1 1.6-4.8V34z" />}
    </svg>
  );
}
