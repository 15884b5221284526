import { reservedRanges } from '../../firewall/validate.ts';
import type { Request } from '../../insight/fixes.ts';
import { Field } from '../ui/parts.tsx';
import { fromAddress } from './judge.ts';
import type { Judge } from './judge.ts';

/** One address, decided by the draft in the server's words. It is also the keyboard's way to what the map shows. */
export function WouldGetIn({
  text,
  onText,
  before,
  after,
}: {
  readonly text: string;
  readonly onText: (text: string) => void;
  readonly before: Judge;
  readonly after: Judge;
}) {
  const request = fromAddress(text);
  const reserved = request && reservedFor(request);
  const isAddress = request !== undefined && reserved === undefined;
  const allowed = isAddress && after.letsIn(request);
  const changes = isAddress && before.letsIn(request) !== allowed;
  return (
    <div>
      <Field label="Would this address get in?">
        <input
          value={text}
          autocomplete="off"
          spellcheck={false}
          placeholder="203.0.113.42"
          aria-describedby="would-get-in-says"
          onInput={(event) => {
            onText(event.currentTarget.value);
          }}
        />
      </Field>
      <output id="would-get-in-says" class={isAddress ? (allowed ? 'good' : 'bad') : 'field-hint'}>
        {isAddress
          ? after.sentence(request)
          : reserved === undefined
            ? text.trim() && 'Give one address, IPv4 or IPv6.'
            : notPublic(text.trim(), reserved)}
        {changes && (allowed ? ' Today it does not.' : ' Today it does.')}
      </output>
    </div>
  );
}

/** The name of the range that the address is in, where its addresses are never public. */
function reservedFor({ source }: Request): string | undefined {
  if (source.kind !== 'public' || source.address.family !== 4) return undefined;
  const { value } = source.address;
  return reservedRanges.find(({ first, last }) => first <= value && value <= last)?.name;
}

function notPublic(address: string, range: string): string {
  return `${address} is not a public address (${range}). A subnet gets in by its rule.`;
}
