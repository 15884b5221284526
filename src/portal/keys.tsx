import { useEffect, useState } from 'preact/hooks';
import { hrefOf, navigate } from './navigation.ts';
import { Dialog } from './ui/dialog.tsx';

interface Shortcut {
  readonly keys: string;
  readonly does: string;
  /** Absent where the part of the page that it is about listens itself. */
  readonly href?: string;
}

/** All keys that do something; none is needed. */
const shortcuts: readonly Shortcut[] = [
  { keys: '/', does: 'Find a vault' },
  { keys: 'g v', does: 'Go to the vaults', href: hrefOf([]) },
  { keys: 'g n', does: 'Go to the virtual networks', href: hrefOf(['networks']) },
  { keys: 'g s', does: 'Go to the trusted services', href: hrefOf(['services']) },
  { keys: 'g a', does: 'Go to the activity', href: hrefOf(['activity']) },
  { keys: 'Ctrl+S', does: 'Save the networking of a vault' },
  { keys: '?', does: 'Show these keys' },
];

/** Two keys belong together for so long. */
const togetherMs = 1500;

/** Calls `press` for each key that is pressed alone, and not as a letter of a field or in a dialog. */
export function useKey(press: (event: KeyboardEvent) => void): void {
  useEffect(() => {
    const alone = (event: KeyboardEvent) => {
      const { target } = event;
      const isTyping = target instanceof Element && target.closest('input, textarea, select, dialog') !== null;
      if (!isTyping && !event.ctrlKey && !event.metaKey && !event.altKey) press(event);
    };
    document.addEventListener('keydown', alone);
    return () => {
      document.removeEventListener('keydown', alone);
    };
  }, []);
}

/** Listens for the keys of the table that lead to a page, and for `?`, which shows the table. */
export function Keys() {
  const [shown, setShown] = useState(false);
  const [before] = useState({ key: '', atMs: -togetherMs });
  useKey(({ key, timeStamp }) => {
    const both = timeStamp - before.atMs < togetherMs ? `${before.key} ${key}` : '';
    Object.assign(before, { key, atMs: timeStamp });
    const href = shortcuts.find(({ keys }) => keys === both)?.href;
    if (href !== undefined) navigate(href);
    if (key === '?') setShown(true);
  });
  if (!shown) return null;
  return (
    <Dialog
      title="Keys"
      onClose={() => {
        setShown(false);
      }}
    >
      <dl class="keys">
        {shortcuts.map(({ keys, does }) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
    </Dialog>
  );
}
