import { Check, Text, bound } from '../ui/fields.tsx';
import type { AttributesDraft, Tag } from './attributes.ts';

interface Props {
  readonly draft: AttributesDraft;
  readonly onChange: (draft: AttributesDraft) => void;
}

/** The fields of what every object has: whether it is enabled, its two dates, its tags. */
export function AttributesFields({ draft, onChange }: Props) {
  const at = bound(draft, onChange);
  return (
    <>
      <div class="pair">
        <Text label="Activation date" hint="In your time; may be empty" type="datetime-local" at={at('activation')} />
        <Text label="Expiration date" hint="In your time; may be empty" type="datetime-local" at={at('expiry')} />
      </div>
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
