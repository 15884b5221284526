import { h } from 'preact';
import type { FunctionComponent } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Failed } from './message.tsx';

/** A page whose code is loaded when it is first shown, so that the first view is small. */
export function lazily<Props extends object>(load: () => Promise<FunctionComponent<Props>>): FunctionComponent<Props> {
  let known: FunctionComponent<Props> | undefined;
  return function Lazily(props) {
    const [failed, setFailed] = useState<unknown>();
    const [, setLoaded] = useState(false);
    useEffect(() => {
      if (known !== undefined) return;
      const show = async () => {
        known = await load();
        setLoaded(true);
      };
      show().catch(setFailed);
    }, []);
    if (failed !== undefined) return <Failed what="This page could not be loaded." error={failed} />;
    if (known === undefined) return null;
    return h(known, props);
  };
}
