import { h } from 'preact';
import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Failed } from './message.tsx';

const absent = new Error('The server does not answer.');

/** A page whose code is loaded when it is first shown, so that the first view is small. */
export function lazily<Props extends object>(load: () => Promise<FunctionComponent<Props>>): FunctionComponent<Props> {
  let known: FunctionComponent<Props> | undefined;
  let hasFailed = false;
  return function Lazily(props) {
    const [failed, setFailed] = useState(false);
    const [, setLoaded] = useState(false);
    const show = async () => {
      try {
        if (hasFailed) await startAgain();
        known = await load();
        setLoaded(true);
      } catch {
        hasFailed = true;
        setFailed(true);
      }
    };
    useEffect(() => {
      if (known === undefined) void show();
    }, []);
    if (failed) return <Failed what="This page could not be loaded." error={absent} again={() => void show()} />;
    if (known === undefined) return null;
    return h(known, props);
  };
}

/** A browser keeps a module that it could not load as failed until the whole page is loaded again. */
async function startAgain(): Promise<never> {
  await fetch('/portal/settings.json', { cache: 'no-store' });
  window.location.reload();
  return new Promise(() => undefined);
}
