import { useState } from 'preact/hooks';
import { numberOf } from '../ui/words.ts';

export interface Option {
  readonly key: string;
  readonly text: string;
  readonly note?: string;
}

const most = 8;

/** One of many: what is typed leaves those whose label has it, and the first few are shown. */
export function Choice({
  label,
  options,
  chosen,
  done,
  onChoose,
}: {
  readonly label: string;
  readonly options: readonly Option[];
  readonly chosen: string | undefined;
  /** Whether these are all. */
  readonly done: boolean;
  readonly onChoose: (key: string) => void;
}) {
  const [filter, setFilter] = useState('');
  const wanted = filter.trim().toLowerCase();
  const found = options.filter(({ text }) => text.toLowerCase().includes(wanted));
  const shown = found.slice(0, most);
  return (
    <fieldset class="form choices">
      <legend class="field-label">{label}</legend>
      {options.length > most && (
        <input
          type="search"
          aria-label={`Search: ${label}`}
          placeholder="Search"
          spellcheck={false}
          value={filter}
          onInput={({ currentTarget }) => {
            setFilter(currentTarget.value);
          }}
        />
      )}
      <div>
        {shown.map(({ key, text, note }) => (
          <label class="choice" key={key}>
            <input
              type="radio"
              name={label}
              checked={key === chosen}
              onChange={() => {
                onChoose(key);
              }}
            />
            <span>
              {text} {note !== undefined && <span class="detail">{note}</span>}
            </span>
          </label>
        ))}
      </div>
      <output class="detail">
        {found.length > shown.length && `${numberOf(found.length - shown.length)} more: search. `}
        {found.length === 0 && done && (options.length === 0 ? 'There is none.' : 'None has that in its name.')}
        {!done && 'More are on their way.'}
      </output>
    </fieldset>
  );
}
