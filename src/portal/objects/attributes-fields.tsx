import { Check, Text, bound } from '../ui/fields.tsx';
import { plainAttributes } from './attributes.ts';
import type { AttributesDraft, Tag } from './attributes.ts';

interface Props {
  readonly draft: AttributesDraft;
  /** The attributes of a version that are edited. */
  readonly before?: AttributesDraft;
  /** Whether the dates are the user's to set. */
  readonly dated: boolean;
  readonly onChange: (draft: AttributesDraft) => void;
}

/** The fields of what every object has: whether it is enabled, its two dates, its tags. */
export function AttributesFields({ draft, before = plainAttributes, dated, onChange }: Props) {
  const at = bound(draft, onChange);
  // A vault keeps a date that a change does not name.
  const hint = (date: string) => `In your time; ${date === '' ? 'may be empty' : 'can be changed, not taken away'}`;
  return (
    <>
      {dated && (
        <div class="pair">
          <Text label="Activation date" hint={hint(before.activation)} type="datetime-local" at={at('activation')} />
          <Text label="Expiration date" hint={hint(before.expiry)} type="datetime-local" at={at('expiry')} />
        </div>
      )}
      <TagFields {...at('tags')} />
      <Check label="Enabled" at={at('enabled')} />
    </>
  );
}

/** Name and value of each tag, with an empty row to add one. */
function TagFields({
  value: tags,
  change,
}: {
  readonly value: readonly Tag[];
  readonly change: (tags: readonly Tag[]) => void;
}) {
  return (
    <fieldset class="tags">
      <legend class="field-label">Tags</legend>
      {[...tags, { name: '', value: '' }].map((tag, index) => (
        <div class="tag" key={index}>
          {(['name', 'value'] as const).map((member) => (
            <input
              key={member}
              aria-label={`${member === 'name' ? 'Name' : 'Value'} of tag ${index + 1}`}
              placeholder={member === 'name' ? 'Name' : 'Value'}
              value={tag[member]}
              onInput={({ currentTarget }) => {
                change([...tags.slice(0, index), { ...tag, [member]: currentTarget.value }, ...tags.slice(index + 1)]);
              }}
            />
          ))}
          <button
            type="button"
            class="quiet"
            aria-label={`Remove tag ${index + 1}`}
            disabled={index === tags.length}
            onClick={() => {
              change(tags.toSpliced(index, 1));
            }}
          >
            ✕
          </button>
        </div>
      ))}
    </fieldset>
  );
}
