import type { ComponentChildren } from 'preact';
import type { RuleState } from '../../types/activity.ts';
import { bothSides, restored } from './both-sides.ts';
import type { Side } from './both-sides.ts';
import { noteOnRule } from './rule-words.ts';

interface RuleListProps<T> {
  readonly label: string;
  /** The rules in force, and those of the draft. */
  readonly before: readonly T[];
  readonly after: readonly T[];
  /** Said where the rules are not applied. */
  readonly note: string | undefined;
  readonly keyOf: (rule: T) => string;
  readonly nameOf: (rule: T) => string;
  readonly show: (rule: T) => ComponentChildren;
  /** The server's words on the rules in force, by key. */
  readonly states: ReadonlyMap<string, RuleState>;
  /** A way out of what the state says. */
  readonly fix?: (rule: T, state: RuleState) => ComponentChildren;
  readonly onWrite: (rules: readonly T[]) => void;
  /** A new rule was removed, and its button with it: the focus needs another place. */
  readonly onGone: () => void;
}

/** The rules of both sides in one list. One that is removed stays in sight until the change is saved. */
export function RuleList<T>(props: RuleListProps<T>) {
  const { label, before, after, note, keyOf } = props;
  const rows = bothSides(before, after, keyOf);
  if (rows.length === 0) return null;
  return (
    <>
      {note !== undefined && <p class="detail">{note}</p>}
      <ul class="rules" aria-label={label}>
        {rows.map(({ key, rule, side }) => (
          <Row key={key} {...props} rule={rule} side={side} />
        ))}
      </ul>
    </>
  );
}

function Row<T>({ rule, side, ...list }: RuleListProps<T> & { readonly rule: T; readonly side: Side }) {
  const { before, after, keyOf, nameOf, states, fix, onWrite, onGone } = list;
  const key = keyOf(rule);
  const state = states.get(key);
  const nameAt = (named: string) => {
    const other = before[Number(/\d+/.exec(named)?.[0])];
    return other === undefined ? named : nameOf(other);
  };
  const said = side === 'new' ? undefined : noteOnRule(state, nameAt);
  const verb = side === 'removed' ? 'Keep' : 'Remove';
  const press = () => {
    if (side === 'new') onGone();
    onWrite(side === 'removed' ? restored({ before, after, keyOf }, key) : after.filter((each) => keyOf(each) !== key));
  };
  return (
    <li class={`rule rule-${side}`}>
      <div class="rule-body">
        <span class="rule-name">{list.show(rule)}</span>
        {(side !== 'kept' || said !== undefined) && (
          <span class="detail">
            {side !== 'kept' && <span class="rule-change">{side}</span>}
            {said !== undefined && <span class={said.tone === 'warn' ? 'bad' : ''}>{said.text}</span>}
          </span>
        )}
        {side === 'kept' && state !== undefined && fix?.(rule, state)}
      </div>
      <button type="button" class="quiet" aria-label={`${verb} ${nameOf(rule)}`} onClick={press}>
        {verb}
      </button>
    </li>
  );
}
