import type { SeenAs } from '../network-info.ts';
import { Message } from '../ui/message.tsx';
import type { Draft } from './draft.ts';
import { fromAddress } from './judge.ts';
import type { Judge, smallestFix } from './judge.ts';

/** Whether the user gets in, now and after the change, in the server's words; and the smallest change that lets the user in. */
export function YourVerdict({
  seen,
  judges: { before, after },
  fix,
  onFix,
}: {
  readonly seen: SeenAs | undefined;
  readonly judges: { readonly before: Judge; readonly after: Judge };
  readonly fix: ReturnType<typeof smallestFix>;
  readonly onFix: (draft: Draft) => void;
}) {
  if (seen === undefined) return <Message title="The vault has not said yet from where it sees you." live />;
  const request = seen.by === 'serviceEndpoint' ? undefined : fromAddress(seen.text);
  if (request === undefined) {
    return (
      <Message title={`You come over a service endpoint, as ${seen.text}.`} live>
        <p>
          The rule of your subnet decides, and no IP rule can: a vault that sees a subnet does not look at its address.
        </p>
      </Message>
    );
  }
  const [was, is] = [before.letsIn(request), after.letsIn(request)];
  const { tone, title } = titles[`${was} ${is}`](seen.text);
  return (
    <Message tone={tone} title={title} live>
      <p>{after.sentence(request)}</p>
      {!is && fix !== undefined && (
        <p>
          <button
            type="button"
            class="button"
            onClick={() => {
              onFix(fix.draft);
            }}
          >
            {fix.edits.map(({ kind }) => fixWords[kind]?.(seen.text) ?? kind).join(', ')}
          </button>
        </p>
      )}
    </Message>
  );
}

type Title = (address: string) => { readonly tone: 'good' | 'warn' | 'bad'; readonly title: string };

const titles: Readonly<Record<`${boolean} ${boolean}`, Title>> = {
  'true true': (address) => ({ tone: 'good', title: `You get in from ${address}.` }),
  'false true': (address) => ({ tone: 'good', title: `You would get in from ${address}.` }),
  'true false': (address) => ({ tone: 'bad', title: `You would lose access from ${address}.` }),
  'false false': (address) => ({ tone: 'warn', title: `You do not get in from ${address}.` }),
};

/** A user is neither a subnet nor a service, so the other kinds of edits do not concern them. */
const fixWords: Readonly<Record<string, (address: string) => string>> = {
  addIpRule: (address) => `Add ${address}`,
  denyByDefault: () => 'apply the rules',
  enablePublicAccess: () => 'enable public access by rules',
};
